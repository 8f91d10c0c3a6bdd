import type { EndpointInput } from "../../../runtime/contract/config/endpoint.ts";
import { plainEndpoint, type MqttSettingsInput } from "../../support/relay-config.ts";
import { cloudHost } from "../../support/cloud.ts";
import { password, type Trouble, type TroubleParts } from "./stage.ts";

const day = 86_400_000;
const past = () => ({ notBefore: new Date(Date.now() - 9 * day), notAfter: new Date(Date.now() - day) });
const future = () => ({ notBefore: new Date(Date.now() + day) });

const trusting = { tls: { trustedCaCertificateConfigMapRef: "trust" } } as const;
const trust = (...pem: string[]) => ({ configmaps: { trust: { "ca.crt": pem.join("") } } });
const secure = (port: number, settings: MqttSettingsInput = {}) => plainEndpoint(port, { ...trusting, ...settings });
const x509 = {
  authentication: { method: "X509Certificate", x509CertificateSettings: { secretRef: "device" } },
} as const;
const sat = { authentication: { method: "ServiceAccountToken" } } as const;
const login = {
  authentication: { method: "UsernamePassword", usernamePasswordSettings: { secretRef: "login" } },
} as const;
const bearer = { authentication: { method: "AccessToken", accessTokenSettings: { secretRef: "access" } } } as const;

const serverArea = "The server's certificate";
const networkArea = "The network";
const trustArea = "The trusted CA";
const clientArea = "The client certificate";
const tokenArea = "Service account tokens";
const entraArea = "Managed identities";
const passwordArea = "User names, passwords and access tokens";
const proxyArea = "The HTTP proxy";

/** A server with this certificate, and the plant's CA trusted. */
function serving(
  issue: (parts: TroubleParts) => Promise<{ certificate: string; key: string }>,
  roots: (parts: TroubleParts) => string = ({ authority }) => authority.certificate,
): Trouble["setUp"] {
  return async (parts) => ({ endpoint: secure(await parts.serve(await issue(parts))), mounts: trust(roots(parts)) });
}

/** A client certificate at the broker that demands one; the Secret has these keys. */
function showing(
  files: (parts: TroubleParts) => Record<string, string> | Promise<Record<string, string>>,
): Trouble["setUp"] {
  return async (parts) => ({
    endpoint: secure(parts.mosquitto.ports.mutual, x509),
    mounts: { ...trust(parts.authority.certificate), secrets: { device: await files(parts) } },
  });
}

/** A service account token at AIO's broker. */
function showingToken(
  token: (parts: TroubleParts) => string | undefined | Promise<string | undefined>,
): Trouble["setUp"] {
  return async (parts) => {
    const text = await token(parts);
    return {
      endpoint: plainEndpoint(parts.aio.addresses[0]!.port, sat),
      ...(text === undefined ? {} : { tokens: { edge: text } }),
    };
  };
}

/** Event Grid by workload identity. */
function atCloud({ cloud }: TroubleParts, change: Partial<EndpointInput["mqttSettings"]> = {}) {
  return {
    endpoint: cloud.endpoint(change),
    mounts: trust(cloud.authority.certificate),
    connectTo: { [`${cloudHost}:8883`]: cloud.port },
  };
}

function userAssigned({ cloud }: TroubleParts, change: Record<string, string>) {
  const settings = cloud.endpoint().mqttSettings.authentication as {
    userAssignedManagedIdentitySettings: { clientId: string; tenantId: string };
  };
  return {
    authentication: {
      method: "UserAssignedManagedIdentity",
      userAssignedManagedIdentitySettings: { ...settings.userAssignedManagedIdentitySettings, ...change },
    },
  } as const;
}

/** A plain broker behind a proxy. */
function behind(url: (parts: TroubleParts) => string, more: { secretRef?: string } = {}): Trouble["setUp"] {
  return (parts) => ({
    endpoint: { ...plainEndpoint(parts.mosquitto.ports.plain), relay: { proxy: { url: url(parts), ...more } } },
  });
}

