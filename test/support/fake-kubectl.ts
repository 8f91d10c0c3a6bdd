import { chmodSync, writeFileSync } from "node:fs";
import path from "node:path";

/** A relay's pods of one site, as a fake `kubectl` has them. */
export interface FakePod {
  readonly name: string;
  readonly phase?: string;
  readonly image?: string;
  /** Local port that stands for the one of its status page: a server of the test, or a real relay's. */
  readonly status?: number;
  /** The same for probes and metrics. */
  readonly metrics?: number;
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
  const items = own.map(({ name, phase = "Running", image = "registry.example/relay:0.1.0", metrics }) => ({
    metadata: { name },
    spec: { containers: [{ image, ports: metrics === undefined ? [] : [{ name: "metrics", containerPort: 9000 }] }] },
    status: { phase },
  }));
  console.log(JSON.stringify({ items }));
} else {
  const pod = own.find(({ name }) => args.includes("pod/" + name));
  const wanted = Number(args.at(-1).split(":")[1]);
  // Nothing listens at port 1: a pod's closed port is forwarded too, and refuses each connection.
  const local = (wanted === 9601 ? pod.status : pod.metrics) ?? 1;
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
