import { setTimeout as delay } from "node:timers/promises";

import type { RelayEvent } from "../../contract/status/schema.ts";
import { printable } from "../../contract/printable.ts";
import { headerFields } from "../http-request.ts";
import { plainPage, type Page, type PageRequest } from "../page-server.ts";
import { encodeEvent, type StreamReader } from "../stream-reader.ts";
import type { EventRecorder } from "./event-recorder.ts";

/** Who may read a stream of one kind at the same time. */
export const maxStreams = 8;
/** Time between two states. */
const intervalMs = 1000;
/** A client that has not read the state before does not get the next one: only the newest is of use. */
const maxUnreadBytes = 16 * 1024;

const eventStream = { status: 200, contentType: "text/event-stream; charset=utf-8", body: Buffer.alloc(0) } as const;

/** The answer to whoever may not read a stream too. */
export const tooMany = plainPage(503, `${maxStreams} others read this already; close one of them`);

/** Makes the answer that goes on for as long as its reader reads. */
export function streamPage(stream: (reader: StreamReader) => void): Page {
  return { ...eventStream, stream };
}

/** What is sent. */
export interface EventSources {
  readonly readStatus: () => Promise<Buffer>;
  readonly recorder: Pick<EventRecorder, "events" | "watch">;
}

/** Sends the relay's state once a second, and each event as it happens. Does nothing while nobody reads. */
export class EventStreams {
  readonly #sources: EventSources;
  readonly #readers = new Set<StreamReader>();
  readonly #closed = new AbortController();
  #endWatch: (() => void) | undefined;
  #isRunning = false;

  constructor(sources: EventSources) {
    this.#sources = sources;
  }

  open({ head }: Pick<PageRequest, "head">): Page {
    if (this.#readers.size >= maxStreams) return tooMany;
    const last = Number(headerFields(head, "last-event-id")[0] ?? 0);
    return streamPage((reader) => {
      this.#add(reader, Number.isInteger(last) ? last : 0);
    });
  }

  close(): void {
    this.#closed.abort();
    this.#endWatch?.();
  }

  #add(reader: StreamReader, lastId: number): void {
    this.#readers.add(reader);
    reader.onClosed(() => {
      this.#readers.delete(reader);
      if (this.#readers.size > 0) return;
      this.#endWatch?.();
      this.#endWatch = undefined;
    });
    const { recorder } = this.#sources;
    const { events } = recorder;
    // A reader that was connected to an earlier process has seen none of this one's.
    const seen = lastId > (events.at(-1)?.id ?? 0) ? 0 : lastId;
    reader.write(
      `retry: 2000\n\n${events
        .filter(({ id }) => id > seen)
        .map(encode)
        .join("")}`,
    );
    this.#endWatch ??= recorder.watch((event) => {
      for (const one of this.#readers) one.write(encode(event));
    });
    if (!this.#isRunning) void this.#run();
  }

  /** Until nobody reads any more. Never rejects. */
  async #run(): Promise<void> {
    const { signal } = this.#closed;
    this.#isRunning = true;
    try {
      while (this.#readers.size > 0 && !signal.aborted) {
        const chunk = Buffer.concat([prefix, await this.#sources.readStatus(), suffix]);
        for (const reader of this.#readers) if (reader.pendingBytes <= maxUnreadBytes) reader.write(chunk);
        await delay(intervalMs, undefined, { signal, ref: false });
      }
    } catch {
      // Told to close; or a fault of this program, which /api/status answers with.
    } finally {
      this.#isRunning = false;
    }
  }
}

const prefix = Buffer.from("event: status\ndata: ");
const suffix = Buffer.from("\n\n");

function encode(event: RelayEvent): string {
  return encodeEvent("event", printable(JSON.stringify(event)), event.id);
}
