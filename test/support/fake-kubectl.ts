import { chmodSync, writeFileSync } from "node:fs";
import path from "node:path";

/** A relay's pods of one site, as a fake `kubectl` has them. */
export interface FakePod {
  readonly name: string;
  readonly phase?: string;
  /** Ports by name, with the local port that stands for each: a server of the test, or a real relay's. */
  readonly ports: Readonly<Record<string, number>>;
}

/** What a fake `kubectl` answers with. */
export interface FakeKubectl {
  /** Path of the executable. */
  readonly program: string;
  /** Replaces the pods of all sites, by context. */
  setPods(pods: Readonly<Record<string, readonly FakePod[]>>): void;
}

/**
 * Writes a program that takes the place of `kubectl`: `get pods` prints what the test says, and `port-forward` names a port that
 * something listens on already. The rest of kubectl's ways, such as its messages, are those of 1.34.
 */
export function createFakeKubectl(folder: string): FakeKubectl {
  const program = path.join(folder, "kubectl");
  const state = path.join(folder, "kubectl-pods.json");
  writeFileSync(
    program,
    `#!${process.execPath}
const pods = JSON.parse(require("node:fs").readFileSync(${JSON.stringify(state)}, "utf8"));
const args = process.argv.slice(2);
const option = (name) => args.find((arg) => arg.startsWith("--" + name + "="))?.slice(name.length + 3);
const context = option("context");
if (context !== undefined && pods[context] === undefined) {
  console.error('error: context "' + context + '" does not exist');
  process.exit(1);
}
const own = pods[context ?? ""] ?? [];
if (args.includes("get")) {
  const items = own.map(({ name, phase = "Running", ports }) => ({
    metadata: { name },
    spec: { containers: [{ ports: Object.keys(ports).map((port, index) => ({ name: port, containerPort: 9000 + index })) }] },
    status: { phase },
  }));
  console.log(JSON.stringify({ items }));
} else {
  const pod = own.find(({ name }) => args.includes("pod/" + name));
  const wanted = Number(args.at(-1).split(":")[1]);
  const local = Object.values(pod.ports)[wanted - 9000];
  console.log("Forwarding from 127.0.0.1:" + local + " -> " + wanted);
  setInterval(() => {}, 1000);
}
`,
  );
  chmodSync(program, 0o755);
  const fake: FakeKubectl = {
    program,
    setPods: (pods) => {
      writeFileSync(state, JSON.stringify(pods));
    },
  };
  fake.setPods({});
  return fake;
}
