import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** Where a relay is. */
export interface Place {
  /** Port of its status page: on this machine, or in the pod. */
  readonly port: number;
  /** `NAMESPACE/NAME` of its pod; omitted: it runs on this machine. */
  readonly pod?: string | undefined;
}

/** A way to a relay's status page. */
export interface Way {
  /** `http://127.0.0.1:<port>` */
  readonly address: string;
  readonly close: () => void;
}

const forwardTimeoutMs = 20_000;

/**
 * Opens the way to a relay; to a pod with `kubectl port-forward`, which uses the context of the user's own configuration.
 * @param kubectl the program; for tests
 * @throws {Error} with what kubectl says, when it can't
 */
export async function reachRelay({ port, pod }: Place, kubectl = "kubectl"): Promise<Way> {
  if (pod === undefined) return { address: `http://127.0.0.1:${port}`, close: () => undefined };
  const [namespace = "", name = ""] = pod.split("/");
  const args = ["port-forward", "--address", "127.0.0.1", "--namespace", namespace, `pod/${name}`, `:${port}`];
  const child = spawn(kubectl, args, { stdio: ["ignore", "pipe", "pipe"] });
  const close = () => {
    child.kill();
    process.off("exit", close);
  };
  process.once("exit", close);
  try {
    return { address: `http://127.0.0.1:${await readPort(child, kubectl)}`, close };
  } catch (cause) {
    close();
    throw cause;
  }
}

/** The port that kubectl has chosen: `Forwarding from 127.0.0.1:40123 -> 9601`. */
async function readPort(child: ChildProcess, kubectl: string): Promise<number> {
  const said: string[] = [];
  child.stderr?.on("data", (chunk) => said.push(String(chunk)));
  const timer = setTimeout(() => child.kill(), forwardTimeoutMs);
  const failed = Promise.race([once(child, "error"), once(child, "close")]).then(([cause]: unknown[]) => {
    const isMissing = (cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT";
    if (isMissing)
      throw new Error(`${kubectl}: is not installed; install it, or forward the port yourself and give --port`);
    throw new Error(`${kubectl} port-forward: ${said.join("").trim() || "ended without a word"}`);
  });
  const found = (async () => {
    if (child.stdout === null) return undefined;
    for await (const line of createInterface({ input: child.stdout })) {
      const port = /^Forwarding from 127\.0\.0\.1:(\d+) /.exec(line)?.[1];
      if (port !== undefined) return Number(port);
    }
    return undefined;
  })();
  try {
    const port = await Promise.race([found, failed]);
    return port ?? (await failed);
  } finally {
    clearTimeout(timer);
    failed.catch(() => undefined); // an end after that is wanted
  }
}
