import { settle } from "../../mqtt/scripted-broker.ts";
import { endDataflows, publish, startConnected, until } from "../../dataflow-bench.ts";

/*
 * The acknowledgement-order matrix of Azure/iot-operations-sdks, doc/dev/testing/session-client-testing.md. There an
 * application acknowledges what it received; here the destination does.
 */

afterEach(endDataflows);

/** Two messages came and were forwarded; `acknowledge` lets the destination take one of them. */
async function forwardTwo() {
  const bench = await startConnected();
  const { source, destination } = bench.brokers;
  publish(source, 11);
  publish(source, 12);
  const forwarded = [await destination.next("publish"), await destination.next("publish")];
  const acknowledge = (index: number) => {
    destination.send({ cmd: "puback", messageId: forwarded[index]?.messageId ?? 0 });
  };
  const acknowledged = () =>
    source.received.flatMap((packet) => (packet.cmd === "puback" ? [packet.messageId ?? 0] : []));
  return { ...bench, acknowledge, acknowledged };
}

test("1: two messages that are acknowledged in their order are acknowledged to the source in that order", async () => {
  const { acknowledge, acknowledged } = await forwardTwo();

  acknowledge(0);
  acknowledge(1);
  await until(() => acknowledged().length === 2);

  expect(acknowledged()).toEqual([11, 12]);
});

test("2: two messages that are acknowledged in reverse order are acknowledged to the source in the order of arrival", async () => {
  const { acknowledge, acknowledged } = await forwardTwo();

  acknowledge(1);
  await settle();
  expect(acknowledged()).toEqual([]);
  acknowledge(0);
  await until(() => acknowledged().length === 2);

  expect(acknowledged()).toEqual([11, 12]);
});

test("3: of two messages of which only the second is acknowledged, neither is acknowledged to the source", async () => {
  const { acknowledge, acknowledged, dataflow } = await forwardTwo();

  acknowledge(1);
  await until(() => dataflow.counters.delivered === 1);
  await settle();

  expect(acknowledged()).toEqual([]);
});

test("4: a message that is acknowledged after the source's connection ended is acknowledged to nobody", async () => {
  const { acknowledge, acknowledged, brokers, source, dataflow } = await forwardTwo();

  brokers.source.stream.destroy();
  const second = await source.next();
  await second.accept({ sessionPresent: true });
  await second.grant();
  acknowledge(0);
  acknowledge(1);
  await until(() => dataflow.counters.delivered === 2);
  await settle();

  expect(acknowledged()).toEqual([]);
  expect(second.commands()).toEqual(["connect", "subscribe"]);
});

test("5: of two messages of which only the second is acknowledged before the source's connection ends, neither is", async () => {
  const { acknowledge, acknowledged, brokers, source, dataflow } = await forwardTwo();

  acknowledge(1);
  await until(() => dataflow.counters.delivered === 1);
  brokers.source.stream.destroy();
  const second = await source.next();
  await second.accept({ sessionPresent: true });
  await second.grant();
  acknowledge(0);
  await until(() => dataflow.counters.delivered === 2);
  await settle();

  expect(acknowledged()).toEqual([]);
  expect(second.commands()).toEqual(["connect", "subscribe"]);
});
