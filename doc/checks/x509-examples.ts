import { certificate } from "./declaration.ts";
import type { CheckExample } from "./declaration.ts";

/** A namespace that knows one client with a certificate, with all that this takes. */
const x509 = {
  caCertificates: { plant: { certificate } },
  clients: { "oslo-relay": { attributes: { type: "relay" } } },
  clientGroups: { relays: { query: "attributes.type IN ['relay']" } },
  permissionBindings: {
    "relays-telemetry": { clientGroup: "relays", topicSpace: "telemetry", permission: "Publisher" },
    "relays-commands": { clientGroup: "relays", topicSpace: "commands", permission: "Subscriber" },
  },
};
const cloudWithCertificate = { authenticationMethod: "X509Certificate", secretRef: "oslo-relay" };

const manyBindings = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `binding-${index}`,
      { clientGroup: "$all", topicSpace: "telemetry", permission: "Publisher" },
    ]),
  );

const thumbprint = "0123456789ABCDEF0123456789ABCDEF01234567";

type ClientRow = readonly [shown: string, field: string, fails: object, passes: object];

/** A client that breaks a limit in one field, and one beside it that does not. */
function clientExamples(rows: readonly ClientRow[]): CheckExample[] {
  const withClient = (relay: object) => ({ eventGrid: { x509: { clients: { relay } } } });
  return rows.map(([shown, field, fails, passes]) => ({
    rule: "x509-clients",
    fails: withClient(fails),
    passes: withClient(passes),
    path: `eventGrid.x509.clients.relay.${field}`,
    shown: `a client with ${shown}`,
  }));
}

/** What clients with certificates need. */
export const x509Examples: readonly CheckExample[] = [
  {
    rule: "x509-access",
    fails: { eventGridEndpoints: { cloud: cloudWithCertificate }, eventGrid: { x509 } },
    passes: { eventGridEndpoints: { cloud: { ...cloudWithCertificate, username: "oslo-relay" } }, eventGrid: { x509 } },
    path: "eventGridEndpoints.cloud.username",
    shown: "X509Certificate without `username`, and no `authenticationNameSources`",
  },
  {
    rule: "x509-access",
    fails: {
      eventGridEndpoints: { cloud: { ...cloudWithCertificate, username: "oslo-relay" } },
      eventGrid: { x509: { ...x509, caCertificates: {} } },
    },
    passes: {
      eventGridEndpoints: { cloud: { ...cloudWithCertificate, username: "oslo-relay" } },
      eventGrid: {
        x509: {
          ...x509,
          caCertificates: {},
          clients: {
            "oslo-relay": {
              attributes: { type: "relay" },
              validationScheme: "ThumbprintMatch",
              allowedThumbprints: ["0123456789ABCDEF0123456789ABCDEF01234567"],
            },
          },
        },
      },
    },
    path: "eventGrid.x509.caCertificates",
    shown: "X509Certificate, with neither CA certificates nor thumbprints",
  },
  {
    rule: "x509-access",
    fails: {
      eventGridEndpoints: { cloud: { ...cloudWithCertificate, username: "bergen-relay" } },
      eventGrid: { x509 },
    },
    passes: { eventGridEndpoints: { cloud: { ...cloudWithCertificate, username: "oslo-relay" } }, eventGrid: { x509 } },
    path: "eventGridEndpoints.cloud.username",
    shown: "X509Certificate with a `username` that no client has",
  },
  {
    rule: "x509-access",
    fails: {
      eventGridEndpoints: { cloud: { ...cloudWithCertificate, username: "oslo-relay" } },
      eventGrid: { x509: { ...x509, clientGroups: { relays: { query: "attributes.type IN ['machine']" } } } },
    },
    passes: {
      eventGridEndpoints: { cloud: { ...cloudWithCertificate, username: "oslo-relay" } },
      eventGrid: { x509: { ...x509, clientGroups: { relays: { query: "authenticationName = 'oslo-relay'" } } } },
    },
    path: "dataflows.telemetry.dataDestination",
    shown: "X509Certificate, with a client that is in no group with a permission",
  },
  ...clientExamples([
    [
      "three thumbprints",
      "allowedThumbprints",
      { validationScheme: "ThumbprintMatch", allowedThumbprints: [thumbprint, thumbprint, thumbprint] },
      { validationScheme: "ThumbprintMatch", allowedThumbprints: [thumbprint, thumbprint] },
    ],
    [
      "an authentication name of 129 characters",
      "authenticationName",
      { authenticationName: "a".repeat(129) },
      { authenticationName: "a".repeat(128) },
    ],
    ["an attribute `floor-1`", "attributes.floor-1", { attributes: { "floor-1": 1 } }, { attributes: { floor_1: 1 } }],
    [
      "attributes of 4096 bytes",
      "attributes",
      { attributes: { note: "a".repeat(4092) } },
      { attributes: { note: "a".repeat(4091) } },
    ],
  ]),
  {
    rule: "x509-clients",
    fails: { eventGrid: { x509: { clients: { "oslo-relay": {}, "Oslo-Relay": {} } } } },
    passes: { eventGrid: { x509: { clients: { "oslo-relay": {}, "bergen-relay": {} } } } },
    path: "eventGrid.x509.clients.Oslo-Relay",
  },
  {
    rule: "x509-clients",
    fails: { eventGrid: { x509: { clients: { relay: {}, edge: { authenticationName: "Relay" } } } } },
    passes: { eventGrid: { x509: { clients: { relay: {}, edge: { authenticationName: "edge" } } } } },
    path: "eventGrid.x509.clients.edge",
  },
  {
    rule: "x509-clients",
    fails: { eventGrid: { x509: { clients: { relay: { previousName: "edge" }, edge: {} } } } },
    passes: { eventGrid: { x509: { clients: { relay: { previousName: "edge" } } } } },
    path: "eventGrid.x509.clients.relay.previousName",
  },
  {
    rule: "x509-clients",
    fails: { eventGrid: { x509: { permissionBindings: manyBindings(101) } } },
    passes: { eventGrid: { x509: { permissionBindings: manyBindings(100) } } },
    path: "eventGrid.x509.permissionBindings",
    shown: "101 permission bindings",
  },
  {
    rule: "x509-clients",
    fails: { eventGrid: { x509: { ...x509, clientGroups: {} } } },
    passes: { eventGrid: { x509 } },
    path: "eventGrid.x509.permissionBindings.relays-telemetry.clientGroup",
    shown: "a permission binding of a client group that is not there",
  },
];
