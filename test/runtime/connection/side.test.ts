import { buildConnectOptions, type Side } from "../../../runtime/connection/side.ts";
import type { Credentials } from "../../../runtime/identity/credentials.ts";
import { buildDocument, parseDocument } from "../contract/config/build-document.ts";

const rest = { cleanStart: true, receiveMaximum: 10, timeoutMs: 1000 };

function secretsOf(credentials: Credentials, changes: Readonly<Record<string, unknown>> = {}): readonly string[] {
  const { config } = parseDocument(buildDocument(changes));
  const side: Side = {
    side: "destination",
    name: "plant",
    endpoint: config.endpoints["plant"]!,
    peer: "destination plant",
    clientId: "c",
  };
  return buildConnectOptions(side, credentials, rest).secrets ?? [];
}

describe("what a broker's words may not bring into a message, beside password and token", () => {
  test("is a user name of a Secret, alone and with the password", () => {
    expect(secretsOf({ proof: { username: "plant", password: Buffer.from("pw") } })).toEqual(["plant", "plant:pw"]);
  });

  test("is not the user name of the configuration, which everybody reads", () => {
    const changes = {
      "endpoints.plant.mqttSettings.authentication": {
        method: "X509Certificate",
        x509CertificateSettings: { secretRef: "device" },
      },
      "endpoints.plant.relay": { username: "device-7" },
    };

    expect(secretsOf({ proof: { username: "device-7" } }, changes)).toEqual([]);
  });

  test("is what the proxy is shown", () => {
    const proxy = { url: "http://proxy.example:3128", credentials: { username: "u", password: "p" } };

    expect(secretsOf({ proof: {}, proxy })).toEqual(["u", "p", "u:p"]);
  });
});
