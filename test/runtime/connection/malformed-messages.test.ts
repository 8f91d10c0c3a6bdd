import { MalformedMessages } from "../../../runtime/connection/malformed-messages.ts";
import { ConnectionError } from "../../../runtime/contract/errors.ts";
import type { PublishView } from "../../../runtime/mqtt/publish.ts";
import { viewOf } from "../queue/fakes.ts";

/** A PUBLISH with QoS 1, or 0, and a topic in any bytes. */
function malformed(topic: string, qos: 0 | 1 = 1): PublishView {
  const bytes = Buffer.from(topic, "latin1");
  const body = [0, bytes.length, ...bytes, ...(qos === 0 ? [] : [0, 7]), 0];
  return viewOf(Buffer.from([0x30 | (qos << 1), body.length, ...body]));
}

const ended = new ConnectionError("broke the protocol", { retry: "slowly", end: "protocol-error" });

function create() {
  const messages = new MalformedMessages();
  const taken: string[] = [];
  const source = { onPublish: (_view: PublishView, problem?: string) => void taken.push(problem ?? "") };
  const take = (view: PublishView) => {
    const problem = view.check();
    return problem !== undefined && messages.take(view, problem, source);
  };
  return { messages, taken, take };
}

test("a malformed message ends two connections, and is undeliverable at the third", () => {
  const { taken, take } = create();

  expect([1, 2, 3, 4].map(() => take(malformed("a/\xff")))).toEqual([false, false, true, true]);

  const reason = "it came malformed each time: the server sent a PUBLISH whose topic is not well-formed UTF-8";
  expect(taken).toEqual([reason, reason]);
});

test("another topic, another fault or another QoS is another message", () => {
  const { take } = create();
  take(malformed("a/\xff"));
  take(malformed("a/\xff"));

  expect([malformed("b/\xff"), malformed("a/+"), malformed("a/\xff", 0)].map(take)).toEqual([false, false, false]);
});

test("several that take turns in ending connections are all taken in the end", () => {
  const { messages, take } = create();
  const session = ["a/+", "b/+", "c/+"];
  let connections = 0;

  // Each connection redelivers all of them, up to the first at which it ends.
  for (let isEnded = true; isEnded; connections++) {
    messages.onOpened();
    isEnded = !session.every((topic) => take(malformed(topic)));
    if (connections > 100) throw new Error("never");
  }

  expect(connections).toBe(7);
});

test("the next connection comes soon after an end at a malformed message, and not after another one", () => {
  const { messages, take } = create();
  expect(messages.survives(ended)).toBe(false);

  take(malformed("a/+"));
  expect(messages.survives(ended)).toBe(true);
  expect(messages.survives(new ConnectionError("closed", { retry: "soon", end: "peer" }))).toBe(false);

  messages.onOpened();
  expect(messages.survives(ended)).toBe(false);
});

test("remembers a thousand at most", () => {
  const { take } = create();
  take(malformed("first/+"));
  for (let count = 0; count < 1000; count++) take(malformed(`${count}/+`));

  expect([take(malformed("first/+")), take(malformed("999/+")), take(malformed("999/+"))]).toEqual([
    false,
    false,
    true,
  ]);
});
