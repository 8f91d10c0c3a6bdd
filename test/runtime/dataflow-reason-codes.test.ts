import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { nameReasonCode } from "../../runtime/contract/reason-codes.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";
import { codes, expectedVerdict } from "./contract/expected-verdicts.ts";
import type { ScriptedBroker } from "./mqtt/scripted-broker.ts";
import { endDataflows, publish, start, startConnected, until, untilReady, type Bench } from "./dataflow-bench.ts";

/*
 * Each reason code, sent to a running dataflow in each packet that can carry it. What is fatal in
 * Azure/iot-operations-sdks, go/mqtt/fatal_error.go, is retried slowly, with the exceptions that
 * runtime/contract/reason-codes.ts gives reasons for.
 */

afterEach(endDataflows);
afterAll(removeTemporaryFolders);

const rows = (packet: "CONNACK" | "SUBACK" | "PUBACK" | "DISCONNECT") =>
  codes.map((code) => ({ name: nameReasonCode(code), code, verdict: expectedVerdict(packet, code) }));

/** The dataflow has stopped for good, and says the code and what to do. */
async function expectStopped({ dataflow, running }: Bench, name: string): Promise<void> {
  await running;
  expect(dataflow.status.failure).toContain(name);
  expect(dataflow.status.failure).toMatch(/; [a-z]/);
}

/** Waits between attempts that were logged, in milliseconds. */
function waitsOf({ lines }: Bench): unknown[] {
  return lines.flatMap((line) => ("retryInMs" in line ? [line["retryInMs"]] : []));
}

/** One side is down and says why and what to do; the dataflow runs on and tries again, slowly. */
async function expectSlowRetry(bench: Bench, side: "source" | "destination", says: string): Promise<void> {
  await until(() => bench.dataflow.status[side].kind === "down");
  expect(bench.dataflow.status[side]).toMatchObject({ reason: expect.stringContaining(says) as string });
  expect(bench.dataflow.status[side]).toMatchObject({ reason: expect.stringMatching(/; [a-z]/) as string });
  expect(waitsOf(bench)).toEqual([2000]);
  expect(bench.dataflow.status.failure).toBeUndefined();
}

/** Serves whatever comes next at the source until the dataflow is up. */
async function serveSource(bench: Bench): Promise<ScriptedBroker> {
  const source = await bench.source.next();
  await source.accept();
  await source.grant();
  return source;
}

describe.each(["source", "destination"] as const)("CONNACK of the %s", (side) => {
  test.each(rows("CONNACK"))("$name: $verdict", async ({ name, code, verdict }) => {
    const bench = await start();
    if (side === "source") await (await bench.destination.next()).accept();
    await (await bench[side].next()).accept({ reasonCode: code });

    if (verdict === "slowly") await expectSlowRetry(bench, side, name);
    else {
      if (side === "destination") await (await bench.destination.next()).accept();
      await serveSource(bench);
      await untilReady(bench.dataflow);
      expect(bench.dataflow.status.failure).toBeUndefined();
    }
  });
});

test("what a broker repeats of a Secret is in no log and not in the status", async () => {
  const mounts = createTemporaryFolder("mounts");
  const login = path.join(mounts, "secrets", "login");
  mkdirSync(login, { recursive: true });
  writeFileSync(path.join(login, "username"), "plant-oslo\n");
  writeFileSync(path.join(login, "password"), "correct horse\n");
  const authentication = { method: "UsernamePassword", usernamePasswordSettings: { secretRef: "login" } };
  const bench = await start({ "endpoints.cloud.mqttSettings.authentication": authentication }, mounts);
  const pair = Buffer.from("plant-oslo:correct horse").toString("base64");

  const reasonString = `plant-oslo is not correct horse, Basic ${pair} neither`;
  await (await bench.destination.next()).accept({ reasonCode: 0x86, properties: { reasonString } });

  await until(() => bench.dataflow.status.destination.kind === "down");
  const said = JSON.stringify([bench.dataflow.status, bench.lines]);
  expect(said).toContain("… is not …, Basic … neither");
  for (const secret of ["plant-oslo", "correct horse", pair]) expect(said).not.toContain(secret);
});

