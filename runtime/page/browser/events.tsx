import { useState } from "preact/hooks";

import { clock } from "./format.ts";
import type { RelayEvent } from "./types.ts";

const shownAtFirst = 20;

/** What has happened, the newest first. */
export function Events({ events }: { readonly events: readonly RelayEvent[] }) {
  const [onlyTrouble, setOnlyTrouble] = useState(false);
  const [isLong, setLong] = useState(false);
  const wanted = events.filter(({ level }) => !onlyTrouble || level !== "info");
  const shown = isLong ? wanted : wanted.slice(0, shownAtFirst);
  return (
    <section aria-labelledby="events">
      <h2 id="events">Events</h2>
      <p class="filters">
        <label>
          <input
            type="checkbox"
            checked={onlyTrouble}
            onChange={(event) => setOnlyTrouble(event.currentTarget.checked)}
          />{" "}
          only warnings and errors
        </label>
      </p>
      {shown.length === 0 && <p class="muted">None.</p>}
      <ol class="events">
        {shown.map((event) => (
          <Event key={event.id} event={event} />
        ))}
      </ol>
      {wanted.length > shown.length && (
        <button type="button" onClick={() => setLong(true)}>
          Show all {wanted.length}
        </button>
      )}
    </section>
  );
}

function Event({
  event: { level, time, name, text, reason, remedy, dataflow, endpoint, side, topic },
}: {
  readonly event: RelayEvent;
}) {
  // A name says as much as the words that it was made of.
  const words = text === name.replaceAll(/[-_]/g, " ") ? [] : [text];
  const said = [...words, ...(reason === undefined ? [] : [reason])].join(": ");
  const about = [dataflow, side, endpoint].filter((part) => part !== undefined).join(", ");
  return (
    <li class={level}>
      <time dateTime={time}>{clock(time)}</time>
      <span>
        <span class="event-name">{name}</span> {about !== "" && <span class="muted">{about}</span>}
        <span class="event-text">
          {said}
          {topic !== undefined && (
            <>
              {" "}
              <code>{topic}</code>
            </>
          )}
        </span>
        {remedy !== undefined && <span class="event-text muted">What to do: {remedy}</span>}
      </span>
    </li>
  );
}
