import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

import * as pulumi from "@pulumi/pulumi";

import { MqttBridge } from "../components/index.ts";
import type { MqttBridgeArgs } from "../components/index.ts";
import { deploy } from "../test/components/mocks.ts";
import { createByHand } from "./preview/by-hand.ts";

/*
 * What the components cost in a preview: many sites in one stack, against the very same resources created one by one
 * without components. Both run against Pulumi's mocks in processes of their own, so that neither the engine nor a
 * provider is in the figures: time and memory of the program alone.
 */
const dataflowsPerSite = 4;

/** What one process needed. */
interface Figures {
  readonly resources: number;
  readonly milliseconds: number;
  readonly cpuMilliseconds: number;
  readonly maxResidentMebibytes: number;
}

interface Resource {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
}

/** One of many sites: telemetry, alarms and state to the cloud, commands from it. */
function site(name: string): MqttBridgeArgs {
  const up = (topic: string) => ({
    source: "edge",
    dataSources: [`plant/+/${topic}/#`],
    destination: "cloud",
    dataDestination: `sites/${name}/\${inputTopic}`,
  });
  return {
    site: name,
    eventGrid: {
      resourceGroupName: "rg",
      maximumClientSessionsPerAuthenticationName: 5,
      topicSpaces: {
        plant: { topicTemplates: [`sites/${name}/plant/#`] },
        commands: { topicTemplates: [`sites/${name}/commands/+/+`] },
      },
    },
    localEndpoints: { edge: {} },
    eventGridEndpoints: { cloud: { retain: "Never" } },
    dataflows: {
      telemetry: up("telemetry"),
      alarms: up("alarms"),
      state: up("state"),
      commands: {
        source: "cloud",
        dataSources: [`sites/${name}/commands/+/+`],
        destination: "edge",
        dataDestination: "plant/${inputTopic.4}/commands/${inputTopic.5}",
      },
    },
    identity: {
      clientId: "00000000-0000-0000-0000-0000000000c1",
      tenantId: "00000000-0000-0000-0000-0000000000e1",
      principalId: "00000000-0000-0000-0000-0000000000a1",
    },
    relay: { image: "mqtt-dataflow-relay:0.1.0" },
  };
}

/** Runs a program in this process and tells what it needed; what it registered goes to a file. */
async function measure(program: () => void, record: string | undefined): Promise<Figures> {
  // The SDKs load a class when it is first used, on either side: one site of each kind comes before the clock starts.
  await deploy(() => new MqttBridge("warm-up", site("warm-up")), { preview: true });
  const startCpu = process.cpuUsage();
  const startMs = performance.now();
  const { resources } = await deploy(program, { preview: true });
  const milliseconds = performance.now() - startMs;
  const { user, system } = process.cpuUsage(startCpu);
  if (record !== undefined) writeFileSync(record, JSON.stringify(resources));
  return {
    resources: resources.length,
    milliseconds,
    cpuMilliseconds: (user + system) / 1000,
    maxResidentMebibytes: process.resourceUsage().maxRSS / 1024,
  };
}

function createSites(count: number): void {
  for (let number = 0; number < count; number += 1) new MqttBridge(`site-${number}`, site(`site-${number}`));
}

/** Any resource, without a class of its own. */
class PlainResource extends pulumi.CustomResource {}

function createAllByHand(count: number, file: string): void {
  const resources = JSON.parse(readFileSync(file, "utf8")) as Resource[];
  const byName = new Map(resources.map(({ name, inputs }) => [name, inputs]));
  for (let number = 0; number < count; number += 1) createByHand(`site-${number}`, byName);
}

function createPlain(file: string): void {
  const resources = JSON.parse(readFileSync(file, "utf8")) as Resource[];
  for (const { type, name, inputs } of resources) new PlainResource(type, name, inputs);
}

/** Runs one side in a process of its own. */
function run(side: "components" | "plain", sites: number, file: string): Figures {
  const args = [import.meta.filename, "--side", side, "--sites", String(sites), "--file", file];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${side} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Figures;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function compare(sites: number, rounds: number): void {
  const folder = mkdtempSync(path.join(tmpdir(), "mqtt-dataflow-preview-"));
  try {
    const file = path.join(folder, "resources.json");
    const pairs = Array.from({ length: rounds }, () => [run("components", sites, file), run("plain", sites, file)]);
    const row = (name: string, of: keyof Figures, unit: string) => {
      const [ours = [], plain = []] = [0, 1].map((side) => pairs.map((pair) => pair[side]?.[of] ?? NaN));
      const ratio = median(ours.map((value, round) => value / (plain[round] ?? NaN)));
      return `${name.padEnd(18)} ${median(ours).toFixed(0).padStart(8)} ${median(plain).toFixed(0).padStart(8)} ${unit.padEnd(4)} ratio ${ratio.toFixed(2)}`;
    };
    const lines = [
      `${sites} sites, ${sites * dataflowsPerSite} dataflows, medians of ${rounds} rounds: with components, and the same resources without`,
      row("resources", "resources", ""),
      row("time", "milliseconds", "ms"),
      row("CPU time", "cpuMilliseconds", "ms"),
      row("resident memory", "maxResidentMebibytes", "MiB"),
    ];
    process.stdout.write(`${lines.join("\n")}\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const { values } = parseArgs({
  options: {
    sites: { type: "string", default: "200" },
    rounds: { type: "string", default: "3" },
    side: { type: "string" },
    file: { type: "string", default: "" },
  },
});
if (values.side === undefined) compare(Number(values.sites), Number(values.rounds));
else {
  const isOurs = values.side === "components";
  const program = () => {
    if (isOurs) createSites(Number(values.sites));
    else if (values.side === "by-hand") createAllByHand(Number(values.sites), values.file);
    else createPlain(values.file);
  };
  process.stdout.write(`${JSON.stringify(await measure(program, isOurs ? values.file : undefined))}\n`);
}
