import { X509Certificate } from "node:crypto";

import type { RegisteredClient } from "../../emulator/access/topic-space-access.ts";
import {
  createSelfSignedCertificate,
  type AlternativeName,
  type CertificateAndKey,
} from "../../emulator/certificates/certificate-authority.ts";
import { hostName, startEventGrid } from "../emulator/support/event-grid.ts";
import { closeBrokers } from "../emulator/support/test-broker.ts";
import { cleanUp } from "../support/integration.ts";
import { buildConfig, buildDataflow } from "../support/relay-config.ts";
import { startRelay } from "../support/relay-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

afterEach(async () => {
  await cleanUp();
  await closeBrokers();
});

/** Of each field that may hold a name: the name, and the certificate's further names. */
const fields: readonly (readonly [field: "Subject" | "Dns" | "Uri" | "Ip" | "Email", AlternativeName | undefined])[] = [
  ["Dns", { type: "dns", value: "press.plant.example" }],
  ["Uri", { type: "url", value: "urn:plant:press" }],
  ["Ip", { type: "ip", value: "192.0.2.7" }],
  ["Email", { type: "email", value: "press@plant.example" }],
  ["Subject", undefined],
];

/** Name of the endpoint whose certificate has its name there. */
const nameOf = (field: string) => `by-${field.toLowerCase()}`;

test("the emulated Event Grid knows a relay without user name by each field of its certificate, and by a thumbprint", async () => {
  const client = (
    authenticationName: string,
    validationScheme: RegisteredClient["validationScheme"],
  ): RegisteredClient => ({
    authenticationName,
    ...(validationScheme === undefined ? {} : { validationScheme }),
    permissionBindings: (["publisher", "subscriber"] as const).map((permission) => ({ topicSpace: "all", permission })),
  });
  const selfSigned = await createSelfSignedCertificate("whoever");
  const broker = await startEventGrid({
    authenticationNameSources: fields.map(([field]) => `ClientCertificate${field}` as const),
    clients: [
      ...fields.map(([field, name]) => client(name?.value ?? "press", `${field}MatchesAuthenticationName`)),
      {
        ...client("by-thumbprint", "ThumbprintMatch"),
        allowedThumbprints: [new X509Certificate(selfSigned.certificate).fingerprint256.replaceAll(":", "")],
      },
    ],
  });
  const { certificateAuthority } = broker;
  const issued = await Promise.all(
    fields.map(async ([field, name]) => {
      const alternativeNames = name === undefined ? [] : [name];
      const certificate = await certificateAuthority.createClientCertificate("press", { alternativeNames });
      return [nameOf(field), certificate] as const;
    }),
  );
  const certificates: Record<string, CertificateAndKey> = { ...Object.fromEntries(issued), thumbprint: selfSigned };
  const names = Object.keys(certificates);

  const relay = await startRelay({
    folder: createTemporaryFolder("certificate-names"),
    config: buildConfig({
      endpoints: Object.fromEntries(
        names.map((name) => [
          name,
          {
            endpointType: "Mqtt",
            mqttSettings: {
              host: `${hostName}:8883`,
              retain: "Never",
              tls: { trustedCaCertificateConfigMapRef: "trust" },
              authentication: { method: "X509Certificate", x509CertificateSettings: { secretRef: name } },
            },
            ...(name === "thumbprint" ? { relay: { username: "by-thumbprint" } } : {}),
          },
        ]),
      ),
      dataflows: Object.fromEntries(
        names.map((name) => [name, buildDataflow([name, [`in/${name}`]], [name, `out/${name}`])]),
      ),
    }),
    connectTo: [`${hostName}:8883=127.0.0.1:${broker.address.port}`],
    mounts: {
      configmaps: { trust: { "ca.crt": certificateAuthority.certificate } },
      secrets: Object.fromEntries(
        Object.entries(certificates).map(([name, { certificate, key }]) => [
          name,
          { "tls.crt": certificate, "tls.key": key },
        ]),
      ),
    },
  });
  await relay.untilReady();

  const connected = broker.events.filter((event) => event.kind === "connect");
  expect(new Set(connected.map(({ clientId, authenticationName }) => `${clientId}: ${authenticationName}`))).toEqual(
    new Set(
      [...fields.map(([field, name]) => [nameOf(field), name?.value ?? "press"]), ["thumbprint", "by-thumbprint"]]
        .map(([name, authenticationName]) => ({ name: name!, authenticationName: authenticationName! }))
        .flatMap(({ name, authenticationName }) =>
          ["source", "destination"].map((end) => `${name}-0-${end}: ${authenticationName}`),
        ),
    ),
  );
});
