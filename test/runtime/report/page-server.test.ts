import { setTimeout as delay } from "node:timers/promises";

import {
  maxConnections,
  plainPage,
  servePages,
  type Page,
  type PageServer,
  type PageServerOptions,
} from "../../../runtime/report/page-server.ts";
import { until } from "../../support/patience.ts";
import { getLivez, openConnection, type RawConnection } from "../../support/raw-connection.ts";

let server: PageServer | undefined;
let dropped: string[];
let errors: Error[];

beforeEach(() => {
  dropped = [];
  errors = [];
});

afterEach(() => {
  server?.close();
  server = undefined;
});

async function serve(
  findPage: (path: string) => Promise<Page> = async (path) => plainPage(200, path),
  timeouts: Pick<PageServerOptions, "requestTimeoutMs" | "answerTimeoutMs"> = {},
): Promise<number> {
  server = await servePages({
    ...timeouts,
    host: "127.0.0.1",
    port: 0,
    findPage,
    onDropped: (address) => dropped.push(address),
    onError: (cause) => errors.push(cause),
  });
  return server.port;
}

/** Sends bytes and reads until the server closes. */
async function exchange(port: number, text: string): Promise<string> {
  return (await openConnection(port, text)).closed;
}

/** So long that none of the time-outs closes what another bound has to close. */
const patient = { requestTimeoutMs: 600_000, answerTimeoutMs: 600_000 };

const unfinished = "GET /metrics HTTP/1.1\r\nHost: relay\r\n";

