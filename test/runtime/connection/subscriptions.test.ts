import type { IConnackPacket } from "mqtt-packet";

import { OldFilters } from "../../../runtime/connection/old-filters.ts";
import { Subscriptions } from "../../../runtime/connection/subscriptions.ts";
import { subscriptionIdentifier } from "../../../runtime/contract/subscriptions.ts";
import { readLimits } from "../../../runtime/mqtt/connect.ts";
import { PublishView } from "../../../runtime/mqtt/publish.ts";
import { createLog } from "../../../runtime/report/log.ts";
import { connack, encode } from "../mqtt/scripted-broker.ts";

const peer = "source edge (broker.example:8883)";
const withoutIdentifiers = { subscriptionIdentifiersAvailable: false };
const minuteMs = 60_000;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ["nextTick", "queueMicrotask"] });
});
afterEach(() => {
  jest.useRealTimers();
});

/** A connection that answers each filter with the code that is set for it; else it grants and unsubscribes it. */
class FakeConnection {
  isOpen = true;
  readonly codes = new Map<string, number | undefined>();
  readonly subscribed: { filters: string[]; qos: number; identifier: number | undefined }[] = [];
  readonly unsubscribed: string[][] = [];
  refusesIdentifiers = false;
  /** While set, answers wait for it. */
  answers: Promise<void> = Promise.resolve();

  async subscribe(asked: readonly { filter: string; qos: 0 | 1 }[], identifier?: number): Promise<number[]> {
    const filters = asked.map(({ filter }) => filter);
    this.subscribed.push({ filters, qos: asked[0]?.qos ?? 0, identifier });
    await this.answers;
    if (this.refusesIdentifiers && identifier !== undefined) return filters.map(() => 0xa1);
    return this.#read(filters, asked[0]?.qos ?? 0);
  }

  async unsubscribe(filters: readonly string[]): Promise<number[]> {
    this.unsubscribed.push([...filters]);
    await this.answers;
    return this.#read(filters, 0);
  }

  #read(filters: readonly string[], success: number): number[] {
    return filters
      .map((filter) => (this.codes.has(filter) ? this.codes.get(filter) : success))
      .filter((code) => code !== undefined);
  }
}

interface Scene {
  filters?: string[];
  qos?: 0 | 1;
  connack?: Partial<IConnackPacket>;
  otherForms?: string[];
  /** Filters that a disk remembers; omitted: there is no disk. */
  remembered?: string[];
  codes?: Record<string, number | undefined>;
}

function create({ filters = ["a", "b"], qos = 1, otherForms = [], ...scene }: Scene = {}) {
  const lines: Record<string, unknown>[] = [];
  const log = createLog("info", { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) });
  const old = new OldFilters(filters, otherForms);
  const stored: (readonly string[])[] = [];
  if (scene.remembered !== undefined) {
    const rememberFilters = (remembered: readonly string[], onCommitted: () => void) => {
      stored.push(remembered);
      onCommitted();
    };
    old.useMemory({ filters: scene.remembered, rememberFilters });
  }
  const connect = (answer = scene.connack) => {
    const connection = new FakeConnection();
    for (const [filter, code] of Object.entries(scene.codes ?? {})) connection.codes.set(filter, code);
    const request = { filters, qos, peer, endpoint: "edge" };
    const subscriptions = new Subscriptions(connection, readLimits(connack(answer)), request, old, log);
    return { connection, subscriptions };
  };
  return { ...connect(), connect, lines, stored };
}

const kept = { sessionPresent: true };

