import { chmodSync, chownSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import type { MqttClient } from "mqtt";

import { startMosquitto, type Mosquitto } from "../support/mosquitto.ts";
import { collect, connectMqttClient, type Collector } from "../support/mqtt-clients.ts";
import { Stopwatch, untilTrue } from "../support/patience.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../support/relay-config.ts";
import { startRelay, type RelayProcess } from "../support/relay-process.ts";
import { SmallVolume } from "../support/small-volume.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";
import type { Within } from "../support/started-process.ts";
import { faults, type Fault, type Site } from "./faults.ts";

const mebibyte = 1024 * 1024;
const volumeBytes = 40 * mebibyte;
/** Most bytes of payloads that a dataflow has on its disk. */
const backlogBytes = 4 * mebibyte;
const payloadBytes = [20, 200, 2000, 20_000] as const;
/** A fault lasts so long before anything else happens: time to notice it and to do the wrong thing. */
const faultMs = 2500;
/** How often, and after how long, another message is published where the last may be lost. */
const [maxRounds, roundMs] = [5, 4000];
/** Dataflows with a spool. */
const spooled = ["keep", "drop"] as const;

/** A user that permissions hold for, since they don't for root. */
const nobody = 65_534;
const asNobody: Within = (program, args) => [
  "setpriv",
  [`--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups", "--bounding-set=-all", program, ...args],
];

/** What came of one seed, by dataflow. */
export interface Outcome {
  readonly fault: string;
  readonly flows: Readonly<Record<string, FlowOutcome>>;
  /** The relay's warnings and errors. */
  readonly log: readonly string[];
}

interface FlowOutcome {
  readonly published: number;
  /** Numbers that did not arrive. */
  readonly missing: number;
  /** As many as the relay says were lost with the disk. */
  readonly counted: number;
  readonly loses: Fault["loses"];
  /** Whether the first arrival of each was in the order in which they were published. */
  readonly isOrdered: boolean;
}

/** A generator of numbers from 0, exclusive of 1, which gives the same for a seed each time: mulberry32. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Runs one seed: a backlog on the disk, a fault, more messages, and then the destination comes back. */
export async function runSeed(seed: number, mosquitto: string): Promise<Outcome> {
  const random = createRandom(seed);
  const fault = faults[seed % faults.length] ?? faults[0]!;
  const scene = await createScene(mosquitto, random);
  try {
    return await scene.run(fault);
  } catch (cause) {
    process.stderr.write(`seed ${seed}, ${fault.name}:\n${scene.log.join("\n")}\n`);
    throw cause;
  } finally {
    scene.volume.unmount();
  }
}

async function createScene(mosquitto: string, random: () => number): Promise<Scene> {
  const folder = createTemporaryFolder("disk");
  chmodSync(folder, 0o755);
  const settings = ["persistence true", "max_inflight_messages 0"];
  const start = (name: string) =>
    startMosquitto(mosquitto, path.join(folder, name), { listeners: { mqtt: {} }, settings });
  const [source, away, there] = await Promise.all([start("source"), start("away"), start("there")]);
  const volume = SmallVolume.mount(volumeBytes);
  chmodSync(path.dirname(volume.folder), 0o755);
  chownSync(volume.folder, nobody, nobody);
  const publisher = await connectMqttClient({ port: source.ports.mqtt });
  const arrivals = await collect("#", { port: away.ports.mqtt, isPersistent: true, clientId: "collector" });
  const direct = await collect("#", { port: there.ports.mqtt });
  return new Scene({ folder, volume, source, away, there, publisher, arrivals, direct, random });
}

interface SceneParts {
  readonly folder: string;
  readonly volume: SmallVolume;
  readonly source: Mosquitto<"mqtt">;
  /** The destination of the dataflows with a spool. */
  readonly away: Mosquitto<"mqtt">;
  /** The destination of the other one. */
  readonly there: Mosquitto<"mqtt">;
  readonly publisher: MqttClient;
  readonly arrivals: Collector;
  readonly direct: Collector;
  readonly random: () => number;
}

class Scene {
  readonly #parts: SceneParts;
  readonly #spoolFolder: string;
  readonly #published: Record<string, number> = { keep: 0, drop: 0, direct: 0 };
  #relay: RelayProcess | undefined;
  readonly #log: string[] = [];

  constructor(parts: SceneParts) {
    this.#parts = parts;
    this.#spoolFolder = path.join(parts.volume.folder, "spool");
  }

  /** The relay's warnings and errors so far. */
  get log(): readonly string[] {
    if (this.#relay !== undefined) this.#noteLog();
    return this.#log;
  }

  get volume(): SmallVolume {
    return this.#parts.volume;
  }

  async run(fault: Fault): Promise<Outcome> {
    const { away, volume, random } = this.#parts;
    const site: Site = { volume, folder: this.#spoolFolder, random };
    await this.#startRelay();
    await this.#current.untilReady();
    await away.stop();
    const bytes = payloadBytes[Math.floor(random() * payloadBytes.length)] ?? 20;
    const count = Math.min(3000, Math.floor((backlogBytes * (0.2 + 0.8 * random())) / bytes));
    await this.#publish(spooled, count, bytes);
    await this.#current.untilMetric("relay_messages_acknowledged_total", (value) => value >= 2 * count);

    if (!fault.isRunning) await this.#kill();
    fault.happen(site);
    if (!fault.isRunning) await this.#startRelay();
    const during = this.#publish(spooled, 20, bytes);
    await delay(faultMs);
    await this.#expectDirect();
    if (fault.isKilledAfter === true) {
      // What is not in the new files when the relay is killed is lost, as it has to be: that is another fault.
      if (fault.takesFiles === true) {
        const isRescued = () => this.#current.log.some(({ msg }) => msg.includes("new files"));
        await untilTrue("the spool's new files", isRescued, 40_000);
      }
      await this.#kill();
      await this.#startRelay();
    }
    if (fault.arrivesBefore !== true) fault.end?.(site);
    await during;
    await away.start();
    await this.#publish(spooled, 20, bytes);
    await this.#untilAllArrived(fault, bytes);
    if (fault.arrivesBefore === true) fault.end?.(site);
    await this.#current.untilReady();
    await this.#expectDirect();
    return await this.#judge(fault);
  }

  get #current(): RelayProcess {
    if (this.#relay === undefined) throw new Error("no relay runs");
    return this.#relay;
  }

  async #startRelay(): Promise<void> {
    const { folder, source, away, there } = this.#parts;
    const spool = { mode: "Enabled", drainMessagesPerSecond: 0, drainBytesPerSecond: 0 } as const;
    const config = buildConfig({
      endpoints: {
        source: plainEndpoint(source.ports.mqtt),
        away: plainEndpoint(away.ports.mqtt),
        there: plainEndpoint(there.ports.mqtt),
      },
      dataflows: {
        keep: buildDataflow(["source", ["keep/#"]], ["away", "${inputTopic}"], {
          relay: { undeliverableMessages: "DeadLetter", spool },
        }),
        drop: buildDataflow(["source", ["drop/#"]], ["away", "${inputTopic}"], {
          relay: { undeliverableMessages: "Discard", spool },
        }),
        direct: buildDataflow(["source", ["direct/#"]], ["there", "${inputTopic}"], {
          relay: { spool: { mode: "Disabled" } },
        }),
      },
    });
    this.#relay = await startRelay({ folder, config, spoolFolder: this.#spoolFolder, within: asNobody });
  }

  async #kill(): Promise<void> {
    await this.#current.stop("SIGKILL");
    this.#noteLog();
  }

  #noteLog(): void {
    const lines = this.#current.log.filter(({ level }) => level !== "info");
    this.#log.push(...lines.map((line) => JSON.stringify(line)));
  }

  async #publish(dataflows: readonly string[], count: number, bytes: number): Promise<void> {
    const { publisher } = this.#parts;
    const publishing: Promise<unknown>[] = [];
    for (let left = count; left > 0; left--) {
      for (const dataflow of dataflows) {
        const number = (this.#published[dataflow] = (this.#published[dataflow] ?? 0) + 1);
        publishing.push(publisher.publishAsync(`${dataflow}/a`, `${number} `.padEnd(bytes, "."), { qos: 1 }));
      }
    }
    await Promise.all(publishing);
  }

  /** The dataflow without a spool goes on whatever becomes of the disk. */
  async #expectDirect(): Promise<void> {
    await this.#publish(["direct"], 5, 20);
    await this.#parts.direct.untilCount(this.#published["direct"] ?? 0);
  }

  #numbersOf(dataflow: string): number[] {
    const { messages } = this.#parts.arrivals;
    return messages.filter(({ topic }) => topic === `${dataflow}/a`).map(({ payload }) => Number.parseInt(payload, 10));
  }

  /** Until the last message of each has arrived. Where some may be lost the last may be, and one after it has to arrive. */
  async #untilAllArrived(fault: Fault, bytes: number): Promise<void> {
    const hasArrived = () =>
      spooled.every((dataflow) => this.#numbersOf(dataflow).includes(this.#published[dataflow] ?? 0));
    for (let round = 0; fault.loses === "counted" && round < maxRounds; round++) {
      const watch = new Stopwatch();
      while (!hasArrived() && watch.elapsedMs < roundMs) await delay(50);
      if (hasArrived()) break;
      await this.#publish(spooled, 1, bytes);
    }
    await untilTrue("the last message of each dataflow", hasArrived, 40_000);
    for (const name of ["relay_spool_messages", "relay_messages_waiting", "relay_messages_in_flight"])
      await this.#current.untilMetric(name, (value) => value === 0);
  }

  async #judge(fault: Fault): Promise<Outcome> {
    const flows: Record<string, FlowOutcome> = {};
    for (const dataflow of spooled) {
      const numbers = new Set(this.#numbersOf(dataflow)); // in the order of their first arrival
      const order = [...numbers];
      const published = this.#published[dataflow] ?? 0;
      flows[dataflow] = {
        published,
        missing: published - numbers.size,
        counted: await this.#current.metric("relay_messages_lost_total", { dataflow, reason: "disk_damaged" }),
        loses: fault.loses,
        isOrdered: order.every((number, index) => index === 0 || number > (order[index - 1] ?? 0)),
      };
    }
    this.#noteLog();
    return { fault: fault.name, flows, log: this.#log };
  }
}
