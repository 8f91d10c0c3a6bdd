import { uuidTextBytes, writeUuid } from "../../../runtime/rewrite/uuid.ts";

function write(count: number): string[] {
  const bytes = Buffer.alloc(uuidTextBytes);
  return Array.from({ length: count }, () => {
    writeUuid(bytes, 0);
    return bytes.toString("latin1");
  });
}

/** Some times as many as are made of what the system is asked for at once. */
const many = 5000;

test("each is a random UUID of version 4", () => {
  const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

  expect(write(many).filter((uuid) => !pattern.test(uuid))).toEqual([]);
});

test("none comes twice", () => {
  expect(new Set(write(many)).size).toBe(many);
});

test("every bit but those of version and variant is as often 0 as 1", () => {
  const ones = Array<number>(128).fill(0);
  for (const uuid of write(many)) {
    const bits = BigInt(`0x${uuid.replaceAll("-", "")}`)
      .toString(2)
      .padStart(128, "0");
    for (let index = 0; index < bits.length; index++) ones[index] = (ones[index] ?? 0) + Number(bits[index]);
  }
  const fixed = new Set([48, 49, 50, 51, 64, 65]);

  // Ten standard deviations: chance leaves them once in 10^22 runs.
  const isEven = (count: number) => Math.abs(count - many / 2) < 10 * Math.sqrt(many / 4);
  const uneven = [...ones.entries()].filter(([index, count]) => !fixed.has(index) && !isEven(count));

  expect(uneven).toEqual([]);
});

test("it writes its 36 bytes, and none beside them", () => {
  const bytes = Buffer.alloc(uuidTextBytes + 4, "#");

  writeUuid(bytes, 2);

  expect(bytes.toString("latin1")).toMatch(/^##[0-9a-f-]{36}##$/);
});
