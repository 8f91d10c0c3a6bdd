import { BrokerClient } from "../../../bench/load/broker-client.ts";
import { DestinationEnd } from "../../../bench/load/destination-end.ts";
import { SourceEnd } from "../../../bench/load/source-end.ts";
import { Subscriber } from "../../../bench/load/subscriber.ts";
import { untilTrue } from "../../support/patience.ts";

/* The two ends that a program is measured between, each with the benchmark's own client in place of the program. */

const shape = { topic: "load/a", payloadBytes: 64, qos: 1 as const };
const count = 500;
const closing: { close(): void }[] = [];

afterEach(() => {
  for (const one of closing.splice(0)) one.close();
});

test("the source gives a whole load, and is done when all is acknowledged", async () => {
  const source = new SourceEnd();
  await source.open();
  const subscriber = new Subscriber(source.port, 10);
  subscriber.count.expect(1, count);
  closing.push(source, subscriber);
  await subscriber.open();

  await source.give(shape, 1, count);

  const { distinct, duplicates, outOfOrder } = subscriber.count.arrivals;
  expect({ distinct, duplicates, outOfOrder }).toEqual({ distinct: count, duplicates: 0, outOfOrder: 0 });
});

test("the destination counts what comes and acknowledges it, also after it was away", async () => {
  const destination = new DestinationEnd(10);
  await destination.open();
  closing.push(destination);
  const before = await BrokerClient.connect(destination.port, "before");
  closing.push(before);
  destination.close();
  await destination.open();
  const publisher = await BrokerClient.connect(destination.port, "publisher");
  closing.push(publisher);
  destination.count.expect(2, count);

  await publisher.publishAll(shape, 2, count);

  expect(destination.count.arrivals.missing).toBe(0);
  expect(destination.count.lastMs).toBeGreaterThanOrEqual(destination.count.firstMs);
});

test("a destination that takes nothing leaves the window full", async () => {
  const destination = new DestinationEnd(10);
  destination.takes = false;
  await destination.open();
  const publisher = await BrokerClient.connect(destination.port, "publisher");
  closing.push(destination, publisher);
  destination.count.expect(3, count);
  let isDone = false;

  void publisher.publishAll(shape, 3, count).then(() => (isDone = true));

  await untilTrue("a full window", () => destination.count.arrivals.distinct === 10);
  expect(isDone).toBe(false);
});
