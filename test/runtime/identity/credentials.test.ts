import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";

import { createCertificateAuthority } from "../../../emulator/certificates/certificate-authority.ts";
import { systemAssignedTokens, userAssignedTokens } from "../../../runtime/identity/azure-identity.ts";
import {
  createCredentialSource,
  type CredentialChange,
  type CredentialEvent,
  type Credentials,
  type CredentialSource,
  type CredentialSourceOptions,
} from "../../../runtime/identity/credentials.ts";
import { createMounts } from "../../../runtime/identity/mounts.ts";
import { ConnectionError } from "../../../runtime/contract/errors.ts";
import { untilTrue } from "../../support/patience.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";
import { buildDocument, parseDocument } from "../contract/config/build-document.ts";

jest.mock("../../../runtime/identity/azure-identity.ts");

afterAll(removeTemporaryFolders);

/** Reads the credentials of an endpoint `plant` whose files are these; `changes` sets its fields by path. */
async function read(
  changes: Readonly<Record<string, unknown>>,
  files: Readonly<Record<string, string>> = {},
): Promise<Credentials> {
  return createSource(changes, mount(files)).read(new AbortController().signal);
}

function mount(files: Readonly<Record<string, string>>): string {
  const folder = createTemporaryFolder("credentials");
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), content);
  }
  return folder;
}

function createSource(
  changes: Readonly<Record<string, unknown>>,
  folder: string,
  options: CredentialSourceOptions = {},
): CredentialSource {
  const prefixed = Object.entries(changes).map(([at, value]) => [`endpoints.plant.${at}`, value]);
  const { config } = parseDocument(buildDocument(Object.fromEntries(prefixed)));
  return createCredentialSource("plant", config.endpoints["plant"]!, createMounts(folder), options);
}

/** Made once: it takes a few milliseconds. */
const client = createCertificateAuthority().then((authority) => authority.createClientCertificate("device-7"));

const authentication = "mqttSettings.authentication";
const anonymous = { [authentication]: { method: "Anonymous" } };
const x509 = {
  [authentication]: { method: "X509Certificate", x509CertificateSettings: { secretRef: "device" } },
};
const accessToken = { [authentication]: { method: "AccessToken", accessTokenSettings: { secretRef: "sas" } } };
const usernamePassword = {
  [authentication]: { method: "UsernamePassword", usernamePasswordSettings: { secretRef: "login" } },
};

describe("Anonymous", () => {
  test("shows nothing, and trusts the system's roots", async () => {
    expect(await read(anonymous)).toEqual({ proof: {}, tls: {} });
  });

  test("has no TLS where that is disabled", async () => {
    expect(await read({ ...anonymous, "mqttSettings.tls": { mode: "Disabled" } })).toEqual({ proof: {} });
  });

  test("trusts every certificate of the ConfigMap", async () => {
    const trust = { "mqttSettings.tls": { trustedCaCertificateConfigMapRef: "trust" } };

    const [first, second, third] = await Promise.all(["a", "b", "c"].map((name) => createCertificateAuthority(name)));
    const both = `${first!.certificate}${second!.certificate}`;

    const files = { "configmaps/trust/a": both, "configmaps/trust/b": third!.certificate, "configmaps/trust/c": "" };
    const { tls } = await read({ ...anonymous, ...trust }, files);

    const commonNames = tls?.ca?.map((pem) => new X509Certificate(pem).subject);
    expect(commonNames).toEqual(["CN=a", "CN=b", "CN=c"]);
  });

  test("says what to mount where the ConfigMap is missing", async () => {
    const trust = { "mqttSettings.tls": { trustedCaCertificateConfigMapRef: "trust" } };

    await expect(read({ ...anonymous, ...trust })).rejects.toThrow('mount the ConfigMap "trust"');
  });
});

describe("ServiceAccountToken", () => {
  test("shows the token of the endpoint by enhanced authentication", async () => {
    const { proof } = await read(
      { [authentication]: { method: "ServiceAccountToken" } },
      { "tokens/plant": "a.b.c\n" },
    );

    expect(proof).toEqual({ authenticationMethod: "K8S-SAT", authenticationData: Buffer.from("a.b.c") });
  });
});

