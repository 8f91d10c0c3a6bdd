import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { stringify } from "yaml";

import { chooseSites, readFleet, sitesOf } from "../../../cli/fleet/sites.ts";
import type { Fleet } from "../../../cli/fleet/sites.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";

afterAll(removeTemporaryFolders);

/** Writes a file of sites beside a program, and gives its path. */
function write(content: unknown): string {
  const folder = createTemporaryFolder("sites");
  mkdirSync(path.join(folder, "site"));
  writeFileSync(path.join(folder, "site/Pulumi.yaml"), "name: site\nruntime: nodejs\n");
  const file = path.join(folder, "fleet.yaml");
  writeFileSync(file, typeof content === "string" ? content : stringify(content));
  return file;
}

const read = (content: unknown) => readFleet(write(content));
const small = {
  version: 1,
  program: "site",
  rings: ["canary", "rest"],
  sites: { oslo: { ring: "canary" }, bergen: {} },
};

/** What is wrong with a file, each in one line without the name of its folder. */
function problemsOf(content: unknown): string[] {
  const file = write(content);
  try {
    readFleet(file);
    return [];
  } catch (error) {
    return (error as Error).message
      .split("\n")
      .slice(1)
      .map((line) => line.replace(`${path.dirname(file)}/`, "").trim());
  }
}

test("takes the rings in their order, and puts a site without one into the last", () => {
  const fleet = read(small);

  expect(fleet.rings.map(({ name, sites }) => [name, sites.map((site) => site.name)])).toEqual([
    ["canary", ["oslo"]],
    ["rest", ["bergen"]],
  ]);
  expect(sitesOf(fleet)[0]).toEqual({
    name: "oslo",
    stack: "oslo",
    ring: "canary",
    namespace: "azure-iot-operations",
    kubeconfig: undefined,
    context: undefined,
    manifests: undefined,
  });
});

test("counts paths from the folder of the file, and puts the organization before the stack's name", () => {
  const kubernetes = { kubeconfig: "clusters/oslo", context: "oslo", namespace: "relays" };
  const fleet = read({
    ...small,
    organization: "contoso",
    sites: { oslo: { kubernetes, manifests: "manifests/oslo" } },
  });

  expect(sitesOf(fleet)).toEqual([
    {
      name: "oslo",
      stack: "contoso/oslo",
      ring: "rest",
      namespace: "relays",
      kubeconfig: path.join(fleet.folder, "clusters/oslo"),
      context: "oslo",
      manifests: path.join(fleet.folder, "manifests/oslo"),
    },
  ]);
  expect(fleet.programFolder).toBe(path.join(fleet.folder, "site"));
});

test("lists all problems at once, each at its line, with the value and what to do", () => {
  const problems = problemsOf(`version: 2
program: sites
rings: [canary, rest]
sites:
  oslo: { ring: canery }
  Bergen: {}
  bodo: { kubernetes: { kontext: bodo } }
`);

  expect(problems).toEqual([
    "fleet.yaml:1:1: version: is 2; give 1, the version that this release reads",
    expect.stringMatching(
      /^fleet.yaml:6:3: sites.Bergen: is no name for a site \("Bergen"\); name a site with 3 to 63/,
    ),
    'fleet.yaml:7:25: sites.bodo.kubernetes.kontext: is not a known field; did you mean "context"?',
    'fleet.yaml:5:11: sites.oslo.ring: is "canery", which is not in rings; did you mean "canary"?',
    expect.stringMatching(/^fleet.yaml:2:1: program: is "sites", and there is no Pulumi.yaml in it/),
  ]);
  expect(problemsOf({ ...small, program: "sites", sites: { oslo: { ring: "canery" }, bodo: { ring: "?" } } })).toEqual([
    'fleet.yaml:8:5: sites.oslo.ring: is "canery", which is not in rings; did you mean "canary"?',
    'fleet.yaml:10:5: sites.bodo.ring: is "?", which is not in rings; use one of "canary", "rest", or add it to rings',
    'fleet.yaml:2:1: program: is "sites", and there is no Pulumi.yaml in it; give the folder of the program, from the folder of this file',
  ]);
});

/** Each line names the one before nine times. */
const growing = [
  "a: &a [1, 1]",
  ..."bcdefg".split("").map((key, index) => {
    const aliases = Array.from({ length: 9 }, () => `*${"abcdef"[index] ?? ""}`).join(", ");
    return `${key}: &${key} [${aliases}]`;
  }),
].join("\n");

test.each([
  ["no YAML", "sites: [", /is not YAML/],
  ["empty", "", /document: is empty/],
  ["two documents", "version: 1\n---\nversion: 1\n", /has several documents/],
  ["a list", "- oslo\n", /is a list/],
  ["no site", { ...small, sites: {} }, /sites: is empty; add a site/],
  ["a site of a reserved name", "version: 1\nprogram: site\nsites:\n  constructor: {}\n  oslo: {}\n", /reserved name/],
  [
    "a site of the prototype's name",
    '{"version":1,"program":"site","sites":{"__proto__":{},"oslo":{}}}',
    /reserved name/,
  ],
  ["a ring twice", { ...small, rings: ["canary", "canary"] }, /rings: names a ring twice/],
  ["aliases that grow", growing, /aliases/],
  [
    "too many sites",
    { ...small, sites: Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`site-${i}`, {}])) },
    /has 1001 sites; give 1000 at most/,
  ],
  ["too many bytes", `# ${"x".repeat(1_100_000)}\n`, /larger than 1048576 bytes/],
  ["a name that steers a terminal", '{"version":1,"program":"site","sites":{"\\u001b[2J":{}}}', /\\u001b\[2J/],
])("refuses a file with %s, in one line", (_, content, problem) => {
  const problems = problemsOf(content);

  expect(problems).toEqual([expect.stringMatching(problem)]);
});

test("reads a file of 1,000 sites", () => {
  const sites = Object.fromEntries(
    Array.from({ length: 1000 }, (_, index) => [`site-${index}`, { settings: { index } }]),
  );

  expect(sitesOf(read({ ...small, sites }))).toHaveLength(1000);
});

describe("choosing", () => {
  const names = (fleet: Fleet) => sitesOf(fleet).map(({ name }) => name);

  test("takes the named sites, and rings up to the named one", () => {
    const fleet = read(small);

    expect(names(chooseSites(fleet, { sites: [] }))).toEqual(["oslo", "bergen"]);
    expect(names(chooseSites(fleet, { sites: ["bergen"] }))).toEqual(["bergen"]);
    expect(names(chooseSites(fleet, { sites: [], throughRing: "canary" }))).toEqual(["oslo"]);
  });

  test("says of each unknown site and ring which was probably meant", () => {
    const fleet = read(small);

    expect(() => chooseSites(fleet, { sites: ["olso"], throughRing: "x" })).toThrow(
      /--site: is "olso", and the file has no such site; did you mean "oslo"\?\n {2}--ring: is "x", and the file has no such ring; use one of "canary", "rest"/,
    );
  });
});
