import { certificate } from "./declaration.ts";
import type { CheckExample } from "./declaration.ts";

/** Stands for a key: nothing in it can be read. */
const key = "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n";
/** A value that only the deployment tells. */
const unknown = Promise.resolve("unknown");
const withCertificate = { host: "mqtt.example.com:8883", authenticationMethod: "X509Certificate" };

/** What Secrets and ConfigMaps have in them, and who names them. */
export const fileExamples: readonly CheckExample[] = [
  {
    rule: "certificates",
    fails: { relay: { trustBundles: { "plant-ca": "/etc/ssl/certs/plant-ca.pem" } } },
    passes: { relay: { trustBundles: { "plant-ca": certificate } } },
    path: "relay.trustBundles.plant-ca",
  },
  {
    rule: "certificates",
    fails: { relay: { secrets: { historian: { clientCertificate: key, clientKey: key } } } },
    passes: { relay: { secrets: { historian: { clientCertificate: certificate, clientKey: unknown } } } },
    path: "relay.secrets.historian.clientCertificate",
    shown: "`relay.secrets.historian`, with the private key as `clientCertificate` too",
  },
  {
    rule: "plain-secrets",
    fails: { relay: { secrets: { login: { username: "relay", password: "<password>" } } } },
    passes: { relay: { secrets: { login: { username: "relay", password: unknown } } } },
    path: "relay.secrets.login.password",
    isWarning: true,
    shown: 'a `password` that is `"<password>"` in the program',
  },
  {
    rule: "file-references",
    fails: {
      customEndpoints: { other: { ...withCertificate, secretRef: "historian-clent" } },
      relay: { secrets: { "historian-client": { clientCertificate: unknown, clientKey: unknown } } },
    },
    passes: {
      customEndpoints: { other: { ...withCertificate, secretRef: "historian-client" } },
      relay: { secrets: { "historian-client": { clientCertificate: unknown, clientKey: unknown } } },
    },
    path: "customEndpoints.other.secretRef",
    shown: '`secretRef: "historian-clent"` at a custom endpoint, with `historian-client` in `relay.secrets`',
  },
  {
    rule: "file-references",
    fails: {
      customEndpoints: { other: { ...withCertificate, secretRef: "historian" } },
      relay: { secrets: { historian: { accessToken: unknown } } },
    },
    passes: {
      customEndpoints: { other: { ...withCertificate, secretRef: "historian" } },
      relay: { secrets: { historian: { clientCertificate: unknown, clientKey: unknown } } },
    },
    path: "customEndpoints.other.secretRef",
    shown: "X509Certificate, with an `accessToken` in its Secret",
  },
  {
    rule: "file-references",
    fails: { relay: { trustBundles: { "plant-ca": certificate } } },
    passes: {
      localEndpoints: { edge: { trustedCaCertificateConfigMapRef: "plant-ca" } },
      relay: { trustBundles: { "plant-ca": certificate } },
    },
    path: "relay.trustBundles.plant-ca",
    isWarning: true,
    shown: "`plant-ca` in `relay.trustBundles`, which no endpoint names",
  },
];