describe("managed identities", () => {
  const tokens = { getToken: async () => ({ data: Buffer.from("a.b.c") }) };
  const proof = { authenticationMethod: "OAUTH2-JWT", authenticationData: Buffer.from("a.b.c") };

  test("a system-assigned one shows a token for the audience", async () => {
    const source = jest.mocked(systemAssignedTokens).mockReturnValue(tokens);
    const settings = { audience: "https://broker.example" };

    const credentials = await read({
      [authentication]: { method: "SystemAssignedManagedIdentity", systemAssignedManagedIdentitySettings: settings },
    });

    expect(credentials.proof).toEqual(proof);
    expect(source).toHaveBeenCalledWith("https://broker.example");
  });

  test("a user-assigned one shows a token of its client, tenant and scope", async () => {
    const source = jest.mocked(userAssignedTokens).mockReturnValue(tokens);
    const settings = {
      clientId: "11111111-2222-3333-4444-555555555555",
      tenantId: "66666666-7777-8888-9999-000000000000",
      scope: "https://broker.example/.default",
    };

    const credentials = await read({
      [authentication]: { method: "UserAssignedManagedIdentity", userAssignedManagedIdentitySettings: settings },
    });

    expect(credentials.proof).toEqual(proof);
    expect(source).toHaveBeenCalledWith(settings, expect.any(Function));
  });

  test("ask for a token at each connect", async () => {
    let count = 0;
    jest
      .mocked(systemAssignedTokens)
      .mockReturnValue({ getToken: async () => ({ data: Buffer.from(`token-${++count}`) }) });
    const { config } = parseDocument(
      buildDocument({ "endpoints.plant.mqttSettings.authentication": { method: "SystemAssignedManagedIdentity" } }),
    );
    const source = createCredentialSource("plant", config.endpoints["plant"]!, createMounts("/nowhere"));
    const { signal } = new AbortController();

    const proofs = [(await source.read(signal)).proof, (await source.read(signal)).proof];

    expect(proofs.map(({ authenticationData }) => String(authenticationData))).toEqual(["token-1", "token-2"]);
  });
});

describe("X509Certificate", () => {
  test.each([
    ["AIO's keys", "client_cert.pem", "client_key.pem"],
    ["a kubernetes.io/tls Secret's", "tls.crt", "tls.key"],
  ])("shows a certificate under %s", async (_layout, cert, key) => {
    const { certificate, key: privateKey } = await client;

    const shown = await read(x509, { [`secrets/device/${cert}`]: certificate, [`secrets/device/${key}`]: privateKey });

    expect(shown.proof).toEqual({});
    expect(shown.tls?.cert).toBe(certificate);
    expect(new X509Certificate(certificate).checkPrivateKey(createPrivateKey(shown.tls?.key ?? ""))).toBe(true);
  });

  test.each([
    ["shows the intermediates behind the certificate", true],
    ["does without intermediates where their key is empty", false],
  ])("%s", async (_name, isGiven) => {
    const { certificate, key } = await client;
    const between = isGiven ? (await createCertificateAuthority("between")).certificate : "";

    const { tls } = await read(x509, {
      "secrets/device/client_cert.pem": `${certificate}\n`,
      "secrets/device/client_intermediate_certs.pem": between,
      "secrets/device/client_key.pem": key,
    });

    expect(tls?.cert?.trimEnd()).toBe(`${certificate}${between}`.trimEnd());
  });

  test("says the user name that Event Grid takes as authentication name", async () => {
    const { certificate, key } = await client;
    const files = { "secrets/device/tls.crt": certificate, "secrets/device/tls.key": key };

    expect((await read({ ...x509, "relay.username": "device-7" }, files)).proof).toEqual({ username: "device-7" });
  });

  test.each<[string, Readonly<Record<string, string>>, string]>([
    [
      "is not mounted",
      {},
      'Secret "device" has no client certificate; mount it with "client_cert.pem" and "client_key.pem" or "tls.crt" and "tls.key"',
    ],
    [
      "has other keys",
      { "secrets/device/cert": "CERT" },
      'Secret "device" has no client certificate; mount it with "client_cert.pem" and "client_key.pem" or "tls.crt" and "tls.key"',
    ],
    ["has no private key", { "secrets/device/tls.crt": "CERT" }, 'mount the Secret "device" with the key "tls.key"'],
  ])("says what to mount where the Secret %s", async (_case, files, remedy) => {
    const { certificate } = await client;
    const filled = Object.entries(files).map(([file, text]) => [file, text === "CERT" ? certificate : text]);

    const reading = read(x509, Object.fromEntries(filled) as typeof files);

    await expect(reading).rejects.toBeInstanceOf(ConnectionError);
    await expect(reading).rejects.toThrow(remedy);
  });
});