describe("subscribe", () => {
  test("asks for ten filters at a time, as many as the strictest broker takes", async () => {
    const filters = Array.from({ length: 23 }, (_, index) => `a/${index}`);
    const { connection, subscriptions } = create({ filters, connack: { properties: withoutIdentifiers } });

    await subscriptions.subscribe();

    expect(connection.subscribed.map((packet) => packet.filters.length)).toEqual([10, 10, 3]);
    expect(connection.subscribed.flatMap((packet) => packet.filters)).toEqual(filters);
  });

  test("gives each filter its own identifier where the broker has them, all sent before the first answer", async () => {
    const { connection, subscriptions } = create();
    connection.answers = new Promise(() => undefined);

    void subscriptions.subscribe();
    await Promise.resolve();
    await Promise.resolve();

    expect(connection.subscribed).toEqual([
      { filters: ["a"], qos: 1, identifier: subscriptionIdentifier("a") },
      { filters: ["b"], qos: 1, identifier: subscriptionIdentifier("b") },
    ]);
  });

  test.each<[string, Scene]>([
    ["the broker has none", { connack: { properties: withoutIdentifiers } }],
    ["a disk remembers the filters", { remembered: [] }],
  ])("uses no identifiers where %s", async (_case, scene) => {
    const { connection, subscriptions } = create(scene);

    await subscriptions.subscribe();

    expect(connection.subscribed).toEqual([{ filters: ["a", "b"], qos: 1, identifier: undefined }]);
  });

  test("does without identifiers where the broker refuses them after all, also on later connections", async () => {
    const { connection, subscriptions, connect } = create();
    connection.refusesIdentifiers = true;
    await subscriptions.subscribe();
    const later = connect();
    await later.subscriptions.subscribe();

    const packets = [...connection.subscribed, ...later.connection.subscribed];
    expect(packets.map(({ filters, identifier }) => [filters.length, identifier === undefined])).toEqual([
      [1, false],
      [1, false],
      [2, true],
      [2, true],
    ]);
    expect(subscriptions.problems).toEqual([]);
  });

  test("does without identifiers once the broker has ended a connection for them", async () => {
    const { subscriptions, connect } = create();

    subscriptions.end(0xa1);
    const { connection, subscriptions: next } = connect();
    await next.subscribe();

    expect(connection.subscribed).toMatchObject([{ filters: ["a", "b"], identifier: undefined }]);
  });

  test.each([0, 1] as const)("asks for QoS %d and has no problem with it", async (qos) => {
    const { connection, subscriptions } = create({ qos });

    await subscriptions.subscribe();

    expect(connection.subscribed[0]).toMatchObject({ qos });
    expect(subscriptions.problems).toEqual([]);
  });
});

