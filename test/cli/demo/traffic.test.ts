import { Ledger } from "../../../cli/demo/ledger.ts";
import type { Route } from "../../../cli/demo/routes.ts";
import { publishLoad, watchArrivals, type Arrival } from "../../../cli/demo/traffic.ts";
import { InMemoryBrokers } from "./in-memory-brokers.ts";

const route: Route = {
  dataflow: "telemetry",
  direction: "to the cloud",
  crossings: ["press-1", "oven-1"].flatMap((machine) =>
    ["temperature", "power"].map((measure) => ({
      machine,
      from: `plant/${machine}/${measure}`,
      to: `sites/oslo/${machine}/${measure}`,
    })),
  ),
};
const never = new AbortController().signal;

/** Publishes at once so many messages, and reads the ledger. */
async function cross(brokers: InMemoryBrokers, total: number, routes = [route]) {
  const ledger = new Ledger(routes.map(({ dataflow }) => dataflow));
  const arrivals: Arrival[] = [];
  await watchArrivals(routes, brokers.watcher, ledger, (arrival) => arrivals.push(arrival));
  for (const each of routes) {
    await publishLoad({ route: each, perSecond: 1_000_000, total }, brokers.publisher, ledger, never);
  }
  return { ledger, arrivals };
}

test("publishes to the topics of a route in turn, and finds each message where it should arrive", async () => {
  const brokers = new InMemoryBrokers();

  const { ledger, arrivals } = await cross(brokers, 6);

  expect(brokers.published.map(({ topic }) => topic)).toEqual([0, 1, 2, 3, 0, 1].map((n) => route.crossings[n]!.from));
  expect(arrivals.map(({ from, to }) => [from, to])).toEqual(
    [0, 1, 2, 3, 0, 1].map((n) => [route.crossings[n]!.from, route.crossings[n]!.to]),
  );
  expect(ledger.totals("telemetry")).toMatchObject({ published: 6, accepted: 6, delivered: 6, lost: 0, duplicated: 0 });
});

test("subscribes to just the topics that should arrive", async () => {
  const brokers = new InMemoryBrokers();

  await cross(brokers, 0);

  expect(brokers.subscribed).toEqual(route.crossings.map(({ to }) => to));
});

test("shows an arrival as it came", async () => {
  const { arrivals } = await cross(new InMemoryBrokers(), 1);

  expect(arrivals[0]).toMatchObject({
    dataflow: "telemetry",
    machine: "press-1",
    properties: { machine: "press-1" },
    contentType: "application/json",
  });
  expect(JSON.parse(arrivals[0]!.payload)).toMatchObject({
    n: 0,
    dataflow: "telemetry",
    machine: "press-1",
    unit: "°C",
  });
});

test.each([
  ["missed", { accepted: 3, delivered: 2, lost: 1, duplicated: 0 }],
  ["twice", { accepted: 3, delivered: 3, lost: 0, duplicated: 1 }],
  ["at another topic", { accepted: 3, delivered: 2, lost: 1, duplicated: 0 }],
  ["refused", { accepted: 2, delivered: 2, lost: 0, refusal: "0x87 not authorized" }],
] as const)("the ledger tells of a message that was %s", async (fate, totals) => {
  const { ledger } = await cross(new InMemoryBrokers((index) => (index === 1 ? fate : "delivered")), 3);

  expect(ledger.totals("telemetry")).toMatchObject(totals);
});

test("a message counts once where all machines' messages arrive at one topic", async () => {
  const shared = { ...route, crossings: route.crossings.map((crossing) => ({ ...crossing, to: "site/all" })) };

  const { ledger, arrivals } = await cross(new InMemoryBrokers(), 4, [shared]);

  expect(ledger.totals("telemetry")).toMatchObject({ delivered: 4, duplicated: 0 });
  expect(arrivals.map(({ from }) => from)).toEqual(route.crossings.map(({ from }) => from));
});

test("a message of another dataflow at the same topic is not this one's", async () => {
  const second = { ...route, dataflow: "second" };

  const { ledger } = await cross(new InMemoryBrokers((index) => (index < 4 ? "delivered" : "missed")), 4, [
    route,
    second,
  ]);

  expect(ledger.totals("telemetry")).toMatchObject({ delivered: 4, lost: 0 });
  expect(ledger.totals("second")).toMatchObject({ delivered: 0, lost: 4 });
});

test("publishes until it is told to end, at its rate", async () => {
  const brokers = new InMemoryBrokers();
  const end = new AbortController();
  const ledger = new Ledger(["telemetry"]);
  const startMs = performance.now();

  const publishing = publishLoad({ route, perSecond: 200, total: Infinity }, brokers.publisher, ledger, end.signal);
  setTimeout(() => {
    end.abort();
  }, 300);
  await publishing;

  // One tick of 50 ms ahead at most, however late a timer fires.
  const due = ((performance.now() - startMs) / 1000 + 0.05) * 200;
  expect(brokers.published.length).toBeGreaterThan(10);
  expect(brokers.published.length).toBeLessThanOrEqual(Math.ceil(due));
});
