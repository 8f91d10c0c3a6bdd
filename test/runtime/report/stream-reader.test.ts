import { servePages, type Page, type PageServer } from "../../../runtime/report/page-server.ts";
import { encodeEvent, type StreamReader } from "../../../runtime/report/stream-reader.ts";
import { until, untilTrue } from "../../support/patience.ts";
import { openConnection } from "../../support/raw-connection.ts";

let server: PageServer | undefined;

afterEach(() => {
  server?.close();
});

/** A client of a stream, and what writes to it. */
async function open(isReading: boolean) {
  let reader: StreamReader | undefined;
  const page: Page = {
    status: 200,
    contentType: "text/event-stream",
    body: Buffer.alloc(0),
    stream: (given) => (reader = given),
  };
  server = await servePages({
    host: "127.0.0.1",
    port: 0,
    findPage: async () => page,
    onDropped: () => undefined,
    onError: () => undefined,
  });
  const client = await openConnection(server.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", { isReading });
  return { client, reader: await until("the request", () => reader) };
}

test("an event has its name, its number and its data", () => {
  expect(encodeEvent("event", '{"a":1}', 7)).toBe('id: 7\nevent: event\ndata: {"a":1}\n\n');
});

test("a stream has no length and goes on until its reader leaves", async () => {
  const { client, reader } = await open(true);
  let hasClosed = false;
  reader.onClosed(() => (hasClosed = true));

  reader.write(encodeEvent("one", "1"));
  await untilTrue("the event", () => client.received.includes("data: 1"));
  expect(client.received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(client.received).not.toContain("Content-Length");

  client.socket.destroy();
  await untilTrue("its end", () => hasClosed);
  expect(reader.write("late")).toBe(false);
});

test("a reader that does not read is never waited for, and holds no more than so much memory", async () => {
  const { reader } = await open(false);
  const chunk = "x".repeat(64 * 1024);

  // What the kernel's buffers take is read by nobody, and counts as sent.
  for (let sent = 0; sent < 400; sent++) {
    reader.write(chunk);
    if (sent % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }

  expect(reader.missed).toBeGreaterThan(100);
  expect(reader.pendingBytes).toBeLessThan(640 * 1024);
});

test("a reader that has read nothing for 30 s is dropped", async () => {
  const { client, reader } = await open(false);
  jest.useFakeTimers({ doNotFake: ["setImmediate", "nextTick", "queueMicrotask", "performance"] });
  try {
    const closed = jest.fn();
    reader.onClosed(closed);
    while (reader.missed === 0) {
      reader.write("x".repeat(64 * 1024));
      await new Promise((resolve) => setImmediate(resolve));
    }
    jest.advanceTimersByTime(29_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(closed).not.toHaveBeenCalled();

    jest.advanceTimersByTime(2000);
    while (closed.mock.calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
  } finally {
    jest.useRealTimers();
  }
  client.socket.destroy();
});
