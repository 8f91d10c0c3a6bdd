import fc from "fast-check";
import type { IPublishPacket } from "mqtt-packet";

import { CopyWatch, type Origin, type WatchedFilters } from "../../../runtime/connection/copy-watch.ts";
import { subscriptionIdentifier } from "../../../runtime/contract/subscriptions.ts";
import { PublishView } from "../../../runtime/mqtt/publish.ts";
import { encode } from "../mqtt/scripted-broker.ts";

const topic = "plant/p1/telemetry";
const oldFilter = "plant/+/telemetry";
const wantedFilter = "plant/#";

function viewOf(packet: Partial<IPublishPacket>): PublishView {
  const bytes = encode({
    cmd: "publish",
    topic,
    qos: 1,
    messageId: 1,
    dup: false,
    retain: false,
    payload: "",
    ...packet,
  });
  const headerLength = 2 + bytes.subarray(1, 5).findIndex((byte) => byte < 0x80);
  return new PublishView().read(bytes, 0, bytes.length, headerLength);
}

/** One copy of a message, by the filter that brought it; without a filter it has no identifier. */
function copy(payload: string, filter?: string, packet: Partial<IPublishPacket> = {}): PublishView {
  const properties = {
    ...packet.properties,
    ...(filter === undefined ? {} : { subscriptionIdentifier: subscriptionIdentifier(filter) }),
  };
  return viewOf({ ...packet, payload, properties });
}

function judgeAll(copies: PublishView[], filters: Partial<WatchedFilters> = {}): Origin[] {
  const watch = new CopyWatch({ wanted: [wantedFilter], otherForms: [], ...filters });
  return copies.map((view) => watch.judge(view));
}

