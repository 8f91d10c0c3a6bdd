import { truncateSync, writeFileSync } from "node:fs";
import path from "node:path";

import { ClientAssertionCredential, ManagedIdentityCredential } from "@azure/identity";

import {
  systemAssignedTokens,
  userAssignedTokens,
  type TokenSource,
} from "../../../runtime/identity/azure-identity.ts";
import { ConnectionError } from "../../../runtime/contract/errors.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";

jest.mock("@azure/identity");

const { signal } = new AbortController();
const identity = { clientId: "client", tenantId: "tenant", scope: "https://broker.example/.default" };

const answer = { token: "a.b.c", expiresOnTimestamp: 5000 };
const token = { data: Buffer.from("a.b.c"), endsAtMs: 5000 };

const straight = async () => undefined;

const getManagedToken = jest.fn();
const getWorkloadToken = jest.fn();

/** Shows what the pod's service account proves itself by, as the library asks for it. */
async function readAssertion(): Promise<string> {
  getWorkloadToken.mockResolvedValue(answer);
  await userAssignedTokens(identity, straight).getToken(signal);
  return jest.mocked(ClientAssertionCredential).mock.calls.at(-1)![2]();
}

function federatedTokenFile(content: string): string {
  const file = path.join(createTemporaryFolder("federated"), "token");
  writeFileSync(file, content);
  process.env["AZURE_FEDERATED_TOKEN_FILE"] = file;
  return file;
}

afterAll(removeTemporaryFolders);

beforeEach(() => {
  jest.mocked(ManagedIdentityCredential).mockImplementation(() => ({ getToken: getManagedToken }) as never);
  jest.mocked(ClientAssertionCredential).mockImplementation(() => ({ getToken: getWorkloadToken }) as never);
});

afterEach(() => {
  jest.resetAllMocks();
  delete process.env["AZURE_AUTHORITY_HOST"];
  delete process.env["AZURE_FEDERATED_TOKEN_FILE"];
});

describe("systemAssignedTokens", () => {
  test.each(["https://eventgrid.azure.net", "https://eventgrid.azure.net/"])(
    "asks for the default scope of %s, with and without its slash",
    async (audience) => {
      getManagedToken.mockResolvedValue(answer);

      expect(await systemAssignedTokens(audience).getToken(signal)).toEqual(token);
      expect(getManagedToken).toHaveBeenCalledWith("https://eventgrid.azure.net/.default", { abortSignal: signal });
    },
  );
});

describe("userAssignedTokens", () => {
  test("asks for the scope as the client of the tenant", async () => {
    getWorkloadToken.mockResolvedValue(answer);

    expect(await userAssignedTokens(identity, straight).getToken(signal)).toEqual(token);
    expect(getWorkloadToken).toHaveBeenCalledWith(identity.scope, { abortSignal: signal });
    expect(ClientAssertionCredential).toHaveBeenCalledWith("tenant", "client", expect.any(Function), {
      httpClient: expect.anything(),
    });
  });

  test.each([
    ["https://login.microsoftonline.us", false],
    ["https://login.microsoftonline.com/", false],
    ["https://login.example", true],
    ["https://login.microsoftonline.com.example/", true],
  ])("with the authority host %s skips the discovery of Entra: %s", async (authorityHost, disableInstanceDiscovery) => {
    process.env["AZURE_AUTHORITY_HOST"] = authorityHost;
    getWorkloadToken.mockResolvedValue(answer);

    await userAssignedTokens(identity, straight).getToken(signal);

    expect(ClientAssertionCredential).toHaveBeenCalledWith(
      "tenant",
      "client",
      expect.any(Function),
      expect.objectContaining({ authorityHost, disableInstanceDiscovery }),
    );
  });

  test("says what the library refuses when a token is asked for, and not before", async () => {
    jest.mocked(ClientAssertionCredential).mockImplementation(() => {
      throw new Error("ClientAssertionCredential: is unavailable.\n  See the troubleshooting guide");
    });

    const tokens = userAssignedTokens(identity, straight);

    await expect(tokens.getToken(signal)).rejects.toMatchObject({
      message: `no token for ${identity.scope}: ClientAssertionCredential: is unavailable.; check clientId, tenantId and the federated credential, the pod's label and service account, and the way to Entra`,
      retry: "soon",
    });
  });

  test("show the federated token of today, without a line break", async () => {
    const file = federatedTokenFile("a.b.c\n");
    expect(await readAssertion()).toBe("a.b.c");

    writeFileSync(file, "d.e.f");

    expect(await readAssertion()).toBe("d.e.f");
  });

  test.each<[string, () => unknown, string]>([
    ["is not set", () => undefined, "AZURE_FEDERATED_TOKEN_FILE is not set"],
    ["is empty", () => federatedTokenFile("\n"), "token: is empty"],
    ["is a device", () => (process.env["AZURE_FEDERATED_TOKEN_FILE"] = "/dev/zero"), "/dev/zero: is a device, and no"],
    [
      "is far too large",
      () => {
        truncateSync(federatedTokenFile(""), 2 ** 40);
      },
      "token: has 1099511627776 bytes, more than 65535 bytes, which is far more than a service account token has",
    ],
  ])("say so when the file of the federated token %s", async (_case, setUp, problem) => {
    setUp();

    await expect(readAssertion()).rejects.toThrow(problem);
  });
});

