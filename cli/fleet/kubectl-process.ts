import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { createInterface } from "node:readline";

/** Most bytes that are kept of what kubectl prints: a list of pods. */
const maxAnswerBytes = 16 * 1024 * 1024;

/** A port of a pod that is reached by one of this machine. */
export interface Forwarded {
  readonly localPort: number;
  stop(): void;
}

/** Starts `kubectl port-forward` on a free port of the loopback; waits until it listens. */
export async function forward(
  program: string,
  args: readonly string[],
  port: number,
  limit: AbortSignal,
): Promise<Forwarded> {
  const child = start(program, [...args, "--address=127.0.0.1", `:${port}`], limit);
  const errors = collect(child.stderr);
  const ended = new Promise<never>((_, reject) => {
    child.on("error", reject);
    child.on("close", () => reject(new Error(lastLine(errors.text()) || "kubectl port-forward ended by itself")));
  });
  // It ends in any case; who still waits for it then is told by the race below.
  ended.catch(() => undefined);
  const listening = (async () => {
    for await (const line of createInterface({ input: child.stdout })) {
      const localPort = /127\.0\.0\.1:(\d+) ->/.exec(line)?.[1];
      if (localPort !== undefined) return Number(localPort);
    }
    return ended;
  })();
  const localPort = await Promise.race([listening, ended]);
  child.stdout.resume();
  return { localPort, stop: () => child.kill() };
}

/** @returns what it printed */
export async function runToEnd(program: string, args: readonly string[], limit: AbortSignal): Promise<string> {
  const child = start(program, args, limit);
  const [output, errors] = [collect(child.stdout), collect(child.stderr)];
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code !== 0) throw new Error(`kubectl: ${lastLine(errors.text()) || `ended with ${String(code)}`}`);
  return output.text();
}

function start(program: string, args: readonly string[], signal: AbortSignal): ChildProcessWithoutNullStreams {
  const child = spawn(program, args, { signal, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.end();
  return child;
}

/** Keeps what a stream brings, up to {@link maxAnswerBytes}. */
function collect(stream: NodeJS.ReadableStream): { readonly text: () => string } {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= maxAnswerBytes) chunks.push(chunk);
  });
  return { text: () => Buffer.concat(chunks).toString("utf8") };
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.trim() ?? "";
}
