import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

import { ConfigError } from "../../runtime/contract/errors.ts";
import { folderLimits, readConfiguration } from "../../runtime/read-configuration.ts";
import { buildDocument } from "./contract/config/build-document.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";

let folder: string;

beforeEach(() => {
  folder = createTemporaryFolder("configuration");
});

afterAll(removeTemporaryFolders);

function write(name: string, content: string | Buffer): void {
  writeFileSync(path.join(folder, name), content);
}

/** The message of a refusal, without the folder. */
function refusal(where = folder): string {
  try {
    readConfiguration(where);
    return "";
  } catch (error) {
    if (error instanceof ConfigError) return error.message.replaceAll(`${folder}/`, "").replaceAll(folder, "FOLDER");
    throw error;
  }
}

const dataflow = (name: string, endpoint = "default") =>
  JSON.stringify({
    kind: "Dataflow",
    metadata: { name },
    spec: {
      operations: [
        { operationType: "Source", sourceSettings: { endpointRef: endpoint, dataSources: ["a"] } },
        { operationType: "Destination", destinationSettings: { endpointRef: endpoint, dataDestination: name } },
      ],
    },
  });

test("reads this project's own configuration as parseRelayConfig does", () => {
  write("relay.json", JSON.stringify(buildDocument()));

  expect(Object.keys(readConfiguration(path.join(folder, "relay.json")).config.dataflows)).toEqual(["upward"]);
});

test("reads the files of a folder in the order of their names, through links as a ConfigMap mounts them", () => {
  mkdirSync(path.join(folder, "..data"));
  writeFileSync(path.join(folder, "..data", "b.yaml"), dataflow("second"));
  symlinkSync(path.join("..data", "b.yaml"), path.join(folder, "b.yaml"));
  write("a.json", dataflow("first"));
  write("c.YML", dataflow("third"));
  write(".d.json", "{");
  write("e.txt", "{");
  mkdirSync(path.join(folder, "f.json"));

  expect(Object.keys(readConfiguration(folder).config.dataflows)).toEqual(["first", "second", "third"]);
});

test("names the file, line and column of each problem of each file", () => {
  write("a.json", '{\n  "a": 1,\n}');
  write("b.yaml", "a: [");
  write("c.json", Buffer.from('{"site": "Køln"}', "latin1"));

  expect(refusal()).toMatch(/^FOLDER has 1 problem:\n {2}c\.json:1:1: file: is not UTF-8, /);
  write("c.json", "{}");
  expect(refusal()).toBe(
    [
      "FOLDER has 2 problems:",
      "  a.json:3:1: document: is not JSON (Expected double-quoted property name); correct it there",
      "  b.yaml:1:5: document: is not YAML (the indentation does not fit the lines before, or a bracket is missing); correct it there",
    ].join("\n"),
  );
});

test("refuses a configuration of the relay beside resources of AIO", () => {
  write("a.json", dataflow("first"));
  write("relay.json", JSON.stringify(buildDocument()));

  expect(refusal()).toBe(
    "FOLDER has 1 problem:\n  relay.json:1:1: document: is a configuration of the relay, and there are other documents beside it; give it alone",
  );
});

test("takes a resource that is in two files and the same, and refuses two of one name", () => {
  write("a.json", dataflow("first"));
  write("b.json", dataflow("first"));
  expect(refusal()).toBe("");

  write("b.json", dataflow("first", "other"));
  expect(refusal()).toContain('b.json:1:32: metadata.name: is "first", the name of another Dataflow too; ');
});

test("refuses a folder with nothing to read, one with too many files, and one that is too large", () => {
  expect(refusal()).toBe(
    "FOLDER has 1 problem:\n  folder: holds no file that ends with .json, .yaml or .yml; give another folder",
  );

  for (let index = 0; index <= folderLimits.files; index += 1) write(`${index}.json`, "{}");
  expect(refusal()).toContain(`holds ${folderLimits.files + 1} files that end with .json, .yaml or .yml, more than`);

  folder = createTemporaryFolder("configuration");
  const large = `"${"x".repeat(1_048_000)}"`;
  for (let index = 0; index < 18; index += 1) write(`${index}.json`, large);
  expect(refusal()).toContain(`folder: holds more than ${folderLimits.bytes} bytes of files that end with`);
});

test("says of what is not there that it can't be read", () => {
  expect(refusal(path.join(folder, "nosuch"))).toMatch(/^nosuch has 1 problem:\n {2}file: can't be read \(ENOENT/);
});
