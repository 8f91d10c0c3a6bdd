import path from "node:path";
import { parseArgs } from "node:util";

import { peerNames, type PeerName } from "./peers/peer.ts";
import { allScenarios } from "./scenarios/all.ts";
import type { Scenario, Size } from "./scenarios/scenario.ts";

export const usage = `usage: npm run bench -- [--quick] [--scenario NAME,...] [--peer NAME,...] [--rounds N] [--messages N]
                       [--stalled-messages N] [--seconds N] [--output FOLDER] [--install-only | --installed-only]

  --quick             a small run: 3 rounds, few messages
  --scenario          ${allScenarios.map(({ name }) => name).join(", ")}
  --peer              ${peerNames.join(", ")}
  --rounds            rounds, interleaved; 6 or more give 95 % intervals (7)
  --messages          messages of a round at saturation (100,000)
  --stalled-messages  messages while the destination is stalled (1,000,000)
  --seconds           length of a round of a paced load (10)
  --output            where benchmark.md, benchmark.svg and benchmark.json go: doc for a whole run, else dist/bench
  --install-only      install the peers and end
  --installed-only    install nothing; a peer that is not there is a row that says so`;

export interface Options {
  readonly scenarios: readonly Scenario[];
  readonly peers: readonly PeerName[];
  readonly size: Size;
  readonly output: string;
  readonly isInstallOnly: boolean;
  readonly mayInstall: boolean;
}

const wholeSize: Size = { rounds: 7, messages: 100_000, pacedSeconds: 10, stalledMessages: 1_000_000, dataflows: 200 };
const quickSize: Size = { rounds: 3, messages: 5000, pacedSeconds: 1, stalledMessages: 20_000, dataflows: 20 };

const flags = {
  quick: { type: "boolean" },
  scenario: { type: "string" },
  peer: { type: "string" },
  rounds: { type: "string" },
  messages: { type: "string" },
  "stalled-messages": { type: "string" },
  seconds: { type: "string" },
  output: { type: "string" },
  "install-only": { type: "boolean" },
  "installed-only": { type: "boolean" },
} as const;

/**
 * Reads the command line.
 * @throws {TypeError} when it is wrong, all problems in one text
 */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({ args: [...args], options: flags });
  const problems: string[] = [];
  const number = (flag: "rounds" | "messages" | "stalled-messages" | "seconds", preset: number) => {
    const text = values[flag];
    if (text === undefined) return preset;
    if (/^[1-9][0-9]{0,7}$/.test(text)) return Number(text);
    problems.push(`--${flag}: is "${text}"; give a whole number from 1`);
    return preset;
  };
  const choose = <Name extends string>(flag: "scenario" | "peer", all: readonly Name[]) => {
    const chosen = values[flag]?.split(",") ?? all;
    for (const name of chosen) {
      if (!all.some((known) => known === name))
        problems.push(`--${flag}: "${name}" is unknown; give one or more of ${all.join(", ")}`);
    }
    return all.filter((name) => (chosen as readonly string[]).includes(name));
  };
  const isQuick = values.quick ?? false;
  const preset = isQuick ? quickSize : wholeSize;
  const names = choose(
    "scenario",
    allScenarios.map(({ name }) => name),
  );
  const peers = choose("peer", peerNames);
  const size = {
    rounds: number("rounds", preset.rounds),
    messages: number("messages", preset.messages),
    pacedSeconds: number("seconds", preset.pacedSeconds),
    stalledMessages: number("stalled-messages", preset.stalledMessages),
    dataflows: preset.dataflows,
  };
  if (problems.length > 0) throw new TypeError(problems.join("\n"));
  const isWhole = !isQuick && names.length === allScenarios.length && peers.length === peerNames.length;
  return {
    scenarios: allScenarios.filter(({ name }) => names.includes(name)),
    peers,
    size,
    output: path.resolve(values.output ?? (isWhole ? "doc" : "dist/bench")),
    isInstallOnly: values["install-only"] ?? false,
    mayInstall: !(values["installed-only"] ?? false),
  };
}
