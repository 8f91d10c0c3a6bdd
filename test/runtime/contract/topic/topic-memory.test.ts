import { TopicMemory } from "../../../../runtime/contract/topic/topic-memory.ts";

const mebibyte = 1_048_576;

describe("what is remembered of topics is bounded in bytes", () => {
  test.each([
    ["short topics", (index: number) => `t/${index}`],
    ["topics of 1 kB", (index: number) => `${index}`.padStart(1000, "x")],
    ["topics of characters of 3 bytes", (index: number) => `${index}`.padStart(300, "€")],
    ["topics of 60 kB, which are not remembered at all", (index: number) => `${index}`.padStart(60_000, "x")],
  ])("%s", (_case, make) => {
    const memory = new TopicMemory<string>((value) => value.length);
    let most = 0;
    for (let index = 0; index < 10_000; index++) {
      memory.remember(make(index), "y".repeat(index % 500));
      most = Math.max(most, memory.bytes);
    }

    expect(most).toBeLessThanOrEqual(mebibyte);
    expect(memory.size).toBeLessThan(mebibyte / 300);
  });

  test("what it counts is what it takes", () => {
    const heapBytes = () => {
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const memories: TopicMemory<Buffer>[] = [];
    const before = heapBytes();
    for (let number = 0; number < 20; number++) {
      const memory = new TopicMemory<Buffer>((value) => value.length);
      for (let index = 0; memory.size === index; index++) {
        memory.remember(`site/line/machine/${index}`, Buffer.allocUnsafeSlow(20));
      }
      memories.push(memory);
    }

    // Generously: nothing is collected in between.
    expect(heapBytes() - before).toBeLessThan(memories.length * mebibyte * 3);
  });
});

test("remembers as long as there is room", () => {
  const memory = new TopicMemory<number>(() => 0);
  memory.remember("a", 1);
  memory.remember("b", 2);

  expect([memory.get("a"), memory.get("b"), memory.get("c")]).toEqual([1, 2, undefined]);
});