describe("a request", () => {
  test("is answered with its page and the length of it, and the connection is closed", async () => {
    const port = await serve();

    const answer = await exchange(port, getLivez);

    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\nDate: [^\r]* GMT\r\nContent-Type: text\/plain; charset=utf-8\r\n/);
    expect(answer).toMatch(/\r\nContent-Length: 7\r\nConnection: close\r\n\r\n\/livez\n$/);
  });

  test("that comes byte by byte is answered all the same", async () => {
    const port = await serve();
    const connection = await openConnection(port);

    for (const byte of getLivez) {
      connection.socket.write(byte);
      await delay(1);
    }

    expect(await connection.closed).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("with HEAD gets the header fields without the page", async () => {
    const port = await serve();

    const answer = await exchange(port, "HEAD /livez HTTP/1.1\r\nHost: relay\r\n\r\n");

    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\nContent-Length: 7\r\nConnection: close\r\n\r\n$/s);
  });

  test.each([
    ["POST", "POST /livez HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", "405 Method Not Allowed"],
    ["DELETE", "DELETE /livez HTTP/1.1\r\n\r\n", "405 Method Not Allowed"],
    ["CONNECT", "CONNECT broker.example:8883 HTTP/1.1\r\n\r\n", "405 Method Not Allowed"],
    ["an upgrade by HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400 Bad Request"],
    ["another protocol", "\u0016\u0003\u0001\u0002\u0000\r\n\r\n", "400 Bad Request"],
    ["a blank in the target", "GET /livez x HTTP/1.1\r\n\r\n", "400 Bad Request"],
    [
      "header fields without an end",
      `GET /livez HTTP/1.1\r\nX: ${"x".repeat(9000)}`,
      "431 Request Header Fields Too Large",
    ],
  ])("with %s is refused", async (_case, text, status) => {
    const findPage = jest.fn(async () => plainPage(200, "ok"));
    const port = await serve(findPage);

    expect(await exchange(port, text)).toMatch(new RegExp(`^HTTP/1\\.1 ${status}\r\n`));
    expect(findPage).not.toHaveBeenCalled();
  });

  test("that asks to upgrade gets its page and no other protocol", async () => {
    const port = await serve();

    const answer = await exchange(port, "GET /livez HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");

    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  test("is the only one of its connection, whatever follows it", async () => {
    const findPage = jest.fn(async (path: string) => plainPage(200, path));
    const port = await serve(findPage);

    const answer = await exchange(port, getLivez.repeat(500));

    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(findPage).toHaveBeenCalledTimes(1);
  });

  test("followed by bytes without an end is cut off", async () => {
    const port = await serve(() => new Promise(() => undefined), patient); // a page that takes long
    const connection = await openConnection(port, getLivez);

    connection.socket.write(Buffer.alloc(1024 * 1024));

    expect(await connection.closed).toBe("");
  });
});

describe("the bound on connections", () => {
  test("drops the oldest that has not asked, and answers the newest", async () => {
    const port = await serve(undefined, patient);
    const connections: RawConnection[] = [];
    for (let count = 0; count < maxConnections + 5; count++) connections.push(await openConnection(port, unfinished));

    expect(await exchange(port, getLivez)).toMatch(/^HTTP\/1\.1 200 /);

    await until(
      "the oldest to be dropped",
      () => connections.slice(0, 5).every(({ isClosed }) => isClosed) || undefined,
    );
    expect(connections.slice(6).filter(({ isClosed }) => isClosed)).toEqual([]);
    expect(dropped).toHaveLength(6);
  });

  test("keeps within itself whatever a client opens, and a probe is answered meanwhile", async () => {
    const port = await serve(undefined, patient);
    const connections = await Promise.all(
      Array.from({ length: 1000 }, () => openConnection(port, unfinished, { localAddress: "127.0.0.2" })),
    );

    const answers = await Promise.all(Array.from({ length: 5 }, () => exchange(port, getLivez)));

    expect(answers.filter((answer) => !answer.startsWith("HTTP/1.1 200 "))).toEqual([]);
    const isWithin = () => connections.filter(({ isClosed }) => !isClosed).length <= maxConnections || undefined;
    await until("the others to be closed", isWithin);
  });

  test("spares a client with few connections while another one takes all the rest", async () => {
    const port = await serve(undefined, patient);
    const probe = await openConnection(port, "", { localAddress: "127.0.0.3" });
    for (let count = 0; count < 3 * maxConnections; count++)
      await openConnection(port, unfinished, { localAddress: "127.0.0.2" });

    probe.socket.write(getLivez);

    expect(await probe.closed).toMatch(/^HTTP\/1\.1 200 /);
    expect(new Set(dropped)).toEqual(new Set(["127.0.0.2"]));
  });
});

describe("the bounds on time", () => {
  test.each([
    ["nothing at all", ""],
    ["half a request", unfinished],
  ])("close a connection that sends %s", async (_case, text) => {
    const port = await serve(undefined, { requestTimeoutMs: 100 });

    expect(await exchange(port, text)).toBe("");
  });

  test("close a connection whose answer nobody reads, and free its memory", async () => {
    const body = Buffer.alloc(64 * 1024 * 1024);
    const findPage = async () => ({ status: 200, contentType: "text/plain", body });
    const port = await serve(findPage, { answerTimeoutMs: 300 });
    const { socket, closed } = await openConnection(port, getLivez, { isReading: false });

    await until("the connection to be closed", () => server?.connections === 0 || undefined);

    socket.resume();
    await closed;
    expect(socket.bytesRead).toBeLessThan(body.length);
  });

  test("close a connection whose page is never made", async () => {
    const port = await serve(() => new Promise(() => undefined), { answerTimeoutMs: 100 });

    expect(await exchange(port, getLivez)).toBe("");
  });
});

describe("the bound on memory", () => {
  test("cuts off the reader of the oldest page once slow readers hold five different ones", async () => {
    let pages = 0;
    const makePage = async () => ({
      status: 200,
      contentType: "text/plain",
      body: Buffer.alloc(16 * 1024 * 1024, ++pages),
    });
    const port = await serve(makePage);
    const readers: RawConnection[] = [];
    for (let count = 1; count <= 5; count++) {
      readers.push(await openConnection(port, getLivez, { isReading: false }));
      await until("the page", () => pages === count || undefined);
    }

    await until("one to be closed", () => server?.connections === 4 || undefined, 5000);

    for (const { socket } of readers) socket.resume();
    await Promise.all(readers.map(({ closed }) => closed));
    const read = readers.map(({ socket }) => socket.bytesRead > 16 * 1024 * 1024);
    expect(read).toEqual([false, true, true, true, true]);
  });

  test("lets any number read one page at the same time", async () => {
    const body = Buffer.alloc(16 * 1024 * 1024);
    const port = await serve(async () => ({ status: 200, contentType: "text/plain", body }));

    const readers = await Promise.all(
      Array.from({ length: 20 }, () => openConnection(port, getLivez, { isReading: false })),
    );
    await delay(100);
    for (const { socket } of readers) socket.resume();
    await Promise.all(readers.map(({ closed }) => closed));

    expect(readers.every(({ socket }) => socket.bytesRead > body.length)).toBe(true);
  });
});

test.each([
  ["resets its connection", "reset"],
  ["leaves without reading", "leave"],
])("a client that %s disturbs nobody else", async (_case, way) => {
  const port = await serve();
  const pages = Array.from({ length: 20 }, async () => {
    const { socket } = await openConnection(port, getLivez);
    if (way === "reset") socket.resetAndDestroy();
    else socket.destroy();
  });
  await Promise.all(pages);

  expect(await exchange(port, getLivez)).toMatch(/^HTTP\/1\.1 200 /);
  expect(errors).toEqual([]);
});