describe("SUBACK", () => {
  test.each(rows("SUBACK"))(
    "$name for every filter: the source is connected anew, $verdict",
    async ({ name, code, verdict }) => {
      const bench = await start();
      await (await bench.destination.next()).accept();
      const source = await bench.source.next();
      await source.accept();
      await source.grant([code]);
      // Asked for without a Subscription Identifier, on the same connection.
      if (code === 0xa1) await source.grant([code]);
      await source.ended;

      if (verdict === "slowly") await expectSlowRetry(bench, "source", name);
      else {
        await serveSource(bench);
        await untilReady(bench.dataflow);
        expect(bench.dataflow.status.failure).toBeUndefined();
      }
    },
  );

  test.each(rows("SUBACK"))(
    "$name for one filter: the others deliver on the same connection",
    async ({ name, code }) => {
      const bench = await start({ "dataflows.upward.operations.0.sourceSettings.dataSources": ["a/#", "b/#"] });
      const destination = await bench.destination.next();
      await destination.accept();
      const source = await bench.source.next();
      await source.accept();
      await source.grant();
      await source.grant([code]);
      if (code === 0xa1) await source.grant([code]);
      await untilReady(bench.dataflow);

      publish(source, 1);

      expect(await destination.next("publish")).toMatchObject({ topic: "cloud/a/b" });
      expect(bench.dataflow.status.subscriptionProblems).toEqual([
        expect.stringContaining(`source refuses the filter "b/#": ${name}`),
      ]);
      expect(bench.source.count).toBe(1);
    },
  );
});

describe.each(["source", "destination"] as const)("DISCONNECT of the %s", (side) => {
  test.each(rows("DISCONNECT"))("$name: $verdict", async ({ name, code, verdict }) => {
    const bench = await startConnected();

    bench.brokers[side].send({ cmd: "disconnect", reasonCode: code });

    if (verdict === "slowly") await expectSlowRetry(bench, side, name);
    else {
      if (side === "destination") await (await bench.destination.next()).accept({ sessionPresent: true });
      else await serveSource(bench);
      await untilReady(bench.dataflow);
      expect(bench.dataflow.status.failure).toBeUndefined();
    }
  });
});

describe("PUBACK", () => {
  /**
   * A message is under way, and the destination answers with this code: in bytes, since mqtt-packet writes none that the
   * standard has not for PUBACK.
   */
  async function answer(code: number) {
    const bench = await startConnected();
    publish(bench.brokers.source, 7);
    const { messageId = 0 } = await bench.brokers.destination.next("publish");
    bench.brokers.destination.sendBytes(Buffer.from([0x40, 3, messageId >> 8, messageId & 0xff, code]));
    return bench;
  }

  test.each(rows("PUBACK"))("$name: $verdict", async ({ name, code, verdict }) => {
    const bench = await answer(code);

    if (verdict === "undeliverable") await expectStopped(bench, name);
    else {
      await until(() => bench.dataflow.status.rejection !== undefined);
      expect(bench.dataflow.status.rejection).toContain(name);
      expect(bench.dataflow.status.failure).toBeUndefined();
    }
    expect(bench.brokers.source.commands()).not.toContain("puback");
  });

  test.each([0x00, 0x10])("code %d is a success: the source is told", async (code) => {
    const { brokers } = await answer(code);

    expect(await brokers.source.next("puback")).toMatchObject({ messageId: 7 });
  });

  test.each([0x01, 0x02, 0x04, 0x11, 0x18, 0x7f])(
    "code %d is the success of another packet or of none: nothing counts as delivered",
    async (code) => {
      const { brokers, dataflow } = await answer(code);
      await until(() => dataflow.status.rejection !== undefined);

      expect(dataflow.counters).toMatchObject({ delivered: 0, acknowledged: 0 });
      expect(brokers.source.commands()).not.toContain("puback");
    },
  );

  test("a message that is refused for the time being is sent again a second later, and acknowledged then", async () => {
    const { brokers } = await answer(0x87);

    const { messageId = 0, payload } = await brokers.destination.next("publish");
    brokers.destination.send({ cmd: "puback", messageId });

    expect(payload.toString()).toBe("7");
    expect(await brokers.source.next("puback")).toMatchObject({ messageId: 7 });
  });
});

