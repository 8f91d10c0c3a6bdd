import { describeError } from "../../contract/errors.ts";
import { printable } from "../../contract/printable.ts";
import { shownUrl } from "../../contract/shown-url.ts";
import type { Logger } from "../log.ts";
import { post } from "./post.ts";
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
      await post(this.#settings, await this.#encode(), AbortSignal.any([timeout, this.#ended.signal]));
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
