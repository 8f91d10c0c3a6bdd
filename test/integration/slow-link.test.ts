import { once } from "node:events";
import net, { type AddressInfo, type Server, type Socket } from "node:net";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import type { EndpointInput } from "../../runtime/contract/config/endpoint.ts";
import { cleanUp } from "../support/integration.ts";
import { startMosquitto, type Mosquitto } from "../support/mosquitto.ts";
import { collect, connectMqttClient } from "../support/mqtt-clients.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../support/relay-config.ts";
import { startRelay, type RelayProcess } from "../support/relay-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

/** Bytes in a second, each way. */
const rate = 100_000;
const largeBytes = 1_000_000;
/** Half of it passes without a byte on a link that has gone: far less than a large message takes. */
const keepAliveSeconds = 5;
/** Time for SUBACK: the same. */
const connectTimeoutSeconds = 3;

/** Passes bytes on at a rate, and takes no more of them than that. */
async function pipeSlowly(from: Socket, to: Socket): Promise<void> {
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length; at += rate / 20) {
        to.write(chunk.subarray(at, at + rate / 20));
        await delay((Math.min(rate / 20, chunk.length - at) / rate) * 1000);
      }
    }
    to.end();
  } catch {
    to.destroy();
  }
}

/** A slow link to a port on loopback, which counts its connections. */
async function startSlowLink(to: number): Promise<{ server: Server; port: number; readonly connections: number }> {
  let connections = 0;
  const server = net.createServer((near) => {
    connections++;
    const far = net.connect(to, "127.0.0.1");
    for (const socket of [near, far]) socket.on("error", () => undefined);
    void pipeSlowly(near, far);
    void pipeSlowly(far, near);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    server,
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
  };
}

describeWithPart("mosquitto", (executable) => {
  let near: Mosquitto<"mqtt">;
  let far: Mosquitto<"mqtt">;
  const servers: Server[] = [];

  beforeAll(async () => {
    const folder = createTemporaryFolder("slow-link");
    const listeners = { mqtt: {} };
    near = await startMosquitto(executable, path.join(folder, "near"), { listeners });
    far = await startMosquitto(executable, path.join(folder, "far"), { listeners });
  });
  afterAll(async () => {
    for (const server of servers) server.close();
    await cleanUp();
  });

  async function slowLinkTo(port: number) {
    const link = await startSlowLink(port);
    servers.push(link.server);
    return link;
  }

  async function startReady(name: string, source: EndpointInput, destination: EndpointInput): Promise<RelayProcess> {
    const config = buildConfig({
      endpoints: { source, destination },
      dataflows: {
        [name]: buildDataflow(["source", [`${name}/#`]], ["destination", "${inputTopic}"], {
          relay: { stallTimeoutSeconds: 120 },
        }),
      },
      relay: { connectTimeoutSeconds },
    });
    const relay = await startRelay({ folder: createTemporaryFolder("relay"), config });
    await relay.untilReady();
    return relay;
  }

  test("a large message arrives over a slow uplink, once and on one connection", async () => {
    const link = await slowLinkTo(far.ports.mqtt);
    const arrivals = await collect("uplink/#", { port: far.ports.mqtt });
    const destination = plainEndpoint(link.port, { keepAliveSeconds });
    const relay = await startReady("uplink", plainEndpoint(near.ports.mqtt), destination);
    const publisher = await connectMqttClient({ port: near.ports.mqtt });

    await publisher.publishAsync("uplink/large", Buffer.alloc(largeBytes), { qos: 1 });
    await publisher.publishAsync("uplink/small", "x", { qos: 1 });
    await arrivals.untilTopic("uplink/small");

    expect(arrivals.messages.map(({ topic }) => topic)).toEqual(["uplink/large", "uplink/small"]);
    expect([link.connections, relay.log.filter(({ reason }) => reason !== undefined)]).toEqual([1, []]);
  });

  test("a kept session comes back over a slow downlink, though SUBACK stands behind a large message", async () => {
    const link = await slowLinkTo(far.ports.mqtt);
    const arrivals = await collect("downlink/#", { port: near.ports.mqtt });
    const endpoints = [plainEndpoint(link.port, { keepAliveSeconds }), plainEndpoint(near.ports.mqtt)] as const;
    const first = await startReady("downlink", ...endpoints);
    await first.stop();
    const publisher = await connectMqttClient({ port: far.ports.mqtt });
    await publisher.publishAsync("downlink/large", Buffer.alloc(largeBytes), { qos: 1 });
    const before = link.connections;

    const relay = await startReady("downlink", ...endpoints);
    await arrivals.untilTopic("downlink/large");

    expect(arrivals.messages).toHaveLength(1);
    // The second one looks whether another instance has left a session.
    expect([link.connections - before, relay.log.filter(({ reason }) => reason !== undefined)]).toEqual([2, []]);
  });
});
