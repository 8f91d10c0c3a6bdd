import { readdirSync } from "node:fs";

import { createTemporaryFolder, removeTemporaryFolders } from "../temporary-folder.ts";
import { recordOutput, recordVariable, registerSecret } from "./run-record.ts";
import { canaryName, searchRun, type SearchResult } from "./search.ts";

const canary = "5f0d9c62-canary";

let before: string | undefined;
let folder: string;

beforeEach(() => {
  before = process.env[recordVariable];
  folder = createTemporaryFolder("record");
  process.env[recordVariable] = folder;
});

afterEach(() => {
  process.env[recordVariable] = before;
});

afterAll(removeTemporaryFolders);

function search(): SearchResult {
  registerSecret(canaryName, canary);
  recordOutput(canaryName)(canary);
  return searchRun(folder);
}

test("finds nothing where nothing is put out, and says what it has searched", () => {
  registerSecret("password", "correct horse");
  recordOutput("relay")('{"msg":"running"}\n');

  expect(search()).toMatchObject({ findings: [], secrets: 1, sources: 1 });
});

test("names the secret, the output and the line, in output that came in pieces too", () => {
  registerSecret("password", "correct horse");
  const record = recordOutput("relay stderr");
  for (const piece of ["line 1\nsaid cor", "rect ", Buffer.from("horse\n")]) record(piece);

  const { findings } = search();

  expect(findings).toEqual([{ secret: "password", source: expect.stringMatching(/-relay-stderr$/), line: 2 }]);
});

test("finds what has the form of a token or a private key, whoever made it", () => {
  const record = recordOutput("relay");
  record("Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6Ijg\n-----BEGIN EC PRIVATE KEY-----\n");

  expect(search().findings.map(({ secret, line }) => [secret, line])).toEqual([
    ["a token", 1],
    ["a private key", 2],
  ]);
});

test("finds nothing out of a secret that is not put out whole", () => {
  registerSecret("password", "correct horse");
  recordOutput("relay")("correct hors\n");

  expect(search().findings).toEqual([]);
});

test("fails where it does not find what was put out on purpose", () => {
  registerSecret(canaryName, canary);
  recordOutput(canaryName)("something else");

  expect(() => searchRun(folder)).toThrow("found 0 of 1 canaries");
});

test("fails where nothing was put out on purpose", () => {
  recordOutput("relay")("a line");

  expect(() => searchRun(folder)).toThrow("found 0 of 0 canaries");
});

test("takes no secret that is too short to be told from other text", () => {
  expect(() => {
    registerSecret("password", "secret\n");
  }).toThrow("password: is too short to be searched for; give the test one of 8 characters");
});

test("gathers nothing outside of a run", () => {
  Reflect.deleteProperty(process.env, recordVariable);
  registerSecret("password", "correct horse");
  recordOutput("relay")("a line");

  expect(readdirSync(folder)).toEqual([]);
});
