import Denque from "denque";

import { describeError } from "../../contract/errors.ts";
import { printable } from "../../contract/printable.ts";
import { shownUrl } from "../../contract/shown-url.ts";
import type { Logger } from "../log.ts";
import { CollectorError, post } from "../otlp/post.ts";
import { encodeSpans } from "./encode.ts";
import type { TraceSettings } from "./settings.ts";
import type { Span } from "./span.ts";

/** Time for the last spans. */
const farewellMs = 2000;
/** Answers after which the same spans may be sent again. @see OTLP 1.x, Failures */
const retryable: ReadonlySet<number> = new Set([429, 502, 503, 504]);

type ExportLog = Pick<Logger, "info" | "warn">;

/**
 * Sends spans to a collector, once each interval, or as soon as there are enough for an export. One export at a time. Spans
 * that the collector can't take at this time are sent again; no more wait than the queue has room for, and those that come then
 * are dropped and counted. Logs once that exports fail, and once that they work again. Never throws.
 */
export class SpanExport {
  readonly #settings: TraceSettings;
  readonly #log: ExportLog;
  readonly #timer: NodeJS.Timeout;
  readonly #ended = new AbortController();
  readonly #spans = new Denque<Span>();
  #dropped = 0;
  #isFailing = false;
  #underWay: Promise<void> | undefined;

  constructor(settings: TraceSettings, log: ExportLog) {
    this.#settings = settings;
    this.#log = log;
    this.#timer = setInterval(() => void this.#start(1), settings.delayMs);
    this.#timer.unref();
  }

  add(span: Span): void {
    const { maxQueued, maxExported } = this.#settings;
    if (this.#spans.length >= maxQueued) {
      this.#dropped++;
      return;
    }
    this.#spans.push(span);
    // After a failure the next interval is waited for.
    if (this.#spans.length >= maxExported && this.#underWay === undefined && !this.#isFailing)
      void this.#start(maxExported);
  }

  /** Sends what is left, within 2 s, and ends. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    const end = setTimeout(() => {
      this.#ended.abort();
    }, farewellMs);
    await this.#underWay;
    await this.#start(1);
    clearTimeout(end);
    this.#tellDropped();
  }

  /** Sends as long as so many are there. */
  async #start(least: number): Promise<void> {
    this.#underWay ??= this.#run(least).finally(() => {
      this.#underWay = undefined;
    });
    await this.#underWay;
  }

  async #run(least: number): Promise<void> {
    while (this.#spans.length >= least && !this.#ended.signal.aborted) {
      const spans = this.#spans.toArray().slice(0, this.#settings.maxExported);
      const failure = await this.#send(spans);
      if (failure?.isRetryable === true) this.#fail(failure.reason);
      else {
        this.#spans.remove(0, spans.length);
        if (failure === undefined) this.#succeed();
        else {
          this.#dropped += spans.length;
          this.#fail(failure.reason);
        }
      }
      if (failure !== undefined) return;
    }
    if (!this.#isFailing) this.#tellDropped(); // a collector that refuses everything would fill the log
  }

  async #send(spans: readonly Span[]): Promise<{ readonly reason: string; readonly isRetryable: boolean } | undefined> {
    const { timeoutMs, resource } = this.#settings;
    const timeout = AbortSignal.timeout(timeoutMs);
    // Read each time: the system's clock may have been set.
    const epochMs = Date.now() - performance.now();
    try {
      await post(this.#settings, encodeSpans(spans, resource, epochMs), AbortSignal.any([timeout, this.#ended.signal]));
      return undefined;
    } catch (cause) {
      const reason = timeout.aborted ? `no answer within ${timeoutMs} ms` : printable(describeError(cause));
      return { reason, isRetryable: !(cause instanceof CollectorError) || retryable.has(cause.status) };
    }
  }

  #fail(reason: string): void {
    if (!this.#isFailing)
      this.#log.warn({ event: "traces-not-exported", collector: this.#collector, reason }, "traces not exported");
    this.#isFailing = true;
  }

  #succeed(): void {
    if (this.#isFailing)
      this.#log.info({ event: "traces-exported", collector: this.#collector }, "traces are exported again");
    this.#isFailing = false;
  }

  #tellDropped(): void {
    if (this.#dropped === 0) return;
    const { maxQueued } = this.#settings;
    this.#log.warn({ event: "spans-dropped", spans: this.#dropped, maxQueued }, "spans were dropped");
    this.#dropped = 0;
  }

  get #collector(): string {
    return shownUrl(this.#settings.url.href);
  }
}
