import path from "node:path";

import { findFreePort } from "../support/free-port.ts";
import { findPages, readPage, type Block } from "../support/pages/page.ts";
import { createReader, isRun, outputPattern, type Reader } from "../support/pages/run-page.ts";
import { describeWithParts } from "../support/real-parts.ts";
import { stopProcesses } from "../support/started-process.ts";
import { removeTemporaryFolders } from "../support/temporary-folder.ts";

/** Pages that need Pulumi as well are those of test/engine/pages.test.ts. */
const pages = findPages()
  .map(readPage)
  .filter((page) => isRun(page) && !page.needsPulumi);

/** Calls of `mqtt-dataflow` that use its default ports, with free ones: another test may have a relay at those. */
async function withoutDefaultPorts(): Promise<Record<string, string>> {
  const [port, pagePort] = [await findFreePort(), await findFreePort()];
  return {
    "mqtt-dataflow -- run ": `mqtt-dataflow -- run --metrics-port ${port} --page-port ${pagePort} `,
    "mqtt-dataflow -- status": `mqtt-dataflow -- status --port ${pagePort}`,
    "mqtt-dataflow -- test ": `mqtt-dataflow -- test --relay http://127.0.0.1:${port} `,
  };
}

describeWithParts(["mosquitto", "mosquitto_pub", "mosquitto_sub"], ([mosquitto]) => {
  describe.each(pages.map((page) => [page.file, page] as const))("%s, as its reader follows it", (_, page) => {
    let reader: Reader;

    beforeAll(async () => {
      const PATH = [process.env.PATH ?? "", path.dirname(mosquitto)].join(path.delimiter);
      reader = await createReader(page, { env: { PATH }, replacements: await withoutDefaultPorts() });
    });

    afterAll(async () => {
      await stopProcesses();
      removeTemporaryFolders();
    });

    const steps = page.blocks.map((block): [string, Block] => [
      `${block.where}: ${block.text.split("\n")[0] ?? ""}`,
      block,
    ]);

    test.each(steps)("%s", async (_, block) => {
      await expect(reader.follow(block)).resolves.toBeUndefined();
    });
  });
});

test.each([
  ["a\nb", "a\nb", true],
  ["a\nb", "x a x\nother\nb", true],
  ["a\nb", "b\na", false],
  ["took … ms", "took 17 ms", true],
  ["one  two", "one two", true],
  ["a.c", "abc", false],
])("the output %j of a page is found in %j: %p", (shown, printed, isFound) => {
  expect(outputPattern(shown).test(printed)).toBe(isFound);
});