describe.each<[string, () => TokenSource, jest.Mock]>([
  ["systemAssignedTokens", () => systemAssignedTokens("https://broker.example"), getManagedToken],
  ["userAssignedTokens", () => userAssignedTokens(identity, straight), getWorkloadToken],
])("%s without a token", (_name, create, getToken) => {
  test("says the first line of what Entra says", async () => {
    getToken.mockRejectedValue(new Error("AADSTS700016: no such application\r\nTrace ID: 1\r\nTimestamp: 2"));

    const asking = create().getToken(signal);

    await expect(asking).rejects.toBeInstanceOf(ConnectionError);
    await expect(asking).rejects.toMatchObject({
      message: expect.stringMatching(
        /^no token for https:\/\/broker.example\/.default: AADSTS700016: no such application; check [^\n]*$/,
      ),
      retry: "soon",
    });
  });

  test("does not repeat a token, nor the start of one", async () => {
    const [header, claims] = ['{"alg":"RS256"}', '{"sub":"relay"}'].map((part) =>
      Buffer.from(part).toString("base64url"),
    );
    getToken.mockRejectedValue(
      new Error(`AADSTS50027: ${header}.${claims}.c2ln is malformed, as is ${header}.${claims}`),
    );

    await expect(create().getToken(signal)).rejects.toThrow("AADSTS50027: … is malformed, as is …; check ");
  });

  test("cuts a line that is too long for a log", async () => {
    getToken.mockRejectedValue(new Error("x".repeat(5000)));

    const error = (await create()
      .getToken(signal)
      .catch((cause: unknown) => cause)) as Error;

    expect(error.message.length).toBeLessThan(500);
  });

  test.each(["", "<html>sign in</html>", "only.two"])(
    "does not take %j for a token, nor show it",
    async (malformed) => {
      getToken.mockResolvedValue({ token: malformed, expiresOnTimestamp: 5000 });

      await expect(create().getToken(signal)).rejects.toThrow(
        /^no token for \S+: what the identity endpoint returned is no JSON Web Token; check /,
      );
    },
  );

  test("waits no longer than it is told to, whatever the library does", async () => {
    getToken.mockReturnValue(new Promise(() => undefined));
    const late = new AbortController();

    const asking = create().getToken(late.signal);
    late.abort(new Error("no connection within 30 ms"));

    await expect(asking).rejects.toThrow(/^no token for \S+: no connection within 30 ms; check /);
  });

  test("says that Entra gave none", async () => {
    getToken.mockResolvedValue(null);

    await expect(create().getToken(signal)).rejects.toThrow(/: Microsoft Entra returned none; check /);
  });
});
