import { readFileSync } from "node:fs";
import path from "node:path";

import { compareSchemas } from "../../build/compare-schemas.ts";
import type { PackageSchema } from "../../build/schema.ts";
import { createCertificateAuthority } from "../../emulator/certificates/certificate-authority.ts";
import { parseRelayConfig } from "../../runtime/contract/config.ts";
import { evaluate } from "../examples/evaluate.ts";
import { isRecording, recordedReleases, thisRelease } from "../support/releases.ts";

/*
 * What a program, a file or a pod of an earlier release relies on. A difference that is meant needs its path in
 * test/releases/accepted.json and its words in CHANGELOG.md; doc/releases.md says what may differ.
 */
const root = path.join(import.meta.dirname, "../..");
const readText = (file: string) => readFileSync(path.join(root, file), "utf8");
const accepted = JSON.parse(readText("test/releases/accepted.json")) as {
  readonly [version: string]: { readonly schema: readonly string[]; readonly configuration: readonly string[] };
};

/** A configuration that a release rendered or took, and what it took it to mean. */
interface Recorded {
  readonly text: string;
  readonly meaning: unknown;
}

/** Programs whose rendered configuration is kept, by name. */
const programs: { readonly [name: string]: () => Promise<string> } = {
  site: async () => {
    const settings = {
      resourceGroupName: "rg",
      site: "oslo",
      oidcIssuerUrl: "https://oidc.example",
      relayImage: "relay:1",
    };
    const { relayConfig } = await evaluate(settings, () => {
      jest.requireActual("../../examples/typescript/site/index.ts");
    });
    return relayConfig;
  },
  "custom-broker": async () => {
    const authority = await createCertificateAuthority("broker");
    const { certificate, key } = await authority.createClientCertificate("oslo");
    const settings = {
      site: "oslo",
      brokerHost: "broker.example:8883",
      brokerCa: authority.certificate,
      clientCertificate: certificate,
      clientKey: key,
      relayImage: "relay:1",
    };
    const { relayConfig } = await evaluate(settings, () => {
      jest.requireActual("../../examples/typescript/custom-broker/index.ts");
    });
    return relayConfig;
  },
};

beforeAll(async () => {
  if (!isRecording) return;
  thisRelease.write("schema.json.gz", readText("schema.json"));
  const recorded: Record<string, Recorded> = {};
  for (const [name, render] of Object.entries(programs)) {
    const text = await render();
    recorded[name] = { text, meaning: parseRelayConfig(text, { where: name }).config };
  }
  thisRelease.writeJson("configurations.json", recorded);
});

/** Paths of everything in a value that another one has not, or has otherwise; what the other one has more is no difference. */
function differences(before: unknown, after: unknown, at: string): string[] {
  if (typeof before !== "object" || before === null) return before === after ? [] : [at];
  if (typeof after !== "object" || after === null) return [at];
  const other = after as { readonly [key: string]: unknown };
  return Object.entries(before).flatMap(([key, value]) => differences(value, other[key], `${at}.${key}`));
}

describe.each(recordedReleases().map((release) => [release.version, release] as const))(
  "a user of %s",
  (version, release) => {
    test("has a program in any language that goes on working", () => {
      const before = release.readJson("schema.json.gz") as PackageSchema;

      const changes = compareSchemas(before, JSON.parse(readText("schema.json")) as PackageSchema);

      const breaking = changes.filter((change) => change.breaking).map((change) => change.path);
      expect(breaking).toEqual(accepted[version]?.schema ?? []);
    });

    test("finds each change that breaks a program in the changelog", () => {
      const [since = ""] = readText("CHANGELOG.md").split(`\n## ${version}`);

      const unnamed = (accepted[version]?.schema ?? []).filter((at) => !since.includes(at.split(".").at(-1) ?? at));

      expect(unnamed).toEqual([]);
    });

    test("has configurations that mean the same, with the same defaults", () => {
      const recorded = release.readJson("configurations.json") as Record<string, Recorded>;
      const found = Object.entries(recorded).flatMap(([name, { text, meaning }]) =>
        differences(meaning, parseRelayConfig(text, { where: name }).config, name),
      );

      expect(Object.keys(recorded)).toEqual(Object.keys(programs));
      expect(found).toEqual(accepted[version]?.configuration ?? []);
    });
  },
);

test("a difference in a default is found", () => {
  expect(differences({ a: { b: 1 }, c: [1, 2] }, { a: { b: 2, more: 1 }, c: [1] }, "site")).toEqual([
    "site.a.b",
    "site.c.1",
  ]);
});
