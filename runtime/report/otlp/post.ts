import { once } from "node:events";
import http from "node:http";
import https from "node:https";

import { trustSystemRoots } from "../../transport/system-roots.ts";
import { nextTurn } from "../shared-rendering.ts";
import type { Collector } from "./settings.ts";

/** The collector took nothing of an export. */
export class CollectorError extends Error {
  override readonly name = "CollectorError";
  /** Status code of the answer. */
  readonly status: number;

  constructor(status: number) {
    super(`the collector answered ${status} ${http.STATUS_CODES[status] ?? ""}`.trimEnd());
    this.status = status;
  }
}

/**
 * Sends pieces of JSON to a collector as one body, as fast as it reads them.
 * @throws {CollectorError} when it answers with another status than success; other errors where it can't be reached, or `signal`
 *   ended it
 */
export async function post(
  { url, headers, ca }: Pick<Collector, "url" | "headers" | "ca">,
  pieces: Iterable<string>,
  signal: AbortSignal,
): Promise<void> {
  const options = {
    method: "POST",
    // A connection of its own each time: what is kept open would have to be watched, and a minute is long.
    agent: false,
    headers: { ...headers, "content-type": "application/json" },
    signal,
  };
  const isSecure = url.protocol === "https:";
  if (isSecure && ca === undefined) trustSystemRoots();
  const request = isSecure
    ? https.request(url, { ...options, ...(ca === undefined ? {} : { ca }) })
    : http.request(url, options);
  request.on("error", ignore);
  try {
    const answered = once(request, "response", { signal }) as Promise<[http.IncomingMessage]>;
    await Promise.all([
      writeAll(request, pieces, signal),
      answered.then(([answer]) => {
        checkAnswer(answer);
      }),
    ]);
  } finally {
    request.destroy();
  }
}

/** Waits while the collector does not read, and lets messages through between two pieces. */
async function writeAll(request: http.ClientRequest, pieces: Iterable<string>, signal: AbortSignal): Promise<void> {
  for (const piece of pieces) {
    if (request.destroyed) return; // the answer says why
    if (request.write(piece)) await nextTurn();
    else await once(request, "drain", { signal });
  }
  request.end();
}

/** The answer's body is not read: it may be of any length, and repeat what the collector was shown. */
function checkAnswer(answer: http.IncomingMessage): void {
  answer.on("error", ignore);
  const { statusCode = 0 } = answer;
  if (statusCode >= 200 && statusCode <= 299) return;
  throw new CollectorError(statusCode);
}

function ignore(): void {
  // Whoever waits for the answer is told.
}
