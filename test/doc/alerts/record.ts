import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";

import { alertRules } from "../../../doc/operate/alert-rules.ts";
import { cleanUp } from "../../support/integration.ts";
import { createRecording, parseExposition, type Scrape } from "./recording.ts";
import { recordingFile, scenes, type Scene } from "./scenes.ts";

/*
 * npm run alerts:record [-- NAME…]
 *
 * Runs relays into the faults of scenes.ts and records those of their metrics that the alert rules read, for
 * test/doc/alerts.test.ts. 24 minutes for all, since they run at the same time. Renew a recording when its scene, a rule's
 * metrics or their names change.
 */

const names = new Set(alertRules.flatMap(({ expr }) => expr.match(/relay_[a-z_]+/g) ?? []));

async function record(scene: Scene): Promise<void> {
  const stage = await scene.start();
  const scrapes: Scrape[] = [];
  const startMs = Date.now();
  const acts = [...stage.acts];
  for (let index = 0; index * scene.intervalSeconds < scene.seconds; index++) {
    const atSeconds = index * scene.intervalSeconds;
    await delay(Math.max(0, startMs + atSeconds * 1000 - Date.now()));
    while ((acts[0]?.[0] ?? Infinity) <= atSeconds) {
      // Not waited for: a relay that restarts is away for some values.
      Promise.resolve(acts.shift()?.[1]()).catch((cause: unknown) => {
        process.stderr.write(`${scene.name}: ${String(cause)}\n`);
      });
    }
    scrapes.push(await scrape(stage.relay.port));
  }
  const { intervalSeconds, stretch } = scene;
  const recording = createRecording(scene.name, scrapes, { startSeconds: startMs / 1000, intervalSeconds, stretch });
  mkdirSync(path.dirname(recordingFile(scene.name)), { recursive: true });
  writeFileSync(recordingFile(scene.name), `${JSON.stringify(recording, undefined, 2)}\n`);
  process.stdout.write(`${scene.name}: ${scrapes.length} values of ${Object.keys(recording.series).length} series\n`);
}

async function scrape(port: number): Promise<Scrape> {
  const signal = AbortSignal.timeout(5000);
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { signal }).catch(() => undefined);
  return answer === undefined ? undefined : parseExposition(await answer.text(), names);
}

const { positionals } = parseArgs({ allowPositionals: true });
const wanted = scenes.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
try {
  await Promise.all(wanted.map(record));
} finally {
  await cleanUp();
}
process.exit(0);
