import { writeFileSync } from "node:fs";
import path from "node:path";

import { cleanUp } from "../support/integration.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../support/relay-config.ts";
import { startRelay } from "../support/relay-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

afterEach(cleanUp);

test("when something keeps a relay from ending that has closed everything, it says what, and ends with its exit code", async () => {
  const folder = createTemporaryFolder("end");
  const kept = path.join(folder, "kept.mjs");
  writeFileSync(kept, "setInterval(() => undefined, 1000);");
  const relay = await startRelay({
    folder,
    config: buildConfig({
      endpoints: { edge: plainEndpoint(9), plant: plainEndpoint(9) },
      dataflows: { upward: buildDataflow(["edge", ["a/#"]], ["plant", "b/${inputTopic}"]) },
    }),
    env: { NODE_OPTIONS: `--import=${kept}` },
  });
  await relay.untilLog(({ event }) => event === "port-open");

  const end = await relay.stop("SIGTERM");

  expect(relay.log.find(({ event }) => event === "end-delayed")?.["resources"]).toContain("Timeout");
  expect(end).toEqual({ code: 0, signal: null });
});
