import { packHeaders, packRows, transferOf, unpackHeaders, unpackRows } from "../../../runtime/disk/packed-rows.ts";
import type { Row } from "../../../runtime/disk/protocol.ts";

function row(sequence: number, text: string, more: Partial<Row> = {}): Row {
  const packet = Uint8Array.from(Buffer.from(text));
  const header = { sequence, arrivedMs: sequence + 0.25, inputTopic: undefined, isDeadLetter: false };
  return { ...header, packet, packetBytes: packet.length, ...more };
}

/** As the other thread gets them. */
function cross(rows: readonly Row[]): Row[] {
  const packed = packRows(rows);
  return unpackRows(structuredClone(packed, { transfer: transferOf(packed) }));
}

describe("rows on their way between the threads", () => {
  test("arrive as they were, with what only some of them have", () => {
    const rows = [
      row(7, "first"),
      row(2 ** 40, "second", { inputTopic: "in/a", isDeadLetter: true }),
      row(9, "", { damage: "its checksum is wrong" }),
      row(10, "last"),
    ];

    const arrived = cross(rows.map((one) => ({ ...one })));

    expect(arrived.map(({ packet, ...header }) => ({ ...header, text: Buffer.from(packet).toString() }))).toEqual(
      rows.map(({ packet, ...header }) => ({ ...header, text: Buffer.from(packet).toString() })),
    );
    expect(arrived.map(({ damage }) => damage)).toEqual([undefined, undefined, "its checksum is wrong", undefined]);
  });

  test("one alone is handed over without a copy", () => {
    const alone = row(1, "large".repeat(1000));
    const { buffer } = alone.packet;

    const packed = packRows([alone]);

    expect(packed.packets.buffer).toBe(buffer);
    expect(Buffer.from(cross([alone])[0]!.packet).toString()).toBe("large".repeat(1000));
  });

  test("one alone in the middle of a larger buffer is copied: the rest is not this one's to hand over", () => {
    const packet = new Uint8Array(Buffer.from("before packet behind").buffer).subarray(0, 6);
    const rows = [row(1, "", { packet, packetBytes: 6 })];

    expect(packRows(rows).packets.buffer).not.toBe(packet.buffer);
  });

  test("none are none", () => {
    expect(cross([])).toEqual([]);
    expect(unpackHeaders(packHeaders([]))).toEqual([]);
  });

  test("carry no topics where none has one", () => {
    expect(packHeaders([row(1, "a"), row(2, "b")])).not.toHaveProperty("inputTopics");
  });
});
