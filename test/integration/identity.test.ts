import { setTimeout as delay } from "node:timers/promises";

import { createArcServer, findArcServer, type ArcServer } from "../support/arc-server.ts";
import { findFreePort } from "../support/free-port.ts";
import { startCloud, type Cloud } from "../support/cloud.ts";
import { startConnectProxy, type ConnectProxy } from "../support/connect-proxy.ts";
import { cleanUp } from "../support/integration.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../support/relay-config.ts";
import { startRelay, type RelayProcess } from "../support/relay-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";
import { stopProcesses } from "../support/started-process.ts";
import { connectMqttClient } from "../support/mqtt-clients.ts";
import { startBroker, closeBrokers } from "../emulator/support/test-broker.ts";
import type { EndpointInput } from "../../runtime/contract/config/endpoint.ts";
import type { RelayConfigInput } from "../../runtime/contract/config.ts";

const proxyPassword = "hunter2-hunter2";
const open: { clouds: Cloud[]; proxies: ConnectProxy[] } = { clouds: [], proxies: [] };

afterEach(async () => {
  await cleanUp();
  await closeBrokers();
  for (const proxy of open.proxies.splice(0)) await proxy.close();
  for (const cloud of open.clouds.splice(0)) await cloud.close();
});

async function start(options?: Parameters<typeof startCloud>[0]): Promise<Cloud> {
  const cloud = await startCloud(options);
  open.clouds.push(cloud);
  return cloud;
}

async function startProxy(options: Parameters<typeof startConnectProxy>[0]): Promise<ConnectProxy> {
  const proxy = await startConnectProxy(options);
  open.proxies.push(proxy);
  return proxy;
}

interface Case {
  readonly cloud: Cloud;
  readonly endpoint?: EndpointInput;
  readonly env?: Readonly<Record<string, string>>;
  readonly relay?: RelayConfigInput["relay"];
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly connectTo?: readonly string[];
  readonly within?: ArcServer["within"];
}

/** Starts a relay from an open broker at the edge to the cloud; returns it with what sends one message through. */
async function startPlant({ cloud, endpoint, env = {}, relay = {}, secrets = {}, connectTo, within }: Case) {
  const edge = await startBroker();
  const folder = createTemporaryFolder("identity");
  const given = cloud.relayOptions(folder);
  const process = await startRelay({
    folder,
    config: buildConfig({
      endpoints: {
        edge: { ...plainEndpoint(edge.address.port), hostType: "LocalBroker" },
        cloud: endpoint ?? cloud.endpoint(),
      },
      dataflows: { telemetry: buildDataflow(["edge", ["in"]], ["cloud", "out"]) },
      relay,
    }),
    mounts: { configmaps: given.trust, secrets },
    connectTo: connectTo ?? given.connectTo ?? [],
    env: { ...given.env, ...env },
    ...(within === undefined ? {} : { within }),
  });
  const send = async () => {
    const publisher = await connectMqttClient({ port: edge.address.port });
    await publisher.publishAsync("in", "1", { qos: 1 });
    await process.untilMetric("relay_messages_delivered_total", (value) => value === 1);
  };
  return { process, send };
}

function logOf({ process }: RelayProcess): string {
  return process.lines.join("\n");
}

describe("a managed identity of the node", () => {
  test.each([
    ["an App Service", (cloud: Cloud) => ({ ...cloud.identities.appServiceEnvironment })],
    ["a virtual machine (IMDS)", (cloud: Cloud) => ({ ...cloud.identities.imdsEnvironment })],
  ])("is used in the way of %s, and not asked for through the proxy of the environment", async (_way, environment) => {
    const cloud = await start();
    const endpoint = cloud.endpoint({ authentication: { method: "SystemAssignedManagedIdentity" } });
    const proxy = await startProxy({});
    const env = { ...environment(cloud), HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url, NO_PROXY: "" };

    const { process, send } = await startPlant({ cloud, endpoint, env });
    await process.untilReady();
    await send();

    const connected = cloud.events.find(({ kind }) => kind === "connect");
    expect(connected).toMatchObject({ method: "OAUTH2-JWT" });
    expect(proxy.others).toEqual([]);
    // The broker itself is outside the node.
    expect(proxy.asked).toEqual([`127.0.0.1:${cloud.port}`]);
  });
});

describeWithPart(
  "unshare",
  (unshare) => {
    test("the identity of an Arc-enabled server is used, with the key that its agent leaves in a file", async () => {
      const server = await createArcServer(unshare);
      try {
        const cloud = await start({ arcKeyFolder: server.keyFolder });
        const endpoint = cloud.endpoint({ authentication: { method: "SystemAssignedManagedIdentity" } });
        const env = { ...cloud.identities.arcEnvironment };

        const { process, send } = await startPlant({ cloud, endpoint, env, within: server.within });
        await process.untilReady();
        await send();

        expect(cloud.events.find(({ kind }) => kind === "connect")).toMatchObject({ method: "OAUTH2-JWT" });
      } finally {
        await stopProcesses();
        server.end();
      }
    });
  },
  findArcServer,
);

