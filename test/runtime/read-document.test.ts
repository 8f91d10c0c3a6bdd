import { writeFileSync } from "node:fs";
import path from "node:path";

import { parseRelayConfig } from "../../runtime/contract/config.ts";
import { readDocument } from "../../runtime/read-document.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";

afterAll(removeTemporaryFolders);

function written(content: string | Buffer): string {
  const file = path.join(createTemporaryFolder("document"), "relay.json");
  writeFileSync(file, content);
  return file;
}

test("reads a document as it stands", () => {
  expect(readDocument(written('\uFEFF{"é": 1}'))).toBe('\uFEFF{"é": 1}');
});

test.each([
  ["ASCII", "x"],
  ["characters of three bytes, cut within one", "€"],
  ["characters of four bytes, cut within one", "😀"],
])("reads a file of any length no further than to be refused for it: %s", (_case, character) => {
  const file = written(`"${character.repeat(3_000_000)}"`);

  const text = readDocument(file);

  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1_048_580);
  expect(() => parseRelayConfig(text, { where: "relay.json" })).toThrow(
    "relay.json has 1 problem:\n  document: is larger than 1048576 bytes, which is all that a ConfigMap can hold; spread the dataflows over several relays",
  );
});

test("refuses a file that is not UTF-8: a topic in it would become another one", () => {
  expect(() => readDocument(written(Buffer.from('{"site": "Køln"}', "latin1")))).toThrow(
    /\n {2}file: is not UTF-8, so that its topics could become other ones; save it as UTF-8$/,
  );
});

test("says why a file can't be read", () => {
  expect(() => readDocument("nosuch.json")).toThrow(/^nosuch\.json has 1 problem:\n {2}file: can't be read \(ENOENT/);
});
