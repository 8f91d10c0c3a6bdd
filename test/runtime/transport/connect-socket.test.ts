import { Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";

import { connectSocket } from "../../../runtime/transport/connect-socket.ts";
import { SharedLookUp } from "../../../runtime/transport/look-up.ts";

const port = 8883;
const [first, second, third] = ["192.0.2.1", "192.0.2.2", "192.0.2.3"] as const;
let hosts = 0;

/** A network in which each address does what the test says, when it says it. */
class FakeNetwork {
  readonly hostname = `host-${++hosts}.example`;
  readonly tried: string[] = [];
  readonly sockets: Socket[] = [];
  readonly stop = new AbortController();
  readonly #addresses: readonly string[];

  constructor(...addresses: readonly string[]) {
    this.#addresses = addresses;
  }

  connect(): Promise<Socket> {
    const names = new SharedLookUp(async () =>
      this.#addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
    const connecting = connectSocket(
      { hostname: this.hostname, port },
      this.stop.signal,
      ({ host }) => {
        this.tried.push(host);
        const socket = new Socket();
        this.sockets.push(socket);
        return socket;
      },
      names,
    );
    connecting.catch(() => undefined);
    return connecting;
  }

  /** The socket of the latest attempt at an address. */
  to(address: string): Socket {
    return this.sockets[this.tried.lastIndexOf(address)]!;
  }

  fail(address: string, code: string): void {
    this.to(address).emit("error", Object.assign(new Error(`connect ${code} ${address}`), { code }));
  }
}

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ["setImmediate", "nextTick", "queueMicrotask"] });
});
afterEach(() => {
  jest.useRealTimers();
});

async function pass(ms: number): Promise<void> {
  await jest.advanceTimersByTimeAsync(ms);
  await turn();
}

describe("connectSocket", () => {
  test("gives an address all the time that there is, and has tried the next one meanwhile", async () => {
    const network = new FakeNetwork(first, second);

    const connecting = network.connect();
    await pass(600);
    expect(network.tried).toEqual([first, second]);
    await pass(29_000);
    network.to(first).emit("connect");

    expect(await connecting).toBe(network.to(first));
    expect(network.to(second).destroyed).toBe(true);
    expect(network.to(first).destroyed).toBe(false);
    expect(jest.getTimerCount()).toBe(0);
  });

  test("connects to the second address when the first one is dead", async () => {
    const network = new FakeNetwork(first, second);

    const connecting = network.connect();
    await pass(250);
    await pass(600);
    network.to(second).emit("connect");

    expect(await connecting).toBe(network.to(second));
    expect(network.to(first).destroyed).toBe(true);
  });

  test("tries the address first that answered last", async () => {
    const network = new FakeNetwork(first, second, third);
    const connecting = network.connect();
    await pass(600);
    network.to(third).emit("connect");
    await connecting;
    network.tried.length = network.sockets.length = 0;

    const again = network.connect();
    await pass(0);
    network.to(third).emit("connect");
    await again;

    expect(network.tried).toEqual([third]);
  });

  test("waits with the next address a little longer than connecting took the last time", async () => {
    const network = new FakeNetwork(first, second);
    const connecting = network.connect();
    await pass(600);
    network.to(first).emit("connect");
    await connecting;
    network.tried.length = network.sockets.length = 0;

    network.connect().catch(() => undefined);
    await pass(1100);
    expect(network.tried).toEqual([first]);
    await pass(200);

    expect(network.tried).toEqual([first, second]);
    network.stop.abort(new Error("done"));
  });

  test("tries the next address at once when one fails", async () => {
    const network = new FakeNetwork(first, second);

    const connecting = network.connect();
    await pass(0);
    network.fail(first, "ECONNREFUSED");
    await pass(0);
    network.to(second).emit("connect");

    expect(await connecting).toBe(network.to(second));
  });

  test("waits for the attempts that are under way when the last one fails", async () => {
    const network = new FakeNetwork(first, second);

    const connecting = network.connect();
    await pass(300);
    network.fail(second, "EHOSTUNREACH");
    await pass(5000);
    network.to(first).emit("connect");

    expect(await connecting).toBe(network.to(first));
  });

  test("takes the two families in turn", async () => {
    const network = new FakeNetwork("2001:db8::1", "2001:db8::2", first, second);

    network.connect().catch(() => undefined);
    await pass(1000);

    expect(network.tried).toEqual(["2001:db8::1", first, "2001:db8::2", second]);
    network.stop.abort(new Error("done"));
  });

  test("fails with the failure of the only address as it is", async () => {
    const network = new FakeNetwork(first);

    const connecting = network.connect();
    await pass(0);
    network.fail(first, "ECONNREFUSED");

    await expect(connecting).rejects.toMatchObject({ code: "ECONNREFUSED", message: `connect ECONNREFUSED ${first}` });
  });

  test("fails with one line about all addresses", async () => {
    const network = new FakeNetwork(first, second);

    const connecting = network.connect();
    await pass(0);
    network.fail(first, "ECONNREFUSED");
    network.fail(second, "EHOSTUNREACH");

    await expect(connecting).rejects.toMatchObject({
      code: "ECONNREFUSED",
      message: `connect ECONNREFUSED ${first}, connect EHOSTUNREACH ${second}`,
    });
  });

  test("leaves nothing behind when it is given up", async () => {
    const network = new FakeNetwork(first, second, third);

    const connecting = network.connect();
    await pass(300);
    network.stop.abort(new Error("time is up"));

    await expect(connecting).rejects.toThrow("time is up");
    expect(network.sockets.map(({ destroyed }) => destroyed)).toEqual([true, true]);
    expect(jest.getTimerCount()).toBe(0);
    network.fail(first, "ECONNRESET"); // too late to matter
  });
});
