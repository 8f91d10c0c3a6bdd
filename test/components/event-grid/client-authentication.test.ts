import {
  buildClientAuthentication,
  hasClientAuthentication,
} from "../../../components/event-grid/client-authentication.ts";

const certificate = "-----BEGIN CERTIFICATE-----\nMII…\n-----END CERTIFICATE-----\n";

test("tokens of another issuer are checked with certificates in Key Vault, and with those that are given", () => {
  expect(
    buildClientAuthentication({
      customJwtAuthentication: {
        tokenIssuer: "https://issuer.example",
        issuerCertificates: [
          { certificateUrl: "https://v.vault.azure.net/certificates/a/1" },
          { certificateUrl: "https://v.vault.azure.net/certificates/b/1", userAssignedIdentityId: "reader" },
        ],
        encodedIssuerCertificates: [{ kid: "key-1", encodedCertificate: certificate }],
      },
    }),
  ).toEqual({
    customJwtAuthentication: {
      tokenIssuer: "https://issuer.example",
      issuerCertificates: [
        { certificateUrl: "https://v.vault.azure.net/certificates/a/1", identity: { type: "SystemAssigned" } },
        {
          certificateUrl: "https://v.vault.azure.net/certificates/b/1",
          identity: { type: "UserAssigned", userAssignedIdentity: "reader" },
        },
      ],
      encodedIssuerCertificates: [{ kid: "key-1", encodedCertificate: certificate }],
    },
  });
});

test("a webhook is asked with an identity of the namespace", () => {
  expect(
    buildClientAuthentication({
      authenticationNameSources: ["ClientCertificateSubject"],
      webhookAuthentication: {
        endpointUrl: "https://plant.example/mqtt",
        azureActiveDirectoryApplicationIdOrUri: "api://plant",
        azureActiveDirectoryTenantId: "00000000-0000-0000-0000-0000000000e1",
        userAssignedIdentityId: "caller",
      },
    }),
  ).toEqual({
    alternativeAuthenticationNameSources: ["ClientCertificateSubject"],
    webhookAuthentication: {
      identity: { type: "UserAssigned", userAssignedIdentity: "caller" },
      endpointUrl: "https://plant.example/mqtt",
      azureActiveDirectoryApplicationIdOrUri: "api://plant",
      azureActiveDirectoryTenantId: "00000000-0000-0000-0000-0000000000e1",
    },
  });
});

test("only what the provider's own version of the API can't say calls for another one", () => {
  expect(hasClientAuthentication({})).toBe(false);
  expect(hasClientAuthentication({ authenticationNameSources: [] })).toBe(true);
  expect(hasClientAuthentication({ customJwtAuthentication: { tokenIssuer: "i" } })).toBe(true);
});
