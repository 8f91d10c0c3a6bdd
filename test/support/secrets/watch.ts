/**
 * Loaded by jest before each file of tests: whatever private key, token or log comes into being in this process is
 * gathered, so that no test can forget it. What tests write into Secrets, and what started programs put out, is gathered
 * where that happens, in `test/support`.
 */
import { randomUUID } from "node:crypto";
import { writeSync } from "node:fs";

import type * as authorities from "../../../emulator/certificates/certificate-authority.ts";
import type * as signing from "../../../emulator/identity/signing-key.ts";
import type * as logging from "../../../runtime/report/log.ts";
import { recordOutput, registerSecret } from "./run-record.ts";
import { canaryName } from "./search.ts";

const canary = randomUUID();
registerSecret(canaryName, canary);
recordOutput("canary")(`${Buffer.from(`user:${canary}`).toString("base64")}\n`);

const standardOutput = 1;

jest.mock("../../../runtime/report/log.ts", () => {
  const actual = jest.requireActual<typeof logging>("../../../runtime/report/log.ts");
  const createLog: typeof logging.createLog = (level, destination, onLine) => {
    const record = recordOutput("log");
    const write = (line: string) => {
      record(line);
      if (destination === undefined) writeSync(standardOutput, line);
      else destination.write(line);
    };
    return actual.createLog(level, { write }, onLine);
  };
  return { ...actual, createLog };
});

jest.mock("../../../emulator/identity/signing-key.ts", () => {
  const actual = jest.requireActual<typeof signing>("../../../emulator/identity/signing-key.ts");
  const createSigningKey: typeof signing.createSigningKey = async () => {
    const key = await actual.createSigningKey();
    const sign: typeof key.sign = async (claims) => {
      const token = await key.sign(claims);
      registerSecret("token", token);
      return token;
    };
    return { ...key, sign };
  };
  return { ...actual, createSigningKey };
});

jest.mock("../../../emulator/certificates/certificate-authority.ts", () => {
  const file = "../../../emulator/certificates/certificate-authority.ts";
  const actual = jest.requireActual<typeof authorities>(file);
  const registered = async (name: string, issuing: Promise<authorities.CertificateAndKey>) => {
    const issued = await issuing;
    registerSecret(`private key of ${name}`, issued.key);
    return issued;
  };
  const watch = (authority: authorities.CertificateAuthority): authorities.CertificateAuthority => ({
    ...authority,
    createServerCertificate: (names, ...more) =>
      registered(names.join(), authority.createServerCertificate(names, ...more)),
    createClientCertificate: (name, ...more) => registered(name, authority.createClientCertificate(name, ...more)),
    createIntermediate: async (...given) => watch(await authority.createIntermediate(...given)),
  });
  const createCertificateAuthority: typeof authorities.createCertificateAuthority = async (...given) =>
    watch(await actual.createCertificateAuthority(...given));
  const createSelfSignedCertificate: typeof authorities.createSelfSignedCertificate = (name, ...more) =>
    registered(name, actual.createSelfSignedCertificate(name, ...more));
  return { ...actual, createCertificateAuthority, createSelfSignedCertificate };
});
