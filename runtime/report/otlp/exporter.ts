import { once } from "node:events";
import http from "node:http";
import https from "node:https";

import { describeError } from "../../contract/errors.ts";
import { printable } from "../../contract/printable.ts";
import { shownUrl } from "../../contract/shown-url.ts";
import { trustSystemRoots } from "../../transport/system-roots.ts";
import type { Logger } from "../log.ts";
import { nextTurn } from "../shared-rendering.ts";
import type { OtlpSettings } from "./settings.ts";

/** Makes the body of one export, in pieces. */
export type Encode = () => Promise<Iterable<string>>;

/** Time for the last values. */
const farewellMs = 2000;

/**
 * Sends what `encode` makes to a collector, once each interval. One export at a time, written piece by piece as the collector
 * takes it, so that a collector that is away or slow costs the memory of a piece and no more. An export that fails is not
 * repeated: the next one has newer totals. Logs once that exports fail, and once that they work again. Never throws.
 */
export class MetricExport {
  readonly #settings: OtlpSettings;
  readonly #encode: Encode;
  readonly #log: Pick<Logger, "info" | "warn">;
  readonly #timer: NodeJS.Timeout;
  readonly #ended = new AbortController();
  #isFailing = false;
  #underWay: Promise<void> | undefined;

  constructor(settings: OtlpSettings, encode: Encode, log: Pick<Logger, "info" | "warn">) {
    this.#settings = settings;
    this.#encode = encode;
    this.#log = log;
    this.#timer = setInterval(() => void this.#start(settings.timeoutMs), settings.intervalMs);
    this.#timer.unref();
  }

  /** Sends the last values, within 2 s, and ends. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    const end = setTimeout(() => {
      this.#ended.abort();
    }, farewellMs);
    await this.#underWay;
    await this.#start(farewellMs);
    clearTimeout(end);
  }

  async #start(timeoutMs: number): Promise<void> {
    this.#underWay ??= this.#run(timeoutMs).finally(() => {
      this.#underWay = undefined;
    });
    await this.#underWay;
  }

  async #run(timeoutMs: number): Promise<void> {
    const collector = shownUrl(this.#settings.url.href);
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      await send(this.#settings, await this.#encode(), AbortSignal.any([timeout, this.#ended.signal]));
      if (this.#isFailing) this.#log.info({ event: "metrics-exported", collector }, "metrics are exported again");
      this.#isFailing = false;
    } catch (cause) {
      const reason = timeout.aborted ? `no answer within ${timeoutMs} ms` : printable(describeError(cause));
      if (!this.#isFailing)
        this.#log.warn({ event: "metrics-not-exported", collector, reason }, "metrics not exported");
      this.#isFailing = true;
    }
  }
}

async function send({ url, headers, ca }: OtlpSettings, pieces: Iterable<string>, signal: AbortSignal): Promise<void> {
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
  throw new Error(`the collector answered ${statusCode} ${http.STATUS_CODES[statusCode] ?? ""}`.trimEnd());
}

function ignore(): void {
  // Whoever waits for the answer is told.
}