const satOf = ({ issuer }: TroubleParts, change: { audience?: string; expirySeconds?: number } = {}) =>
  issuer.createToken({
    namespace: "plant",
    serviceAccount: "relay",
    audiences: [change.audience ?? "aio-internal"],
    expirySeconds: change.expirySeconds ?? 3600,
  });

/** Every wrong set-up of the page. */
export const troubles: readonly Trouble[] = [
  {
    area: serverArea,
    what: "another CA is trusted than the one that issued it",
    says: /comes from the CA "plant CA", and only "other CA" is trusted/,
    setUp: serving(
      ({ authority }) => authority.createServerCertificate(["127.0.0.1"]),
      ({ other }) => other.certificate,
    ),
  },
  {
    area: serverArea,
    what: "a CA of the same name with another key is trusted",
    says: /does not come from the CA "plant CA" that is trusted here/,
    setUp: async (parts) => {
      const { createCertificateAuthority } = await import("../../../emulator/certificates/certificate-authority.ts");
      const sameName = await createCertificateAuthority("plant CA");
      const server = await parts.authority.createServerCertificate(["127.0.0.1"]);
      return { endpoint: secure(await parts.serve(server)), mounts: trust(sameName.certificate) };
    },
  },
  {
    area: serverArea,
    what: "no CA is named, and the system's roots don't know it",
    says: /is none of the system's roots/,
    setUp: async (parts) => ({
      endpoint: plainEndpoint(await parts.serve(await parts.other.createServerCertificate(["127.0.0.1"])), { tls: {} }),
    }),
  },
  {
    area: serverArea,
    what: "it has expired",
    says: /"127.0.0.1" expired at/,
    setUp: serving(({ authority }) => authority.createServerCertificate(["127.0.0.1"], past())),
  },
  {
    area: serverArea,
    what: "it is not valid yet, or this machine's clock is late",
    says: /is not valid before/,
    setUp: serving(({ authority }) => authority.createServerCertificate(["127.0.0.1"], future())),
  },
  {
    area: serverArea,
    what: "it is for another host name",
    says: /is for "other.example", and not for "127.0.0.1"/,
    setUp: serving(({ authority }) => authority.createServerCertificate(["other.example"])),
  },
  {
    area: serverArea,
    what: "it is a client certificate",
    says: /is not one for servers/,
    setUp: serving(({ authority }) => authority.createClientCertificate("127.0.0.1")),
  },
  {
    area: serverArea,
    what: "the server does not send its intermediate",
    says: /comes from the CA "between", and only "plant CA" is trusted/,
    setUp: serving(async ({ authority }) =>
      (await authority.createIntermediate("between")).createServerCertificate(["127.0.0.1"]),
    ),
  },
  {
    area: networkArea,
    what: "nothing listens on the port",
    says: /ECONNREFUSED .*: nothing listens there/,
    setUp: ({ freePort }) => ({ endpoint: plainEndpoint(freePort) }),
  },
  {
    area: networkArea,
    what: "the port takes connections and says nothing to TLS",
    says: /no connection within 1000 ms/,
    setUp: ({ silentPort, authority }) => ({ endpoint: secure(silentPort), mounts: trust(authority.certificate) }),
  },
  {
    area: networkArea,
    what: "the port takes connections and says nothing to MQTT",
    says: /sent no CONNACK within 1000 ms/,
    setUp: ({ silentPort }) => ({ endpoint: plainEndpoint(silentPort) }),
  },
  {
    area: networkArea,
    what: "TLS is enabled, and the port speaks none",
    says: /closed during the TLS handshake/,
    setUp: ({ mosquitto, authority }) => ({
      endpoint: secure(mosquitto.ports.plain),
      mounts: trust(authority.certificate),
    }),
  },
  {
    area: networkArea,
    what: "TLS is disabled, and the port demands it",
    says: /before CONNACK; see the broker's log: .* or want TLS/,
    setUp: async (parts) => ({
      endpoint: plainEndpoint(await parts.serve(await parts.authority.createServerCertificate(["127.0.0.1"]))),
    }),
  },
  {
    area: networkArea,
    what: "the broker speaks TLS 1.1 at most",
    says: /speaks no TLS 1.2 or 1.3/,
    setUp: ({ oldTlsPort, authority }) => ({ endpoint: secure(oldTlsPort), mounts: trust(authority.certificate) }),
  },
  {
    area: networkArea,
    what: "the broker speaks MQTT 3.1.1 only",
    says: /does not speak MQTT 5 .*; use a broker, or a listener of it, with MQTT 5/,
    setUp: ({ oldMqttPort }) => ({ endpoint: plainEndpoint(oldMqttPort) }),
  },
  {
    area: networkArea,
    what: "the host name is none of the Event Grid namespace (SNI)",
    says: /closed during the TLS handshake; the server may not serve that host name/,
    setUp: (parts) => ({
      ...atCloud(parts, { host: "custom.example:8883" }),
      endpoint: { ...parts.cloud.endpoint({ host: "custom.example:8883" }), hostType: "EventGrid" },
      connectTo: { "custom.example:8883": parts.cloud.port },
    }),
  },
  {
    area: networkArea,
    what: "the path of the WebSocket is wrong",
    says: /Unexpected server response: 400/,
    setUp: ({ aio }) => ({
      endpoint: plainEndpoint(0, { host: `127.0.0.1:${aio.addresses[1]!.port}/wrong`, protocol: "WebSockets" }),
    }),
  },
  {
    area: trustArea,
    what: "the ConfigMap is not mounted",
    says: /configmaps\/trust has no files; mount/,
    setUp: ({ mosquitto }) => ({ endpoint: secure(mosquitto.ports.mutual) }),
  },
  {
    area: trustArea,
    what: "the ConfigMap has only empty keys",
    says: /has only empty files; mount/,
    setUp: ({ mosquitto }) => ({ endpoint: secure(mosquitto.ports.mutual), mounts: trust("") }),
  },
  {
    area: trustArea,
    what: "the ConfigMap holds no certificate",
    says: /has no certificate under "ca.crt"/,
    setUp: ({ mosquitto }) => ({ endpoint: secure(mosquitto.ports.mutual), mounts: trust("see the wiki") }),
  },
  {
    area: trustArea,
    what: "a certificate in the ConfigMap was cut",
    says: /certificate 1 can't be read/,
    setUp: ({ mosquitto, authority }) => ({
      endpoint: secure(mosquitto.ports.mutual),
      mounts: trust(authority.certificate.replace(/\n.{64}\n/, "\n")),
    }),
  },
  {
    area: clientArea,
    what: "the Secret is not mounted",
    says: /Secret "device" has no client certificate; mount it/,
    setUp: showing(() => ({})),
  },
  {
    area: clientArea,
    what: "the key is missing",
    says: /mount the Secret "device" with the key "tls.key"/,
    setUp: showing(({ client }) => ({ "tls.crt": client.certificate })),
  },
  {
    area: clientArea,
    what: "the file of the key is empty",
    says: /tls.key is empty; mount/,
    setUp: showing(({ client }) => ({ "tls.crt": client.certificate, "tls.key": "" })),
  },
  {
    area: clientArea,
    what: "the key belongs to another certificate",
    says: /is not the key of the certificate "relay"/,
    setUp: showing(({ client, foreignClient }) => ({ "tls.crt": client.certificate, "tls.key": foreignClient.key })),
  },
  {
    area: clientArea,
    what: "key and certificate are swapped",
    says: /key "tls.crt": has no certificate/,
    setUp: showing(({ client }) => ({ "tls.crt": client.key, "tls.key": client.certificate })),
  },
  {
    area: clientArea,
    what: "the key is encrypted",
    says: /is encrypted, and there is no passphrase/,
    setUp: showing(({ client, encrypt }) => ({
      "client_cert.pem": client.certificate,
      "client_key.pem": encrypt(client.key),
    })),
  },
  {
    area: clientArea,
    what: "it has expired",
    says: /client certificate "relay" of Secret "device" expired at/,
    setUp: showing(async ({ authority }) => {
      const { certificate, key } = await authority.createClientCertificate("relay", past());
      return { "tls.crt": certificate, "tls.key": key };
    }),
  },
  {
    area: clientArea,
    what: "it is not valid yet, or this machine's clock is late",
    says: /client certificate "relay" of Secret "device" is not valid before/,
    setUp: showing(async ({ authority }) => {
      const { certificate, key } = await authority.createClientCertificate("relay", future());
      return { "tls.crt": certificate, "tls.key": key };
    }),
  },
  {
    area: clientArea,
    what: "the broker does not know its CA",
    says: /its CA is not known there/,
    setUp: showing(({ foreignClient }) => ({ "tls.crt": foreignClient.certificate, "tls.key": foreignClient.key })),
  },
  {
    area: clientArea,
    what: "the broker demands one, and none is shown",
    says: /demands a client certificate/,
    setUp: ({ mosquitto, authority }) => ({
      endpoint: secure(mosquitto.ports.mutual),
      mounts: trust(authority.certificate),
    }),
  },
  {
    area: clientArea,
    what: "Event Grid knows no client of that authentication name",
    says: /0x87 Not authorized/,
    setUp: async (parts) => {
      const { certificate, key } = await parts.cloud.authority.createClientCertificate("relay");
      const { endpoint, mounts, connectTo } = atCloud(parts, x509);
      return {
        endpoint: { ...endpoint, relay: { username: "nobody" } },
        mounts: { ...mounts, secrets: { device: { "tls.crt": certificate, "tls.key": key } } },
        connectTo,
      };
    },
  },
  {
    area: tokenArea,
    what: "the token is not mounted",
    says: /tokens\/edge.*; mount a projected service account token/,
    setUp: showingToken(() => undefined),
  },
  {
    area: tokenArea,
    what: "its file is empty",
    says: /tokens\/edge is empty; mount/,
    setUp: showingToken(() => ""),
  },
  {
    area: tokenArea,
    what: "it is for another audience",
    says: /0x87 Not authorized/,
    setUp: showingToken((parts) => satOf(parts, { audience: "https://kubernetes.default.svc" })),
  },
  {
    area: tokenArea,
    what: "it comes from another cluster",
    says: /0x87 Not authorized/,
    setUp: showingToken(async () => {
      const { createClusterIssuer } = await import("../../../emulator/identity/cluster-issuer.ts");
      const issuer = await createClusterIssuer();
      return issuer.createToken({ namespace: "plant", serviceAccount: "relay", audiences: ["aio-internal"] });
    }),
  },
  {
    area: tokenArea,
    what: "it has expired, or this machine's clock is fast: at the second attempt",
    says: /expired at TIME and is not shown again/,
    attempts: 2,
    setUp: showingToken((parts) => satOf(parts, { expirySeconds: -60 })),
  },
  {
    area: tokenArea,
    what: "the broker takes no service account tokens",
    says: /0x8c Bad authentication method/,
    setUp: async (parts) => ({
      endpoint: plainEndpoint(parts.mosquitto.ports.plain, sat),
      tokens: { edge: await satOf(parts) },
    }),
  },
  {
    area: entraArea,
    what: "the pod has no federated token: workload identity is not set up",
    says: /^no token for .*AZURE_FEDERATED_TOKEN_FILE is not set/,
    setUp: (parts) => ({ ...atCloud(parts), env: { AZURE_FEDERATED_TOKEN_FILE: undefined } }),
  },
  {
    area: entraArea,
    what: "the file of the federated token is missing",
    says: /^no token for .*ENOENT/,
    setUp: (parts) => ({ ...atCloud(parts), env: { AZURE_FEDERATED_TOKEN_FILE: "/nowhere/token" } }),
  },
  {
    area: entraArea,
    what: "the client ID is unknown to Entra",
    says: /client ID "ID" does not exist/,
    setUp: (parts) => atCloud(parts, userAssigned(parts, { clientId: "11111111-2222-3333-4444-555555555555" })),
  },
  {
    area: entraArea,
    what: "the tenant is unknown to Entra",
    says: /^no token for .*answered 400/,
    setUp: (parts) => atCloud(parts, userAssigned(parts, { tenantId: "11111111-2222-3333-4444-555555555555" })),
  },
  {
    area: entraArea,
    what: "the token is for another audience",
    says: /0x87 Not authorized/,
    setUp: (parts) => atCloud(parts, userAssigned(parts, { scope: "https://storage.azure.com/.default" })),
  },
  {
    area: entraArea,
    what: "Entra can't be reached",
    says: /^no token for .*ECONNREFUSED/,
    setUp: (parts) => ({ ...atCloud(parts), env: { AZURE_AUTHORITY_HOST: `https://localhost:${parts.freePort}` } }),
  },
  {
    area: entraArea,
    what: "the identity endpoint gives what is no token",
    says: /is no JSON Web Token/,
    setUp: (parts) => {
      const body = JSON.stringify({
        access_token: "none",
        expires_in: "3600",
        expires_on: "9999999999",
        token_type: "Bearer",
      });
      parts.cloud.identities.fail({ status: 200, body });
      return {
        ...atCloud(parts, { authentication: { method: "SystemAssignedManagedIdentity" } }),
        env: { ...parts.cloud.identities.appServiceEnvironment },
        end: () => {
          parts.cloud.identities.fail(undefined);
        },
      };
    },
  },
  {
    area: passwordArea,
    what: "the password is wrong",
    says: /refused the connection: 0x8[67]/,
    setUp: ({ mosquitto }) => ({
      endpoint: plainEndpoint(mosquitto.ports.passwords, login),
      mounts: { secrets: { login: { username: "plant", password: `not-${password}` } } },
    }),
  },
  {
    area: passwordArea,
    what: "the Secret has no password",
    says: /mount the Secret "login" with the key "password"/,
    setUp: ({ mosquitto }) => ({
      endpoint: plainEndpoint(mosquitto.ports.passwords, login),
      mounts: { secrets: { login: { username: "plant" } } },
    }),
  },
  {
    area: passwordArea,
    what: "the access token is empty",
    says: /accessToken is empty; mount/,
    setUp: ({ mosquitto }) => ({
      endpoint: plainEndpoint(mosquitto.ports.passwords, bearer),
      mounts: { secrets: { access: { accessToken: "\n" } } },
    }),
  },
  {
    area: passwordArea,
    what: "the broker takes nobody without a user name",
    says: /refused the connection: 0x8[67]/,
    setUp: ({ mosquitto }) => ({ endpoint: plainEndpoint(mosquitto.ports.passwords) }),
  },
  {
    area: proxyArea,
    what: "it demands a user name and a password",
    says: /refused CONNECT: 407 Refused; give its user name and password/,
    setUp: behind(({ proxies }) => proxies.login.url),
  },
  {
    area: proxyArea,
    what: "it does not let the host through",
    says: /refused CONNECT: 403 Refused; ask its operator/,
    setUp: behind(({ proxies }) => proxies.forbidding.url),
  },
  {
    area: proxyArea,
    what: "it does not reach the broker",
    says: /502 Bad Gateway: it does not reach the host/,
    setUp: ({ proxies, freePort }) => ({
      endpoint: { ...plainEndpoint(freePort), relay: { proxy: { url: proxies.open.url } } },
    }),
  },
  {
    area: proxyArea,
    what: "nothing listens at its address",
    says: /proxy http:\/\/127.0.0.1:PORT: connect ECONNREFUSED/,
    setUp: behind(({ freePort }) => `http://127.0.0.1:${freePort}`),
  },
  {
    area: proxyArea,
    what: "its Secret is not mounted",
    says: /mount the Secret "proxy-login" with the key "username"/,
    setUp: behind(({ proxies }) => proxies.login.url, { secretRef: "proxy-login" }),
  },
];
