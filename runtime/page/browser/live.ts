import { useEffect, useState } from "preact/hooks";

import type { HistoryDocument, RelayEvent, StatusDocument } from "./types.ts";

/** What the page knows of the relay. */
export interface Live {
  readonly status: StatusDocument | undefined;
  /** The newest first. */
  readonly events: readonly RelayEvent[];
  /** Why nothing new comes; `undefined` while it does. */
  readonly trouble: string | undefined;
}

const keptEvents = 500;
const retryMs = 3000;
const historyMs = 5000;

/** Follows the relay while the page can be seen. */
export function useRelay(): Live {
  const [status, setStatus] = useState<StatusDocument>();
  const [events, setEvents] = useState<readonly RelayEvent[]>([]);
  const [trouble, setTrouble] = useState<string>();
  const isVisible = useVisibility();
  useEffect(() => {
    if (!isVisible) return undefined;
    return follow({
      status: (next) => {
        setStatus(next);
        setTrouble(undefined);
      },
      event: (event) => {
        setEvents((known) => addEvent(known, event));
      },
      trouble: setTrouble,
    });
  }, [isVisible]);
  return { status, events, trouble };
}

interface Follower {
  readonly status: (status: StatusDocument) => void;
  readonly event: (event: RelayEvent) => void;
  readonly trouble: (reason: string) => void;
}

function follow(follower: Follower): () => void {
  let source: EventSource | undefined;
  let timer = 0;
  const open = () => {
    source = new EventSource("/api/events");
    source.addEventListener("status", ({ data }: MessageEvent<string>) => {
      follower.status(JSON.parse(data) as StatusDocument);
    });
    source.addEventListener("event", ({ data }: MessageEvent<string>) => {
      follower.event(JSON.parse(data) as RelayEvent);
    });
    source.addEventListener("error", () => {
      follower.trouble("no answer from the relay; what is shown is old");
      // The browser tries again by itself, but not after an answer such as 503.
      if (source?.readyState === EventSource.CLOSED) timer = window.setTimeout(open, retryMs);
    });
  };
  open();
  return () => {
    source?.close();
    window.clearTimeout(timer);
  };
}

/** At each connection all kept events come again. */
function addEvent(known: readonly RelayEvent[], event: RelayEvent): readonly RelayEvent[] {
  const at = known.findIndex(({ id }) => id === event.id);
  if (known[at]?.time === event.time) return known;
  // The same number at another time: the relay has started anew.
  return at >= 0 ? [event] : [event, ...known].slice(0, keptEvents);
}

/** The last ten minutes of one dataflow, or of all. */
export function useHistory(dataflow: string | undefined): HistoryDocument | undefined {
  const [history, setHistory] = useState<HistoryDocument>();
  const isVisible = useVisibility();
  useEffect(() => {
    if (!isVisible) return undefined;
    let isOver = false;
    const query = dataflow === undefined ? "" : `?dataflow=${encodeURIComponent(dataflow)}`;
    const read = async () => {
      const answer = await fetch(`/api/history${query}`);
      const next = answer.ok ? ((await answer.json()) as HistoryDocument) : undefined;
      if (!isOver) setHistory(next);
    };
    const readQuietly = () => void read().catch(() => undefined); // the stream of events tells of it
    readQuietly();
    const timer = window.setInterval(readQuietly, historyMs);
    return () => {
      isOver = true;
      window.clearInterval(timer);
    };
  }, [dataflow, isVisible]);
  return history?.dataflow === (dataflow ?? null) ? history : undefined;
}

function useVisibility(): boolean {
  const [isVisible, setVisible] = useState(!document.hidden);
  useEffect(() => {
    const update = () => {
      setVisible(!document.hidden);
    };
    document.addEventListener("visibilitychange", update);
    return () => {
      document.removeEventListener("visibilitychange", update);
    };
  }, []);
  return isVisible;
}
