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
