import { randomBytes } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";

import { unpackRows } from "../../../../runtime/disk/packed-rows.ts";
import { queueColumns, tableOf } from "../../../../runtime/disk/thread/database.ts";
import { RowReader } from "../../../../runtime/disk/thread/row-reader.ts";

const all = { maxMessages: 1000, maxBytes: 1_000_000 };
let database: DatabaseSync;
let packets: Buffer[];

beforeEach(() => {
  database = new DatabaseSync(":memory:");
  database.exec(`CREATE TABLE ${tableOf("flow")} (${queueColumns}) STRICT`);
  const insert = database.prepare(
    `INSERT INTO ${tableOf("flow")} (sequence, arrived_ms, input_topic, checksum, packet, is_dead_letter) VALUES (?, ?, ?, ?, ?, ?)`,
  );
  // Zeros, quotes, and bytes that are no UTF-8.
  packets = [
    Buffer.of(0, 0, 0),
    Buffer.from("it's\0text"),
    Buffer.of(0xff, 0xfe, 0xc0),
    randomBytes(9000),
    Buffer.of(0),
  ];
  for (const [index, packet] of packets.entries()) {
    const topic = index === 2 ? "in/ü" : null;
    insert.run(10 * (index + 1), index + 0.5, topic, crc32(packet), packet, Number(index === 3));
  }
});

afterEach(() => {
  database.close();
});

function read(after = 0, bounds = all) {
  const rows = new RowReader(database, "flow").read(after, bounds);
  return rows === undefined ? undefined : unpackRows(rows);
}

test("reads packets of any bytes as they were written, with what belongs to them", () => {
  const rows = read() ?? [];

  expect(rows.map(({ packet }) => Buffer.from(packet))).toEqual(packets);
  expect(rows.map(({ sequence }) => sequence)).toEqual([10, 20, 30, 40, 50]);
  expect(rows[2]).toMatchObject({ arrivedMs: 2.5, inputTopic: "in/ü", isDeadLetter: false, packetBytes: 3 });
  expect(rows[3]).toMatchObject({ arrivedMs: 3.5, inputTopic: undefined, isDeadLetter: true, packetBytes: 9000 });
});

test.each([
  [0, { maxMessages: 2, maxBytes: 1000 }, [10, 20]],
  [0, { maxMessages: 10, maxBytes: 19 }, [10, 20]],
  [0, { maxMessages: 10, maxBytes: 20 }, [10, 20, 30]], // the topic of the third has 5 bytes
  [0, { maxMessages: 10, maxBytes: 9014 }, [10, 20, 30]],
  [20, { maxMessages: 10, maxBytes: 100_000 }, [30, 40, 50]],
])("reads those behind %i, within %j", (after, bounds, sequences) => {
  expect(read(after, bounds)?.map(({ sequence }) => sequence)).toEqual(sequences);
});

test.each([
  ["none", 50, all],
  ["one", 40, all],
  ["one that the bound in bytes leaves", 30, { maxMessages: 10, maxBytes: 9000 }],
])("leaves %s to be read by itself", (_, after, bounds) => {
  expect(read(after, bounds)).toBeUndefined();
});

test.each([
  ["a changed byte", "UPDATE t SET packet = x'000001' WHERE sequence = 10"],
  ["a packet that is too short", "UPDATE t SET packet = x'00' WHERE sequence = 10"],
  ["a checksum that is wrong", "UPDATE t SET checksum = checksum + 1 WHERE sequence = 30"],
])("leaves rows to be read one by one where one has %s", (_, change) => {
  database.exec(change.replace(" t ", ` ${tableOf("flow")} `));

  expect(read()).toBeUndefined();
});
