import { writeFileSync } from "node:fs";
import path from "node:path";

import { judgeFile } from "../../../cli/check/judge-file.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../../support/relay-config.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";

afterAll(removeTemporaryFolders);

const documents = path.join(import.meta.dirname, "..", "documents");

test("has the place of each problem of a file in YAML", () => {
  const { isRunnable, problems } = judgeFile(path.join(documents, "own-mistakes.yaml"), {});

  expect(isRunnable).toBe(false);
  expect(problems.length).toBeGreaterThan(1);
  for (const { at } of problems) {
    expect(at?.file).toMatch(/own-mistakes\.yaml$/);
    expect(at?.line).toBeGreaterThan(1);
  }
});

test("has the place of what is skipped, noted and warned of", () => {
  const { isRunnable, remarks, warnings, dataflows } = judgeFile(path.join(documents, "az-site"), {});

  expect(isRunnable).toBe(true);
  expect(remarks).toContainEqual({
    kind: "skipped",
    text: 'endpoint "lake" is of type "DataLakeStorage", not Mqtt',
    at: { file: path.join(documents, "az-site", "endpoints.json"), line: 29, column: 5 },
  });
  expect(warnings).toEqual([]);
  expect(dataflows).toEqual([
    {
      name: "doors",
      isEnabled: false,
      source: { endpoint: "default", filters: ["$shared/doors/doors/+"] },
      destination: { endpoint: "default", topic: "alarms" },
    },
  ]);
});

test("refuses a limit of memory with which the relay would not start, at its place", () => {
  const file = path.join(createTemporaryFolder("judge"), "relay.json");
  const config = buildConfig({
    endpoints: { edge: plainEndpoint(1883), plant: plainEndpoint(1884) },
    dataflows: { upward: buildDataflow(["edge", ["a"]], ["plant", "a"]) },
    relay: { maxMemoryBytes: 67_108_864 },
  });
  writeFileSync(file, JSON.stringify(config, undefined, 2));

  const { isRunnable, problems } = judgeFile(file, {});

  expect(isRunnable).toBe(false);
  expect(problems).toEqual([
    {
      path: "relay.maxMemoryBytes",
      problem: "is 64 MiB, too little for 1 dataflow",
      remedy: expect.stringMatching(/^give \d+ MiB or more$/),
      at: { file, line: expect.any(Number) as number, column: 5 },
    },
  ]);
  expect(problems[0]?.at?.line).toBeGreaterThan(10);
});

test("says of a file that is not there what to give", () => {
  expect(judgeFile("/nowhere/relay.json", {}).problems).toMatchObject([
    { path: "file", remedy: "give the path of a configuration" },
  ]);
});
