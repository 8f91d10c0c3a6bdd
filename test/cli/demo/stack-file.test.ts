import { writeFileSync } from "node:fs";
import path from "node:path";

import { checkEnvironment, readStackConfig, stackFileOf } from "../../../cli/demo/stack-file.ts";
import { formatProblem } from "../../../runtime/contract/errors.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";

let file: string;

beforeAll(() => {
  file = path.join(createTemporaryFolder("stack-file"), "Pulumi.test.yaml");
});

afterAll(removeTemporaryFolders);

test("knows the environments that have settings", async () => {
  await expect(checkEnvironment("dev")).resolves.toEqual([]);
  await expect(readStackConfig(stackFileOf("dev"))).resolves.toHaveProperty("mqtt-dataflow:site", "oslo");
});

test.each(["nosuch", "", "../dev", "dev.yaml"])("refuses %j, and names those that there are", async (environment) => {
  const problems = await checkEnvironment(environment);

  expect(problems.map(formatProblem)).toEqual([
    `--stack: is "${environment}", and there is no stacks/Pulumi.${environment}.yaml; use one of "dev", "prod"`,
  ]);
});

test("gives each setting as the text that a program gets from Pulumi", async () => {
  writeFileSync(file, 'config:\n  p:text: oslo\n  p:number: 5\n  p:flag: false\n  p:block: { a: ["x"] }\n');

  await expect(readStackConfig(file)).resolves.toEqual({
    "p:text": "oslo",
    "p:number": "5",
    "p:flag": "false",
    "p:block": '{"a":["x"]}',
  });
});

test.each(["", "# nothing\n", "config:\n", "encryptionsalt: v1\n"])("%j has no settings", async (text) => {
  writeFileSync(file, text);

  await expect(readStackConfig(file)).resolves.toEqual({});
});

test("says where YAML is broken", async () => {
  writeFileSync(file, "config: [\n");

  await expect(readStackConfig(file)).rejects.toThrow(
    /has 1 problem:\n {2}file: is no YAML \(.* at line 2, .*\); correct it$/,
  );
});

test("says of a file that it can't read why", async () => {
  await expect(readStackConfig(path.join(file, "nosuch"))).rejects.toThrow(
    /\n {2}file: can't be read \(ENOTDIR: .*\); give the path of a stack's settings$/,
  );
});
