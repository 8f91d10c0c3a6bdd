import { connectAsync } from "mqtt";

import type { Cause } from "../../../cli/doctor/causes.ts";
import { createCertificateAuthority } from "../../../emulator/certificates/certificate-authority.ts";
import type { EndpointInput } from "../../../runtime/contract/config/endpoint.ts";
import { cloudHost, type Cloud } from "../../support/cloud.ts";
import { findFreePort } from "../../support/free-port.ts";
import { buildDataflow } from "../../support/relay-config.ts";
import { SmallVolume } from "../../support/small-volume.ts";
import type { SiteCase } from "./site.ts";

/** A site that has one thing wrong. */
export interface CauseCase {
  /** What is wrong, in the words of who reads the page. */
  readonly what: string;
  /** How the site has it. */
  readonly how: string;
  /** Name that both commands give it. */
  readonly cause: Cause;
  /** Whether the message of `test` arrives all the same. */
  readonly arrives?: true;
  /** Whether its disk queue is on a volume of its own: mounting one takes a right that not every user has. */
  readonly setsSpool?: true;
  readonly setUp: () => Promise<SiteCase> | SiteCase;
  readonly before?: (cloud: Cloud) => Promise<void> | void;
}

const tenMinutesMs = 600_000;

function withSettings(endpoint: EndpointInput, settings: Partial<EndpointInput["mqttSettings"]>): EndpointInput {
  return { ...endpoint, mqttSettings: { ...endpoint.mqttSettings, ...settings } };
}

function withScope(endpoint: EndpointInput, scope: string): EndpointInput {
  const { authentication } = endpoint.mqttSettings;
  if (authentication.method !== "UserAssignedManagedIdentity") throw new Error(authentication.method);
  const { userAssignedManagedIdentitySettings: settings } = authentication;
  return withSettings(endpoint, {
    authentication: { ...authentication, userAssignedManagedIdentitySettings: { ...settings, scope } },
  });
}

/** A Secret with a client certificate, and the authentication that shows it. */
async function clientCertificate(notAfter?: Date) {
  const authority = await createCertificateAuthority();
  const { certificate, key } = await authority.createClientCertificate("relay", notAfter && { notAfter });
  const authentication = { method: "X509Certificate", x509CertificateSettings: { secretRef: "device" } } as const;
  return { device: { "tls.crt": certificate, "tls.key": key }, authentication };
}

/** Holds a session of the relay's own identity at the cloud. */
async function takeSession(cloud: Cloud): Promise<void> {
  const client = await connectAsync(`mqtts://127.0.0.1:${cloud.port}`, {
    protocolVersion: 5,
    servername: cloudHost,
    ca: cloud.authority.certificate,
    clientId: "other",
    properties: {
      sessionExpiryInterval: 3600,
      authenticationMethod: "OAUTH2-JWT",
      authenticationData: Buffer.from(await cloud.createToken()),
    },
  });
  await client.endAsync();
}

/** Each cause that `doctor` and `test` have to name, at a site where nothing else is wrong. */
export const causeCases: readonly CauseCase[] = [
  {
    what: "Wrong host",
    how: "`host` of the endpoint `cloud` is a name that the DNS does not have.",
    cause: "host-not-found",
    setUp: () => ({ endpoint: (works) => withSettings(works, { host: "nosuch.invalid:8883" }) }),
  },
  {
    what: "Wrong port",
    how: "Nothing listens on the port in `host` of the endpoint `plant`.",
    cause: "port-closed",
    setUp: async () => ({ plantPort: await findFreePort() }),
  },
  {
    what: "Expired certificate",
    how: "The client certificate of the endpoint `cloud` has ended a minute ago.",
    cause: "certificate-expired",
    setUp: async () => {
      const { device, authentication } = await clientCertificate(new Date(Date.now() - 60_000));
      return { endpoint: (works) => withSettings(works, { authentication }), secrets: { device } };
    },
  },
  {
    what: "Wrong audience",
    how: "`scope` of the endpoint `cloud` asks for a token for Azure Storage.",
    cause: "wrong-audience",
    setUp: () => ({ endpoint: (works) => withScope(works, "https://storage.azure.com/.default") }),
  },
  {
    what: "Missing role",
    how: "The relay's identity may only subscribe at the namespace.",
    cause: "missing-role",
    setUp: () => ({ cloud: { roles: ["subscriber"] } }),
  },
  {
    what: "Topic outside the topic space",
    how: "Topics of the dataflow `weather` are in no topic space; those of `upward` are.",
    cause: "topic-outside-topic-space",
    setUp: () => ({
      cloud: { topicTemplates: ["oslo/#"] },
      dataflows: {
        weather: buildDataflow(["plant", ["weather/+"]], ["cloud", "weather/${inputTopic.2}"], {
          relay: { spool: { mode: "Disabled" } },
        }),
      },
    }),
  },
  {
    what: "Session limit",
    how: "The namespace allows one session for the identity, and another client has it.",
    cause: "session-limit",
    setUp: () => ({ cloud: { maxSessions: 1 } }),
    before: takeSession,
  },
  {
    what: "Receive Maximum too small",
    how: "The broker announces a Receive Maximum of 10, and the relay may have 100 messages in flight.",
    cause: "receive-maximum",
    arrives: true,
    setUp: () => ({}),
    before: ({ broker }) => {
      broker.faults.announce({ receiveMaximum: 10 });
    },
  },
  {
    what: "Unreachable proxy",
    how: "Nothing listens on the port of the proxy of the endpoint `cloud`.",
    cause: "proxy-unreachable",
    setUp: async () => {
      const url = `http://127.0.0.1:${await findFreePort()}`;
      // With a managed identity the way to Microsoft Entra goes through the proxy too, and is a second finding.
      const { device, authentication } = await clientCertificate();
      return {
        endpoint: (works) => ({ ...withSettings(works, { authentication }), relay: { proxy: { url } } }),
        secrets: { device },
      };
    },
  },
  {
    what: "Full disk",
    how: "The relay has been started with a volume that is full.",
    cause: "disk-full",
    setsSpool: true,
    setUp: () => {
      const volume = SmallVolume.mount(4 * 1024 * 1024);
      volume.fill();
      return { spool: volume.folder, relay: { spool: { mode: "Enabled" } } };
    },
  },
  {
    what: "Clock wrong by ten minutes",
    how: "The clock of the machine that runs relay and commands is ten minutes ahead.",
    cause: "clock-wrong",
    arrives: true,
    setUp: () => ({ clockAheadMs: tenMinutesMs }),
  },
];