describe("CopyWatch", () => {
  test.each([
    ["old first", [oldFilter, wantedFilter]],
    ["wanted first", [wantedFilter, oldFilter]],
  ])("drops the second of two copies, whichever comes first: %s", (_case, [first, second]) => {
    const copies = [copy("1", first), copy("1", second), copy("2", first), copy("2", second)];

    expect(judgeAll(copies)).toEqual(["wanted", "copy", "wanted", "copy"]);
  });

  test("forwards the only copy of a message that waited since before the change", () => {
    expect(judgeAll([copy("1", oldFilter), copy("2", oldFilter)])).toEqual(["wanted", "wanted"]);
  });

  test("forwards as many messages that are alike as there were", () => {
    // One that waited, and two that came by both filters.
    const copies = [oldFilter, oldFilter, wantedFilter, wantedFilter, oldFilter].map((filter) => copy("1", filter));

    expect(judgeAll(copies).filter((origin) => origin === "wanted")).toHaveLength(3);
  });

  test("drops two of three copies where two old filters bring a message", () => {
    const copies = [oldFilter, "plant/p1/+", wantedFilter].map((filter) => copy("1", filter));

    expect(judgeAll(copies)).toEqual(["wanted", "copy", "copy"]);
  });

  test.each<[string, PublishView]>([
    ["payload", copy("2", wantedFilter)],
    ["topic", copy("1", wantedFilter, { topic: "plant/p2/telemetry" })],
    ["QoS", copy("1", wantedFilter, { qos: 0 })],
    ["retain flag", copy("1", wantedFilter, { retain: true })],
    ["property", copy("1", wantedFilter, { properties: { contentType: "text/plain" } })],
    ["user property behind the identifier", copy("1", wantedFilter, { properties: { userProperties: { a: "1" } } })],
  ])("takes a message with another %s for another message", (_case, other) => {
    expect(judgeAll([copy("1", oldFilter), other])).toEqual(["wanted", "wanted"]);
  });

  test("takes a copy for one though it has another packet identifier and is sent again", () => {
    expect(judgeAll([copy("1", oldFilter), copy("1", wantedFilter, { messageId: 2, dup: true })])).toEqual([
      "wanted",
      "copy",
    ]);
  });

  test("compares large messages whole", () => {
    const payload = "x".repeat(200_000);
    const copies = [copy(payload, oldFilter), copy(payload, wantedFilter), copy(`y${payload.slice(1)}`, wantedFilter)];

    expect(judgeAll(copies)).toEqual(["wanted", "copy", "wanted"]);
  });

  test("keeps nothing of a view that is used again", () => {
    const watch = new CopyWatch({ wanted: [wantedFilter], otherForms: [] });
    const first = copy("1", oldFilter);
    watch.judge(first);

    first.bytes.fill(0);

    expect(watch.judge(copy("1", wantedFilter))).toBe("copy");
  });

  test("finds a message that no filter asks for, with an identifier and without", () => {
    const other = { topic: "site/a" };

    expect(judgeAll([copy("1", "site/#", other), copy("1", undefined, other)])).toEqual(["unwanted", "unwanted"]);
  });

  test.each<[string, (number | undefined)[]]>([
    ["without an identifier", [undefined, undefined]],
    ["with an identifier that another program gave", [1, 2]],
  ])("never drops a message %s", (_case, identifiers) => {
    const copies = identifiers.map((subscriptionId) =>
      viewOf({
        payload: "1",
        ...(subscriptionId === undefined ? {} : { properties: { subscriptionIdentifier: subscriptionId } }),
      }),
    );

    expect(judgeAll(copies)).not.toContain("copy");
  });

  test("never drops what an old shared filter brings, since its copy may have gone to another instance, and says so", () => {
    const shared = `$share/oslo-up/${oldFilter}`;

    expect(judgeAll([copy("1", wantedFilter), copy("1", shared)])).toEqual(["wanted", "maybeCopy"]);
  });

  test("never drops what an old plain filter brings on a topic that only shared filters ask for, and says so", () => {
    const wanted = [`$share/oslo-up/${wantedFilter}`];

    expect(judgeAll([copy("1", oldFilter), copy("1", wanted[0]), copy("1", "plant/p1/+")], { wanted })).toEqual([
      "maybeCopy",
      "wanted",
      "maybeCopy",
    ]);
  });

  test("never drops what the other form of a wanted filter brings: it is unsubscribed, and what waited is the only copy", () => {
    const wanted = [`$share/oslo-up/${wantedFilter}`, oldFilter];
    const copies = [copy("1", wantedFilter), copy("1", wanted[0]), copy("2", wantedFilter), copy("2", wanted[1])];

    expect(judgeAll(copies, { wanted, otherForms: [wantedFilter] })).toEqual(["wanted", "wanted", "wanted", "wanted"]);
  });

  test("ends a run at a message in between", () => {
    const copies = [copy("on", oldFilter), copy("off", oldFilter), copy("on", wantedFilter)];

    expect(judgeAll(copies)).toEqual(["wanted", "wanted", "wanted"]);
  });
});

/** What happens at a broker with one session, in its order. */
type Step =
  | { readonly kind: "subscribe"; readonly filter: number }
  | { readonly kind: "unsubscribe"; readonly filter: number }
  | { readonly kind: "publish"; readonly payload: string; readonly isReversed: boolean }
  | { readonly kind: "reconnect"; readonly acknowledged: number };

const stepOf = (filters: number, canUnsubscribe: boolean): fc.Arbitrary<Step> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("subscribe" as const), filter: fc.nat(filters - 1) }) },
    {
      weight: canUnsubscribe ? 1 : 0,
      arbitrary: fc.record({ kind: fc.constant("unsubscribe" as const), filter: fc.constant(0) }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant("publish" as const),
        payload: fc.constantFrom("on", "off"),
        isReversed: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("reconnect" as const), acknowledged: fc.nat(5) }) },
  );

