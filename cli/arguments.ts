import { isIP } from "node:net";
import { parseArgs } from "node:util";

import type { Problem } from "../runtime/contract/errors.ts";
import type { Wanted } from "../runtime/read-configuration.ts";
import type { RunOptions } from "../runtime/run.ts";

/** What the command line asks for. */
export type Arguments =
  | { readonly kind: "help" }
  | { readonly kind: "demo"; readonly isOnce: boolean; readonly environment: string }
  | { readonly kind: "relay"; readonly options: RunOptions }
  | { readonly kind: "check"; readonly file: string; readonly wanted: Wanted }
  | { readonly kind: "wrong"; readonly problems: readonly Problem[] };

type Task = "demo" | "relay" | "check";

/** Each option, with the tasks that it means something to. */
const optionTable = {
  once: { type: "boolean", of: ["demo"] },
  stack: { type: "string", of: ["demo"] },
  config: { type: "string", of: ["relay"] },
  mounts: { type: "string", of: ["relay"] },
  profile: { type: "string", of: ["relay", "check"] },
  dataflow: { type: "string", of: ["relay", "check"], multiple: true },
  "metrics-port": { type: "string", of: ["relay"] },
  "metrics-host": { type: "string", of: ["relay"] },
  "connect-to": { type: "string", of: ["relay"], multiple: true },
  help: { type: "boolean", of: ["demo", "relay", "check"], short: "h" },
} as const satisfies Record<
  string,
  { type: "boolean" | "string"; of: readonly Task[]; multiple?: true; short?: string }
>;

type OptionName = keyof typeof optionTable;

/** Options as they were given, in their order. */
type Given = readonly { readonly name: OptionName; readonly value: string }[];

const defaultEnvironment = "dev";
const highestPort = 65_535;
const loopback = "127.0.0.1";

/** Reads a command line: `demo --once`, `demo --config relay.json`, `check relay.json`. Lists all that is wrong with it. */
export function parseArguments(args: readonly string[]): Arguments {
  // Not strict: parseArgs would throw at the first problem, in words of its own.
  const { tokens } = parseArgs({ args: [...args], options: optionTable, strict: false, tokens: true });
  const positionals = tokens.flatMap((token) => (token.kind === "positional" ? [token.value] : []));
  const options = tokens.flatMap((token) => (token.kind === "option" ? [token] : []));
  const given = options.flatMap(({ name, value = "" }) => (isOption(name) ? [{ name, value }] : []));
  if (given.some(({ name }) => name === "help")) return { kind: "help" };
  const task = positionals[0] === "demo" && given.some(({ name }) => name === "config") ? "relay" : positionals[0];
  const problems = [
    ...options.flatMap(checkOption),
    ...checkPositionals(positionals),
    ...(isTask(task) ? checkUses(task, given) : []),
  ];
  if (problems.length > 0 || !isTask(task)) return { kind: "wrong", problems };
  return buildArguments(task, given, positionals[1] ?? "");
}

function buildArguments(task: Task, given: Given, file: string): Arguments {
  const value = (name: OptionName) => given.findLast((option) => option.name === name)?.value;
  const profile = value("profile");
  const dataflows = given.filter(({ name }) => name === "dataflow").map((option) => option.value);
  if (task === "check") return { kind: "check", file, wanted: { profile, dataflows } };
  if (task === "demo") {
    const isOnce = value("once") !== undefined;
    return { kind: "demo", isOnce, environment: value("stack") ?? defaultEnvironment };
  }
  const mountPath = value("mounts");
  const port = value("metrics-port");
  // In a pod the kubelet has to reach it; what is started by hand is for this machine, unless another address is given.
  const metricsHost = value("metrics-host") ?? loopback;
  return {
    kind: "relay",
    options: {
      configFile: value("config") ?? "",
      connectTo: given.filter(({ name }) => name === "connect-to").map((option) => option.value),
      ...(mountPath === undefined ? {} : { mountPath }),
      ...(profile === undefined ? {} : { profile }),
      ...(dataflows.length === 0 ? {} : { dataflows }),
      ...(port === undefined ? {} : { metricsPort: Number(port) }),
      metricsHost,
    },
  };
}

function checkOption({
  name,
  rawName,
  value,
}: {
  name: string;
  rawName: string;
  value?: string | undefined;
}): Problem[] {
  if (!isOption(name)) {
    const known = Object.keys(optionTable).map((option) => `--${option}`);
    return [{ path: rawName, problem: "is not an option", remedy: `use one of ${known.join(", ")}` }];
  }
  if (optionTable[name].type === "boolean") {
    return value === undefined ? [] : [{ path: rawName, problem: `is "${value}"`, remedy: "give it without a value" }];
  }
  // A value that looks like an option is a value that was forgotten.
  if (value === undefined || value === "" || value.startsWith("--")) {
    return [{ path: rawName, problem: "has no value", remedy: "give one behind it" }];
  }
  if (name === "metrics-host" && isIP(value) === 0) {
    const remedy = `give an IP address of this machine, or leave it out for ${loopback}`;
    return [{ path: rawName, problem: `is "${value}"`, remedy }];
  }
  if (name !== "metrics-port" || (/^[0-9]{1,5}$/.test(value) && Number(value) <= highestPort)) return [];
  return [{ path: rawName, problem: `is "${value}"`, remedy: `give a port from 1 to ${highestPort}, or 0 for none` }];
}

function checkPositionals([task, file, ...more]: readonly string[]): Problem[] {
  if (task === undefined) return [];
  if (task !== "demo" && task !== "check") {
    return [{ path: task, problem: "is not a command", remedy: 'use "demo" or "check"' }];
  }
  if (task === "check" && file === undefined) {
    return [{ path: task, problem: "names no file", remedy: "give the path of a configuration" }];
  }
  const left = task === "check" ? more : file === undefined ? [] : [file, ...more];
  return left.map((path) => ({ path, problem: `is one argument too many for ${task}`, remedy: "leave it out" }));
}

function checkUses(task: Task, given: Given): Problem[] {
  const others = given.filter(({ name }) => !(optionTable[name].of as readonly Task[]).includes(task));
  return others.map(({ name }) => {
    const needsConfig = task === "demo";
    const where = { demo: "without --config", relay: "with --config", check: "on check" }[task];
    return {
      path: `--${name}`,
      problem: `has no effect ${where}`,
      remedy: needsConfig ? "add --config FILE, or leave it out" : "leave it out",
    };
  });
}

function isOption(name: string): name is OptionName {
  return Object.hasOwn(optionTable, name);
}

function isTask(task: string | undefined): task is Task {
  return task === "demo" || task === "relay" || task === "check";
}
