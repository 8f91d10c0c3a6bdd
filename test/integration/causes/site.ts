import path from "node:path";

import type { RelayConfigInput } from "../../../runtime/contract/config.ts";
import type { DataflowInput } from "../../../runtime/contract/config/dataflow.ts";
import type { EndpointInput } from "../../../runtime/contract/config/endpoint.ts";
import { startCloud, type Cloud, type CloudOptions } from "../../support/cloud.ts";
import { runCommand, type CommandEnd } from "../../support/command-process.ts";
import { startMosquitto, type Mosquitto } from "../../support/mosquitto.ts";
import { untilTrue } from "../../support/patience.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../../support/relay-config.ts";
import { startRelay, type Mounts, type RelayProcess } from "../../support/relay-process.ts";
import { createTemporaryFolder } from "../../support/temporary-folder.ts";

/** What is other than usual at a site. */
export interface SiteCase {
  readonly cloud?: CloudOptions;
  /** The endpoint of the cloud, from the one that works. */
  readonly endpoint?: (works: EndpointInput, cloud: Cloud) => EndpointInput;
  /** Dataflows beside `upward`. */
  readonly dataflows?: Readonly<Record<string, DataflowInput>>;
  /** Settings of `upward` that the relay has beyond MQTT. */
  readonly relay?: DataflowInput["relay"];
  readonly secrets?: Mounts["secrets"];
  /** Further `<host>:<port>=<address>:<port>`. */
  readonly connectTo?: readonly string[];
  /** Milliseconds that the clock of relay and commands is ahead. */
  readonly clockAheadMs?: number;
  /** Port of the plant in the configuration; omitted: the one that it has. */
  readonly plantPort?: number;
  /** Folder of the disk queue. */
  readonly spool?: string;
}

/** A relay from mosquitto, the plant, to Event Grid, emulated, the cloud; and what the commands say of it. */
export class Site {
  readonly cloud: Cloud;
  readonly #plant: Mosquitto<"mqtt">;
  readonly #folder: string;
  readonly #case: SiteCase;
  readonly #relay: RelayProcess;

  private constructor(cloud: Cloud, plant: Mosquitto<"mqtt">, folder: string, given: SiteCase, relay: RelayProcess) {
    this.cloud = cloud;
    this.#plant = plant;
    this.#folder = folder;
    this.#case = given;
    this.#relay = relay;
  }

  /** @param before is called once the cloud is there, before the relay */
  static async start(
    executable: string,
    given: SiteCase,
    before: (cloud: Cloud) => Promise<void> | void = () => undefined,
  ): Promise<Site> {
    const folder = createTemporaryFolder("causes");
    const cloud = await startCloud(given.cloud);
    await before(cloud);
    // As many messages in flight as the relay sends: mosquitto's own 20 would be a finding of its own.
    const settings = ["max_inflight_messages 100"];
    const plant = await startMosquitto(executable, path.join(folder, "plant"), { listeners: { mqtt: {} }, settings });
    const { connectTo = [], env, trust } = cloud.relayOptions(folder);
    const { secrets = {}, clockAheadMs, spool } = given;
    const relay = await startRelay({
      folder,
      config: configOf(given, cloud, plant),
      mounts: { configmaps: trust, secrets },
      connectTo: [...connectTo, ...(given.connectTo ?? [])],
      env: { ...env, ...clockOf(clockAheadMs) },
      ...(spool === undefined ? {} : { spoolFolder: spool }),
    });
    const site = new Site(cloud, plant, folder, given, relay);
    await site.#untilSettled();
    return site;
  }

  /** The relay is ready, or has said why not. */
  async #untilSettled(): Promise<void> {
    const isSettled = async () => {
      const answer = await this.#relay.readiness();
      return answer?.status === 200 || /; |spool can't/.test(answer?.text ?? "");
    };
    let end: string | undefined;
    void this.#relay.ended.then(({ code }) => (end = `the relay ended with ${String(code)}`));
    await untilTrue("a relay that is ready, or says why not", async () => {
      if (end !== undefined) throw new Error(`${end}: ${this.#relay.process.lines.join(" ")}`);
      return isSettled();
    });
  }

  /** Runs a command on the site's configuration, with its mounted files and the relay's address. */
  async run(command: "doctor" | "test", args: readonly string[]): Promise<CommandEnd> {
    const { connectTo = [], env } = this.cloud.relayOptions(this.#folder);
    const { clockAheadMs } = this.#case;
    const places = [...connectTo, ...(this.#case.connectTo ?? [])].flatMap((place) => ["--connect-to", place]);
    const files = ["--config", path.join(this.#folder, "relay.json"), "--mounts", path.join(this.#folder, "mounts")];
    const relay = command === "test" ? ["--relay", `http://127.0.0.1:${this.#relay.port}`] : [];
    return runCommand([command, ...files, ...relay, ...args, ...places], {
      env,
      ...(clockAheadMs === undefined ? {} : { clockAheadMs }),
    });
  }

  /** Client identifiers of commands that are still connected to the plant, or have a session at the cloud. */
  leftBehind(): string[] {
    const connected = new Set<string>();
    for (const line of this.#plant.log) {
      const [, came] = / as (\S+) \(/.exec(line) ?? [];
      const [, went] = /Client (\S+) (?:\[\S+\] )?disconnected/.exec(line) ?? [];
      if (came !== undefined) connected.add(came);
      if (went !== undefined) connected.delete(went);
    }
    for (const event of this.cloud.events) {
      if (event.kind === "connect") connected.add(event.clientId);
      if (event.kind === "sessionEnd") connected.delete(event.clientId);
    }
    return [...connected].filter((clientId) => /^oslo-(?:test|doctor)-/.test(clientId));
  }

  async close(): Promise<void> {
    await this.#relay.stop();
    await this.#plant.stop();
    await this.cloud.close();
  }
}

function clockOf(aheadMs: number | undefined): Readonly<Record<string, string>> {
  if (aheadMs === undefined) return {};
  const file = path.join(import.meta.dirname, "../../support/shifted-clock.js");
  return { CLOCK_AHEAD_MS: String(aheadMs), NODE_OPTIONS: `--import=${file}` };
}

function configOf(given: SiteCase, cloud: Cloud, plant: Mosquitto<"mqtt">): RelayConfigInput {
  const works = cloud.endpoint({ clientIdPrefix: "oslo-", retain: "Never" });
  const { endpoint = (same: EndpointInput) => same, dataflows = {}, relay, plantPort = plant.ports.mqtt } = given;
  return buildConfig({
    endpoints: { plant: plainEndpoint(plantPort, { clientIdPrefix: "oslo-" }), cloud: endpoint(works, cloud) },
    dataflows: {
      upward: buildDataflow(["plant", ["line/+/state"]], ["cloud", "oslo/${inputTopic.2}"], {
        relay: { spool: { mode: "Disabled" }, ...relay },
      }),
      ...dataflows,
    },
    relay: { connectTimeoutSeconds: 5 },
  });
}