describe("DISCONNECT of the destination while a message is in flight", () => {
  test.each([0x81, 0x82, 0x90, 0x95, 0x99].map((code) => ({ name: nameReasonCode(code), code })))(
    "$name, which speaks of a packet, costs that message and not the dataflow, where messages may be given up",
    async ({ code }) => {
      const bench = await startConnected({ "dataflows.upward.relay": { undeliverableMessages: "Discard" } });
      publish(bench.brokers.source, 7);
      await bench.brokers.destination.next("publish");

      bench.brokers.destination.send({ cmd: "disconnect", reasonCode: code });
      const again = await bench.destination.next();
      await again.accept();

      expect(await bench.brokers.source.next("puback")).toMatchObject({ messageId: 7 });
      expect(bench.dataflow.status.failure).toBeUndefined();
      expect(bench.dataflow.counters.lost.undeliverable).toBe(1);
    },
  );

  test("stops the dataflow where messages may not be given up, and names the message", async () => {
    const bench = await startConnected();
    publish(bench.brokers.source, 7);
    await bench.brokers.destination.next("publish");

    bench.brokers.destination.send({ cmd: "disconnect", reasonCode: 0x95 });
    await bench.running;

    expect(bench.dataflow.status.failure).toMatch(
      /^a message with topic "cloud\/a\/b" can't be delivered: the destination ends the connection .*0x95 Packet too large/,
    );
    expect(bench.brokers.source.commands()).not.toContain("puback");
  });
});

test("a late AUTH ends the connection and not the dataflow, which connects again after 2 s", async () => {
  const bench = await startConnected();

  bench.brokers.destination.send({ cmd: "auth", reasonCode: 0x18, properties: { authenticationMethod: "X" } });
  await expectSlowRetry(bench, "destination", "sent AUTH, though CONNECT named no authentication method");
  await (await bench.destination.next()).accept({ sessionPresent: true });
  await untilReady(bench.dataflow);

  expect(bench.dataflow.status.failure).toBeUndefined();
});

test("a destination with MQTT 3.1.1 is no destination: with QoS 0 too nothing counts as delivered, and it is tried again", async () => {
  const bench = await start({ "endpoints.cloud.mqttSettings.qos": 0 });
  const old = await bench.destination.next();
  await old.next("connect");
  old.sendBytes(Buffer.from([0x20, 2, 0, 0]));
  publish(await serveSource(bench), 7);

  await expectSlowRetry(bench, "destination", "does not speak MQTT 5");
  await until(() => bench.dataflow.counters.received === 1);
  expect(bench.dataflow.counters).toMatchObject({ delivered: 0, acknowledged: 0 });
  const destination = await bench.destination.next();
  await destination.accept();

  expect(await destination.next("publish")).toMatchObject({ qos: 0 });
});

describe("a source whose session holds a message that can't be read", () => {
  test("is read again after longer and longer waits, and says how to get rid of the message", async () => {
    const bench = await startConnected();
    const tooShort = Buffer.from([0x32, 4, 0, 9, 97, 0]);
    bench.brokers.source.sendBytes(tooShort);
    await expectSlowRetry(
      bench,
      "source",
      "sent a packet that ends too early (0x81 Malformed Packet); see the broker's log, and remove this client's session",
    );
    const source = await bench.source.next();
    await source.accept({ sessionPresent: true });
    source.sendBytes(tooShort);

    await until(() => waitsOf(bench).length === 2);

    expect(waitsOf(bench)).toEqual([2000, 4000]);
    expect(bench.dataflow.status.failure).toBeUndefined();
  });
});