/** Runs a broker and what reads from it; returns what was published while a filter was there, and what was forwarded. */
function run(steps: readonly Step[], filters: readonly string[], watched: WatchedFilters) {
  const subscribed: string[] = [];
  const published: string[] = [];
  const forwarded: string[] = [];
  let unacknowledged: { payload: string; filter: string }[] = [];
  let watch = new CopyWatch(watched);
  const deliver = (payload: string, filter: string) => {
    if (watch.judge(copy(payload, filter)) !== "copy") forwarded.push(payload);
  };
  for (const step of steps) {
    if (step.kind === "subscribe") {
      const filter = filters[step.filter]!;
      if (!subscribed.includes(filter)) subscribed.push(filter);
    } else if (step.kind === "unsubscribe") {
      const index = subscribed.indexOf(filters[step.filter]!);
      // The relay unsubscribes the other form only once the wanted form is granted.
      if (index >= 0 && subscribed.includes(filters[1]!)) subscribed.splice(index, 1);
    } else if (step.kind === "publish") {
      if (subscribed.length > 0) published.push(step.payload);
      for (const filter of step.isReversed ? [...subscribed].reverse() : subscribed) {
        unacknowledged.push({ payload: step.payload, filter });
        deliver(step.payload, filter);
      }
    } else {
      // Acknowledgements go out in order; the session keeps the rest and sends it again on the next connection.
      unacknowledged = unacknowledged.slice(step.acknowledged);
      watch = new CopyWatch(watched);
      for (const { payload, filter } of unacknowledged) deliver(payload, filter);
    }
  }
  return { published, forwarded };
}

/** Whether all that was published was forwarded, in its order, among repetitions. */
function isWithin(published: readonly string[], forwarded: readonly string[]): boolean {
  let found = 0;
  for (const payload of forwarded) if (payload === published[found]) found++;
  return found === published.length;
}

describe("a session with filters of several configurations", () => {
  const filters = [oldFilter, wantedFilter, "plant/p1/+"];
  const watched = { wanted: [wantedFilter], otherForms: [] };

  test("loses no message and keeps the order, whatever was subscribed when, in which order copies come and when it reconnects", () => {
    fc.assert(
      fc.property(fc.array(stepOf(filters.length, false), { maxLength: 40 }), (steps) => {
        const { published, forwarded } = run(steps, filters, watched);

        expect(isWithin(published, forwarded)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test("forwards each message once while one connection lasts", () => {
    fc.assert(
      fc.property(fc.array(stepOf(filters.length, false), { maxLength: 40 }), (steps) => {
        const { published, forwarded } = run(
          steps.filter(({ kind }) => kind !== "reconnect"),
          filters,
          watched,
        );

        expect(forwarded).toEqual(published);
      }),
      { numRuns: 500 },
    );
  });

  test("loses no message when the other form of a filter is unsubscribed", () => {
    const forms = [wantedFilter, `$share/oslo-up/${wantedFilter}`];

    fc.assert(
      fc.property(fc.array(stepOf(forms.length, true), { maxLength: 40 }), (steps) => {
        const { published, forwarded } = run(steps, forms, { wanted: [forms[1]!], otherForms: [forms[0]!] });

        expect(isWithin(published, forwarded)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("what a broker sends decides neither the cost of a message nor the memory of a run", () => {
  const identifiers = (first: number, count: number) =>
    Array.from({ length: count }, (_, index) => subscriptionIdentifier(`filter/${first + index}`) & ~1);

  test("a message with more identifiers than filters may match is forwarded, each copy of it too", () => {
    const many = () => viewOf({ payload: "1", properties: { subscriptionIdentifier: identifiers(0, 201) } });

    expect(judgeAll([many(), many()])).not.toContain("copy");
  });

  test("a run with ever other identifiers begins anew: nothing of it is lost", () => {
    const views = Array.from({ length: 1000 }, (_, index) =>
      viewOf({ payload: "1", properties: { subscriptionIdentifier: identifiers(index * 100, 100) } }),
    );

    const forwarded = judgeAll(views).filter((origin) => origin === "wanted");

    // Two fit into a run, and each run forwards one at least.
    expect(forwarded.length).toBeGreaterThanOrEqual(500);
  });

  test("a message of more than 1 MiB is not kept for the next one", () => {
    const payload = "x".repeat(1_048_577);

    expect(judgeAll([copy(payload, wantedFilter), copy(payload, oldFilter)])).not.toContain("copy");
  });
});