describe("a filter that the broker refuses", () => {
  test.each([
    [0x80, "0x80 Unspecified error"],
    [0x83, "0x83 Implementation specific error; see the broker's log"],
    [
      0x87,
      "0x87 Not authorized; check the credentials and the role assignment or permission; a new one takes minutes to arrive",
    ],
    [0x8f, "0x8f Topic Filter invalid; change dataSources"],
    [0x97, "0x97 Quota exceeded; check the broker's quotas, such as sessions per authentication name"],
    [0x9e, '0x9e Shared Subscriptions not supported; set instanceCount to 1, and give dataSources without "$share"'],
    [0xa2, "0xa2 Wildcard Subscriptions not supported; list topics without wildcards"],
    [0x03, "0x03 unknown reason code"],
    [0xc1, "0xc1 unknown reason code"],
  ])("with code %d leaves the others alone, and is named with its remedy", async (code, text) => {
    const { subscriptions, lines } = create({ codes: { b: code } });

    await subscriptions.subscribe();

    expect(subscriptions.problems).toEqual([`source refuses the filter "b": ${text}`]);
    expect(lines).toMatchObject([{ level: "warn", filter: "b", retryInMs: 5000, msg: "filter not granted" }]);
  });

  test("counts as refused where the SUBACK leaves it out", async () => {
    const { subscriptions } = create({ codes: { b: undefined } });

    await subscriptions.subscribe();

    expect(subscriptions.problems).toEqual(['source leaves out the filter "b" in its SUBACK']);
  });

  test("is asked for alone after 5 s, then after twice the time up to 5 minutes, and logged once", async () => {
    const { connection, subscriptions, lines } = create({ codes: { b: 0x87 } });
    await subscriptions.subscribe();
    const asked: number[] = [];
    const startMs = Date.now();
    const subscribe = connection.subscribe.bind(connection);
    jest.spyOn(connection, "subscribe").mockImplementation((filters, identifier) => {
      asked.push((Date.now() - startMs) / 1000);
      return subscribe(filters, identifier);
    });

    await jest.advanceTimersByTimeAsync(20 * minuteMs);

    expect(asked).toEqual([5, 15, 35, 75, 155, 315, 615, 915]);
    expect(new Set(connection.subscribed.slice(2).flatMap(({ filters }) => filters))).toEqual(new Set(["b"]));
    expect(lines).toHaveLength(1);
  });

  test("is no problem any more once it is granted, and is asked for no more", async () => {
    const { connection, subscriptions, lines } = create({ codes: { b: 0x97 } });
    await subscriptions.subscribe();

    connection.codes.delete("b");
    await jest.advanceTimersByTimeAsync(10 * minuteMs);

    expect(subscriptions.problems).toEqual([]);
    expect(connection.subscribed).toHaveLength(3);
    expect(lines.at(-1)).toMatchObject({ level: "info", filter: "b", msg: "filter granted" });
  });

  test("is forgotten with its connection: nothing is sent afterwards, and a late answer has no effect", async () => {
    const { connection, subscriptions } = create({ codes: { b: 0x87 } });
    await subscriptions.subscribe();
    let answer: () => void = () => undefined;
    connection.answers = new Promise((resolve) => (answer = resolve));
    await jest.advanceTimersByTimeAsync(5000);

    subscriptions.end();
    answer();
    await jest.advanceTimersByTimeAsync(0);
    expect(jest.getTimerCount()).toBe(0);
    await jest.advanceTimersByTimeAsync(60 * minuteMs);

    expect(connection.subscribed).toHaveLength(3);
  });

  test("leaves no timer behind", async () => {
    const { subscriptions } = create({ codes: { b: 0x87 } });
    await subscriptions.subscribe();
    expect(jest.getTimerCount()).toBe(1);

    subscriptions.end();

    expect(jest.getTimerCount()).toBe(0);
  });

  test("ends the connection only where every filter is refused: new credentials may help", async () => {
    const { subscriptions } = create({ codes: { a: 0x87, b: 0x80 } });

    await expect(subscriptions.subscribe()).rejects.toMatchObject({
      message: expect.stringMatching(
        /^source edge \(broker.example:8883\) grants no filter: source refuses the filter "a": 0x87 Not authorized;.*, source refuses the filter "b": 0x80/,
      ),
      reasonCode: 0x87,
      retry: "soon",
    });
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe("a lower QoS than asked for", () => {
  test("a filter with a lower QoS than asked for delivers, is named with its remedy, and is asked for again", async () => {
    const { connection, subscriptions } = create({ codes: { b: 0 } });
    await subscriptions.subscribe();

    expect(subscriptions.problems).toEqual([
      'source grants QoS 0 for the filter "b" where 1 was asked for, so its messages come at most once; allow QoS 1 there, or set endpoints.edge.mqttSettings.qos to 0',
    ]);

    connection.codes.delete("b");
    await jest.advanceTimersByTimeAsync(5000);
    expect(subscriptions.problems).toEqual([]);
  });

  test("is enough for the connection to stay", async () => {
    const { subscriptions } = create({ filters: ["a"], codes: { a: 0 } });

    await expect(subscriptions.subscribe()).resolves.toBeUndefined();
  });
});

describe("a broker without", () => {
  test.each<[string, object, string, string]>([
    [
      "shared subscriptions",
      { sharedSubscriptionAvailable: false },
      "$share/g/x",
      'no shared subscriptions; set profile.instanceCount to 1, and give dataSources without "$share"',
    ],
    [
      "wildcards",
      { wildcardSubscriptionAvailable: false },
      "x/+",
      "no wildcard subscriptions; list topics without wildcards",
    ],
  ])("%s is not asked for them, at no time", async (_case, properties, filter, text) => {
    const { connection, subscriptions } = create({ filters: ["a", filter], connack: { properties } });

    await subscriptions.subscribe();
    await jest.advanceTimersByTimeAsync(60 * minuteMs);

    expect(connection.subscribed.flatMap(({ filters }) => filters)).toEqual(["a"]);
    expect(subscriptions.problems).toEqual([`source can't take the filter "${filter}": its broker has ${text}`]);
  });

  test("anything that was asked for is left", async () => {
    const { subscriptions } = create({
      filters: ["$share/g/x"],
      connack: { properties: { sharedSubscriptionAvailable: false } },
    });

    await expect(subscriptions.subscribe()).rejects.toThrow("set profile.instanceCount to 1");
  });
});

describe("filters of an earlier configuration", () => {
  test("that are the other form of a wanted one are unsubscribed at the first connection of a process that finds its session", async () => {
    const { connection, subscriptions, connect } = create({ otherForms: ["$share/g/a", "$share/g/b"], connack: kept });
    await subscriptions.subscribe();
    const second = connect();
    await second.subscriptions.subscribe();

    expect(connection.unsubscribed).toEqual([["$share/g/a", "$share/g/b"]]);
    expect(second.connection.unsubscribed).toEqual([]);
  });

  test("are looked for in no new session", async () => {
    const { connection, subscriptions } = create({ otherForms: ["$share/g/a"] });

    await subscriptions.subscribe();

    expect(connection.unsubscribed).toEqual([]);
  });

  test("stay while the broker refuses the wanted form: messages may come by them", async () => {
    const { connection, subscriptions } = create({
      otherForms: ["$share/g/a", "$share/g/b"],
      connack: kept,
      codes: { b: 0x87 },
    });
    await subscriptions.subscribe();
    expect(connection.unsubscribed).toEqual([["$share/g/a"]]);

    connection.codes.delete("b");
    await jest.advanceTimersByTimeAsync(5000);

    expect(connection.unsubscribed.slice(1)).toEqual([["$share/g/b"]]);
  });

  test("are unsubscribed ten at a time", async () => {
    const remembered = Array.from({ length: 23 }, (_, index) => `old/${index}`);
    const { connection, subscriptions } = create({ remembered, connack: kept });

    await subscriptions.subscribe();

    expect(connection.unsubscribed.map((filters) => filters.length)).toEqual([10, 10, 3]);
  });

  test("leave the disk only where UNSUBACK says that they are gone; others are tried again and logged once", async () => {
    const { connection, subscriptions, stored, lines } = create({
      remembered: ["a", "gone", "absent", "refused"],
      connack: kept,
      codes: { absent: 0x11, refused: 0x87 },
    });

    await subscriptions.subscribe();
    expect(stored.at(-1)).toEqual(["a", "refused", "b"]);
    expect(lines.filter(({ level }) => level === "warn")).toMatchObject([
      { filter: "refused", reason: "0x87 Not authorized", retryInMs: 5000 },
    ]);

    await jest.advanceTimersByTimeAsync(15_000);
    connection.codes.delete("refused");
    await jest.advanceTimersByTimeAsync(20_000);

    expect(connection.unsubscribed.slice(1)).toEqual([["refused"], ["refused"], ["refused"]]);
    expect(stored.at(-1)).toEqual(["a", "b"]);
    expect(lines.filter(({ level }) => level === "warn")).toHaveLength(1);
  });

  test("are tried again on the next connection where this one ends first", async () => {
    const { subscriptions, connect } = create({
      otherForms: ["$share/g/a"],
      connack: kept,
      codes: { "$share/g/a": 0x80 },
    });
    await subscriptions.subscribe();
    subscriptions.end();

    const second = connect();
    await second.subscriptions.subscribe();

    expect(second.connection.unsubscribed).toEqual([["$share/g/a"]]);
  });

  test("that can't be found are said once, where there is neither an identifier nor a disk", async () => {
    const { lines, connect } = create({ connack: { ...kept, properties: withoutIdentifiers } });
    connect();

    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ level: "info", remedy: expect.stringContaining("give the dataflow a spool") });
  });
});

describe("judge", () => {
  function view(topic: string, filter?: string): PublishView {
    const properties =
      filter === undefined ? {} : { properties: { subscriptionIdentifier: subscriptionIdentifier(filter) } };
    const bytes = encode({
      cmd: "publish",
      topic,
      qos: 1,
      messageId: 1,
      dup: false,
      retain: false,
      payload: "1",
      ...properties,
    });
    return new PublishView().read(bytes, 0, bytes.length, 2);
  }

  test("takes everything that a new session brings", () => {
    expect(create().subscriptions.judge(view("x"))).toBe("wanted");
  });

  test("finds what a kept session brings by an old filter, and says so once of each kind", () => {
    const { subscriptions, lines } = create({ connack: kept });

    const origins = [view("x"), view("x"), view("a", "a"), view("a", "+"), view("b", "+"), view("b", "b")].map((one) =>
      subscriptions.judge(one),
    );

    expect(origins).toEqual(["unwanted", "unwanted", "wanted", "copy", "wanted", "copy"]);
    expect(lines.map(({ msg }) => msg)).toEqual(
      Array(2).fill("the source session still holds a filter of an earlier configuration"),
    );
  });

  test("unsubscribes an old shared filter whose message says which one it was, once", async () => {
    const { connection, subscriptions, lines } = create({ filters: ["$share/g/a/#"], connack: kept });
    const old = "$share/g/a/+";

    const origins = [view("a/x", old), view("a/y", old)].map((one) => subscriptions.judge(one));
    await jest.advanceTimersByTimeAsync(0);

    expect(origins).toEqual(["maybeCopy", "maybeCopy"]);
    expect(connection.unsubscribed).toEqual([[old]]);
    expect(lines.at(-1)).toMatchObject({ filter: old, msg: "unsubscribed a filter of an earlier configuration" });
  });

  test.each<[string, string[], string[][]]>([
    ["unsubscribes an old plain filter where all wanted ones are shared", ["$share/g/a/#"], [["a/+"]]],
    ["leaves it where a wanted one is plain: its copies are told by it", ["$share/g/a/#", "b"], []],
  ])("%s", async (_case, filters, expected) => {
    const { connection, subscriptions } = create({ filters, connack: kept });

    const origin = subscriptions.judge(view("a/x", "a/+"));
    await jest.advanceTimersByTimeAsync(0);

    expect(origin).toBe("maybeCopy");
    expect(connection.unsubscribed).toEqual(expected);
  });

  test("looks at nothing in a session that came anew after one that was kept", () => {
    const { connect } = create({ connack: kept });

    const { subscriptions } = connect({ sessionPresent: false });

    expect(subscriptions.judge(view("x"))).toBe("wanted");
  });

  test("ends once a disk knows that the old filters are gone and nothing came by them for ten minutes", async () => {
    const { subscriptions } = create({ remembered: ["old"], connack: kept });
    await subscriptions.subscribe();

    await jest.advanceTimersByTimeAsync(9 * minuteMs);
    expect(subscriptions.judge(view("old"))).toBe("unwanted");
    await jest.advanceTimersByTimeAsync(10 * minuteMs);
    expect(subscriptions.judge(view("old"))).toBe("unwanted");
    await jest.advanceTimersByTimeAsync(20 * minuteMs + 1);
    expect(subscriptions.judge(view("old"))).toBe("wanted");
  });
});