describe("workload identity whose identity service fails", () => {
  test("goes on with the old token, says until when, and shows the next one on the live connection", async () => {
    const cloud = await start({ tokenLifetimeSeconds: 32 });
    const { process, send } = await startPlant({ cloud });
    await process.untilReady();

    // Without Retry-After the library asks no more for a minute, which is longer than this token lives.
    const headers = { "retry-after": "1" };
    cloud.identities.fail({ status: 429, body: '{"error":"temporarily_unavailable"}', headers });
    await delay(12_000);
    const line = await process.untilLog(({ msg }) => msg.startsWith("credential not renewed"));
    expect(line).toMatchObject({
      level: "warn",
      endpoint: "cloud",
      credential: "token for https://eventgrid.azure.net/.default",
      validUntil: expect.stringMatching(/Z$/),
      retryInMs: expect.any(Number),
      reason: expect.stringContaining("answered 429"),
    });
    cloud.identities.fail(undefined);
    await process.untilLog(({ msg }) => msg === "re-authenticated");
    await send();

    expect(cloud.events.filter(({ kind }) => kind === "disconnect")).toEqual([]);
  });

  test.each([
    ["answers with a page", { status: 200, body: "<html>sign in</html>" }],
    [
      "gives what is no token",
      { status: 200, body: '{"token_type":"Bearer","expires_in":3600,"access_token":"none"}' },
    ],
  ])("says so when it %s, and connects once it is well", async (_case, failure) => {
    const cloud = await start();
    cloud.identities.fail(failure);
    const { process } = await startPlant({ cloud });

    const { reason } = await process.untilLog(({ msg }) => msg === "could not connect, will retry");
    expect(String(reason)).toMatch(/^no token for https:\/\/eventgrid.azure.net\/.default: ./);
    cloud.identities.fail(undefined);
    await process.untilReady();
  });
});

describe("through a proxy", () => {
  const secrets = { "proxy-login": { username: "plant", password: `${proxyPassword}\n` } };

  test.each(["Mqtt", "WebSockets"] as const)(
    "with a user name and a password go the token request and %s with TLS",
    async (protocol) => {
      const cloud = await start();
      const mqttPort = protocol === "Mqtt" ? 8883 : 443;
      const port = cloud.broker.addresses[protocol === "Mqtt" ? 0 : 1]!.port;
      const host = `ns-1.westeurope-1.ts.eventgrid.azure.net:${mqttPort}`;
      const proxy = await startProxy({ credentials: `plant:${proxyPassword}`, hosts: { [host]: port } });

      const { process, send } = await startPlant({
        cloud,
        endpoint: cloud.endpoint({ host, protocol }),
        relay: { proxy: { url: proxy.url, secretRef: "proxy-login" } },
        secrets,
        connectTo: [],
      });
      await process.untilReady();
      await send();

      const identityHost = new URL(cloud.identities.authorityHost).host;
      expect(new Set(proxy.asked)).toEqual(new Set([identityHost, host]));
      expect(proxy.tunnels).toBe(proxy.asked.length);
      expect(logOf(process)).not.toContain(proxyPassword);
      expect(logOf(process)).not.toContain(Buffer.from(`plant:${proxyPassword}`).toString("base64"));
    },
  );

  test("of an endpoint, with TLS and a CA of its own, go the token request and the connection of that endpoint", async () => {
    const cloud = await start();
    const tls = await cloud.authority.createServerCertificate(["localhost"]);
    const host = "ns-1.westeurope-1.ts.eventgrid.azure.net:8883";
    const proxy = await startProxy({ tls, credentials: `plant:${proxyPassword}`, hosts: { [host]: cloud.port } });
    const url = `https://localhost:${proxy.port}`;

    const { process, send } = await startPlant({
      cloud,
      endpoint: {
        ...cloud.endpoint(),
        relay: { proxy: { url, secretRef: "proxy-login", trustedCaCertificateConfigMapRef: "trust" } },
      },
      relay: { proxy: { url: `http://127.0.0.1:${await findFreePort()}` } },
      secrets,
      connectTo: [],
    });
    await process.untilReady();
    await send();

    expect(new Set(proxy.asked)).toEqual(new Set([new URL(cloud.identities.authorityHost).host, host]));
  });

  test("of the environment goes what NO_PROXY does not name", async () => {
    const cloud = await start();
    const proxy = await startProxy({});
    const env = { HTTPS_PROXY: proxy.url, NO_PROXY: "localhost" };

    const { process } = await startPlant({ cloud, env });
    await process.untilReady();

    expect(proxy.asked).toEqual([`127.0.0.1:${cloud.port}`]);
  });

  test.each([
    ["407", {}, /^no token for .*proxy http:\/\/127.0.0.1:[0-9]+ refused CONNECT: 407 .*proxy.secretRef/],
    [
      "403",
      { refuseWith: 403 },
      /^no token for .*localhost:[0-9]+: proxy http:\S+ refused CONNECT: 403 .*ask its operator/,
    ],
  ])("that answers %s the reason is in the log, and what to do", async (_status, options, reason) => {
    const cloud = await start();
    const proxy = await startProxy({ credentials: `plant:${proxyPassword}`, ...options });
    const endpoint = cloud.endpoint();

    const { process } = await startPlant({
      cloud,
      endpoint: { ...endpoint, relay: { proxy: { url: proxy.url } } },
    });
    const line = await process.untilLog(({ msg }) => msg === "could not connect, will retry");

    expect(line["reason"]).toMatch(reason);
    expect(proxy.tunnels).toBe(0);
  });

  test('an endpoint that says "direct" goes past the relay\'s proxy', async () => {
    const cloud = await start();
    const relay = { proxy: { url: `http://127.0.0.1:${await findFreePort()}` } };

    const { process } = await startPlant({
      cloud,
      endpoint: { ...cloud.endpoint(), relay: { proxy: { url: "direct" } } },
      relay,
    });

    await process.untilReady();
  });
});
