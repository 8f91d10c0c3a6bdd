import { encodePublish, stampExpiry, stampPublish } from "../../../runtime/mqtt/publish.ts";
import { Slab } from "../../../runtime/mqtt/slab.ts";
import { liveBytes } from "../../support/heap.ts";
import { viewOfPublish } from "../queue/fakes.ts";

const encoded = (inputTopic?: string, slab?: Slab) => {
  const view = viewOfPublish({ properties: { messageExpiryInterval: 60 } }).scanProperties();
  return encodePublish(view, { qos: 1, retain: false, inputTopic }, slab);
};

describe("the memory of an encoded PUBLISH", () => {
  test("is that of its packet, where no topic is kept beside it", () => {
    const publish = encoded();

    expect(publish.memoryBytes).toBe(publish.length);
  });

  test.each([
    ["plain characters", "x"],
    ["characters of three bytes", "€"],
    ["characters of four bytes, which are two in a text", "😀"],
  ])("counts a topic that is kept beside it as what it takes at least: %s", (_case, character) => {
    const before = liveBytes();
    const all = Array.from({ length: 200 }, (_, index) =>
      encoded(Buffer.from(`${index}${character.repeat(10_000)}`).toString()),
    );

    const counted = all.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
    // The objects around them have their place in what a queue counts for each message.
    expect(liveBytes() - before).toBeLessThan(counted + all.length * 1000);
    expect(all).toHaveLength(200); // still there
  });
});

describe("outOfSlab", () => {
  test("gives the same packet in memory of its own, with what was stamped into it and what it came with", () => {
    const slab = new Slab();
    const publish = encoded("in/topic", slab);
    stampPublish(publish, 17, true);
    stampExpiry(publish, 12);

    const own = publish.outOfSlab();

    expect(own.bytes.buffer.byteLength).toBe(own.length);
    expect(own.packet).toEqual(publish.packet);
    const { packetIdOffset, expiryOffset, expirySeconds, inputTopic, memoryBytes } = publish;
    expect(own).toMatchObject({ packetIdOffset, expiryOffset, expirySeconds, inputTopic, memoryBytes });
    expect(own.expirySeconds).toBe(60);
  });

  test("leaves one alone that has memory of its own", () => {
    const publish = encoded();

    expect(publish.outOfSlab()).toBe(publish);
  });
});
