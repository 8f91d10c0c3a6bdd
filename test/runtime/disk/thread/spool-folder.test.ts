import { renameSync } from "node:fs";
import path from "node:path";

import type { WriteRequest } from "../../../../runtime/disk/protocol.ts";
import { SpoolFolder } from "../../../../runtime/disk/thread/spool-folder.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../../support/temporary-folder.ts";

afterEach(removeTemporaryFolders);

/** So many messages of 1 kB. */
function write(count: number): WriteRequest {
  const packets = Array.from({ length: count }, () => Buffer.alloc(1000, "x"));
  const rows = packets.map((packet, index) => ({
    sequence: index + 1,
    arrivedMs: 0,
    inputTopic: undefined,
    packetBytes: packet.length,
    isDeadLetter: false,
  }));
  const none = { removed: [], deadLetters: [], batch: 1, clockMs: 0 };
  return { kind: "write", queue: "up", rows, packets: Buffer.concat(packets), ...none };
}

test("what a process could not rescue of a folder that was moved, because it was killed, is counted by the next one", () => {
  const folder = path.join(createTemporaryFolder("spool"), "spool");
  const killed = new SpoolFolder(folder, ["up"], () => undefined);
  killed.open();
  killed.write([write(3000)]);
  renameSync(folder, `${folder}-elsewhere`);
  let read = 0;
  const isKilled = () => {
    read += 1;
    if (read > 2500) throw Object.assign(new Error("killed"), { code: "ENOSPC" });
    return false;
  };
  expect(() => killed.replace("the files were moved", isKilled)).toThrow("killed");
  killed.close();

  const next = new SpoolFolder(folder, ["up"], () => undefined);
  next.open();

  const { messages, loss } = next.store.queues["up"]!;
  expect(messages + (loss?.messages ?? 0)).toBe(3000);
  expect(loss?.messages).toBeGreaterThan(0);
  next.close();
});
