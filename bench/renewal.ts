import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { cleanUp } from "../test/support/integration.ts";
import { runRenewals } from "../test/support/renewal-run.ts";

/**
 * Renews tokens, certificates and CAs under load, between the two emulated brokers on this machine, and says what was
 * lost, doubled and dropped. Exit code 1 when a bar is missed.
 *
 * Run: `node bench/renewal.ts [messages a second to the cloud] [from the cloud] [token renewals]`
 */
const [toCloud = 1000, fromCloud = 80, tokenRenewals = 20] = process.argv.slice(2).map(Number);
const folder = await mkdtemp(path.join(tmpdir(), "renewal-"));
try {
  const { log, ...result } = await runRenewals({
    folder,
    toCloud,
    fromCloud,
    tokenRenewals,
    certificateRenewals: 5,
    caChanges: 2,
    tokenLifetimeSeconds: 12,
  });
  console.log(JSON.stringify(result, undefined, 2));
  const { droppedByTokens, toCloud: up, fromCloud: down } = result;
  const isMissed =
    droppedByTokens > 0 ||
    up.lost + down.lost + up.duplicated + down.duplicated > 0 ||
    result.tokenRenewals < tokenRenewals ||
    log.includes("PRIVATE KEY");
  process.exitCode = isMissed ? 1 : 0;
} finally {
  await cleanUp();
  await rm(folder, { recursive: true, force: true });
}