describe("AccessToken", () => {
  test("shows the token as the password, without the line break that an editor adds", async () => {
    const { proof } = await read(accessToken, { "secrets/sas/accessToken": "sig=abc\n" });

    expect(proof).toEqual({ password: Buffer.from("sig=abc") });
  });

  test("says the user name that goes with it", async () => {
    const { proof } = await read({ ...accessToken, "relay.username": "u" }, { "secrets/sas/accessToken": "t" });

    expect(proof).toEqual({ username: "u", password: Buffer.from("t") });
  });

  test("says what to mount where it is missing", async () => {
    await expect(read(accessToken)).rejects.toThrow('mount the Secret "sas" with the key "accessToken"');
  });
});

describe("UsernamePassword", () => {
  test("shows both, with the white space that is theirs", async () => {
    const { proof } = await read(usernamePassword, {
      "secrets/login/username": "user\r\n",
      "secrets/login/password": " pass word \n",
    });

    expect(proof).toEqual({ username: "user", password: Buffer.from(" pass word ") });
  });

  test.each(["username", "password"])("says what to mount where the %s is missing", async (missing) => {
    const files = { "secrets/login/username": "u", "secrets/login/password": "p", [`secrets/login/${missing}`]: "" };

    await expect(read(usernamePassword, files)).rejects.toThrow(`mount the Secret "login" with the key "${missing}"`);
  });
});

describe("a secret value", () => {
  const secret = "hunter2-hunter2";

  test.each<[string, object, Readonly<Record<string, string>>]>([
    ["a user name without its password", usernamePassword, { "secrets/login/username": secret }],
    ["a password without its user name", usernamePassword, { "secrets/login/password": secret }],
    ["a key without its certificate", x509, { "secrets/device/tls.key": secret }],
    ["a token under another key", accessToken, { "secrets/sas/token": secret }],
    [
      "a token with a ConfigMap that is missing",
      { ...accessToken, "mqttSettings.tls": { trustedCaCertificateConfigMapRef: "trust" } },
      { "secrets/sas/accessToken": secret },
    ],
  ])("never appears in an error: %s", async (_case, changes, files) => {
    const error: unknown = await read({ ...changes }, files).catch((cause: unknown) => cause);

    expect(error).toBeInstanceOf(ConnectionError);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("hunter2");
  });
});

describe("a mounted file that is too large after a rotation", () => {
  const tooLarge = 2 ** 40;

  test.each<[string, object, string, string]>([
    ["the client certificate", x509, "secrets/device/tls.crt", "1048576"],
    ["its key", x509, "secrets/device/tls.key", "1048576"],
    ["its intermediates", x509, "secrets/device/client_intermediate_certs.pem", "1048576"],
    ["an access token", accessToken, "secrets/sas/accessToken", "65535"],
    ["a service account token", { [authentication]: { method: "ServiceAccountToken" } }, "tokens/plant", "65535"],
  ])(
    "leaves the connection with what it has, warns, and takes the next one that fits: %s",
    async (_case, how, file, bytes) => {
      const { certificate, key } = await client;
      const files = {
        "secrets/device/tls.crt": certificate,
        "secrets/device/tls.key": key,
        "secrets/device/client_intermediate_certs.pem": "",
        "secrets/sas/accessToken": "one",
        "tokens/plant": "one",
      };
      const folder = mount(files);
      const [events, changes]: [CredentialEvent[], CredentialChange[]] = [[], []];
      const source = createSource(how as Readonly<Record<string, unknown>>, folder, {
        onEvent: (event) => events.push(event),
        pollMs: 50,
      });
      const used = await source.read(new AbortController().signal);
      const endWatch = source.watch(used, (change) => changes.push(change));

      truncateSync(path.join(folder, file), tooLarge);
      await untilTrue("a warning", () => events.some(({ kind }) => kind === "renewalFailed"));

      expect(changes).toEqual([]);
      expect(events).toEqual([
        expect.objectContaining({ kind: "renewalFailed", reason: expect.stringContaining(`more than ${bytes} bytes`) }),
      ]);
      const next = await (await createCertificateAuthority()).createClientCertificate("device-8");
      writeFileSync(path.join(folder, file), "");
      for (const name of ["tokens/plant", "secrets/sas/accessToken"]) writeFileSync(path.join(folder, name), "two");
      writeFileSync(path.join(folder, "secrets/device/tls.key"), next.key);
      writeFileSync(path.join(folder, "secrets/device/tls.crt"), next.certificate);
      await untilTrue("the one that fits", () => changes.length > 0);
      endWatch();
    },
  );
});
