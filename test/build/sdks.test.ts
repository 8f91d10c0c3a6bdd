import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { describeWithPart, describeWithParts } from "../support/real-parts.ts";
import { removeTemporaryFolders } from "../support/temporary-folder.ts";
import { generateSdks } from "./generated-sdks.ts";
import type { GeneratedSdks } from "./generated-sdks.ts";
import { link, typeCheck } from "./package-scene.ts";

const programs = path.join(import.meta.dirname, "sdk-programs");

afterAll(removeTemporaryFolders);

/** Runs a compiler; gives what it says, empty when all is well. */
function say(
  command: string,
  args: readonly string[],
  cwd: string,
  variables: Readonly<Record<string, string>>,
): string {
  try {
    execFileSync(command, args, { cwd, stdio: "pipe", encoding: "utf8", env: { ...process.env, ...variables } });
    return "";
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout?: string; readonly stderr?: string };
    return `${stdout ?? ""}${stderr ?? ""}`;
  }
}

describeWithPart("generate-sdks", () => {
  let sdks: GeneratedSdks;

  beforeAll(() => {
    sdks = generateSdks("example/mqtt-dataflow");
  });

  test("the SDK for Node.js compiles with its own settings, and a program with it", () => {
    for (const name of ["@pulumi/pulumi", "@types/node"]) link(path.join(sdks.nodejs, "node_modules"), name);
    writeFileSync(path.join(sdks.nodejs, "program.ts"), nodeProgram);
    const settings = path.join(sdks.nodejs, "tsconfig.json");
    writeFileSync(settings, readFileSync(settings, "utf8").replace('"utilities.ts"', '"utilities.ts", "program.ts"'));

    expect(typeCheck(sdks.nodejs)).toBe("");
  });

  describeWithPart("go", (go) => {
    test("the SDK for Go compiles, and `go vet` has nothing to say of it or of a program with it", () => {
      copyFileSync(path.join(programs, "main.go"), path.join(sdks.go, "main.go"));
      const variables = { GOFLAGS: "-mod=mod -buildvcs=false", GOTOOLCHAIN: "auto" };

      // Says what it downloads, too.
      expect(say(go, ["vet", "./..."], sdks.go, variables)).not.toMatch(/^(vet|#)/m);
    });
  });

  describeWithParts(["pulumi-python"], ([python]) => {
    test("a program in Python passes `mypy --strict`: counts are whole numbers", () => {
      // Pulumi's generated code itself is not strict.
      const args = ["-m", "mypy", "--strict", "--follow-imports=silent", "--no-incremental", "program.py"];

      expect(say(python, args, programs, { MYPYPATH: sdks.python })).toBe("");
    });
  });
});

const nodeProgram = `
import { LocalEndpoint, MqttBridge } from "./index";

const edge = new LocalEndpoint("edge", { keepAliveSeconds: 30 });
// @ts-expect-error: an output is no text
export const audience: string = edge.tokenAudience;
new MqttBridge("oslo", {
  site: "oslo",
  localEndpoints: { edge: {} },
  dataflows: { telemetry: { source: "edge", dataSources: ["a/#"], destination: "edge", dataDestination: "b" } },
  relay: { image: "relay:1" },
});
`;
