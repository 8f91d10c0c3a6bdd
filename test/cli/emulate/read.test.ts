import { writeFileSync } from "node:fs";
import path from "node:path";

import { checkEmulation } from "../../../cli/emulate/rules.ts";
import { defaultEmulation, readEmulation } from "../../../cli/emulate/read.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";

afterAll(removeTemporaryFolders);

function write(text: string): string {
  const file = path.join(createTemporaryFolder("emulate"), "site.yaml");
  writeFileSync(file, text);
  return file;
}

/** The lines of the refusal without the path of the file. */
function problemsOf(text: string): string[] {
  const file = write(text);
  try {
    readEmulation(file);
  } catch (error) {
    return (error as Error).message
      .split("\n")
      .slice(1)
      .map((line) => line.trim().replace(`${file}:`, ""));
  }
  return [];
}

test("names every problem at once, with its place, its value and its remedy", () => {
  const problems = problemsOf(`version: 1
profile: event-grid
client: {}
tls: false
clients:
  line-1: { authentication: certificat }
  Line-1: { authentication: password }
topicSpaces:
  own: { topicTemplates: ["a/#/b"] }
permissionBindings:
  - { client: line-2, topicSpace: owns, permission: Publish }
faults:
  latency: 3
  refusePublishes: { everyNth: 0, reasonCode: messageRateTooHigh }
`);

  expect(problems).toEqual(
    expect.arrayContaining([
      '3:1: client: is not a known field; did you mean "clients"?',
      "4:1: tls: is false, and profile event-grid has TLS only; give true, or leave it out",
      expect.stringMatching(/^6:.*clients\.line-1\.authentication: is "certificat"; give "certificate" or/),
      '7:3: clients.Line-1: differs from client "line-1" in upper and lower case only; give it another name',
      expect.stringMatching(/^7:.*is "password", which profile event-grid has not; use one of "certificate", "token"$/),
      expect.stringMatching(/^9:.*topicSpaces\.own\.topicTemplates\[0\]: is "a\/#\/b", which /),
      expect.stringMatching(/client: is "line-2", and the file has no such client; did you mean "line-1"\?$/),
      expect.stringMatching(/topicSpace: is "owns", and the file has no such topic space; did you mean "own"\?$/),
      expect.stringMatching(/permission: is "Publish"; give "Publisher" or "Subscriber"$/),
      '13:3: faults.latency: is not a known field; did you mean "latencyMs"?',
      expect.stringMatching(/everyNth: is 0; give a whole number from 1 to /),
      expect.stringMatching(/reasonCode: is "messageRateTooHigh"; give "unspecifiedError" or /),
    ]),
  );
});

test.each([
  ["a document that is empty", "", "document: is empty"],
  ["a list", "[]", "document: is "],
  ["no clients", "version: 1", "clients: is missing"],
  ["another version", "version: 2\nclients: {}", "version: is 2; give 1"],
  [
    "a name that is no file's name",
    "version: 1\nclients: { ../up: { authentication: token } }",
    "is no name for a client",
  ],
  [
    "topic spaces of a broker without any",
    "version: 1\nprofile: aio\nclients: {}\ntopicSpaces: {}",
    "topicSpaces: is given",
  ],
  ["anonymous clients of Event Grid", "version: 1\nclients: {}\nanonymousAllowed: true", "anonymousAllowed: is true"],
  [
    "a name that JavaScript has taken",
    "version: 1\nclients: { constructor: { authentication: token } }",
    "reserved name",
  ],
])("refuses %s", (_, text, problem) => {
  expect(problemsOf(text).join("\n")).toContain(problem);
});

test("reads JSON as it reads YAML", () => {
  const json = JSON.stringify({ version: 1, profile: "plain", clients: { a: { authentication: "password" } } });

  expect(readEmulation(write(json))).toMatchObject({ profile: "plain", hostNames: ["localhost"] });
});

test("what is emulated without a file has no problem", () => {
  expect(checkEmulation(defaultEmulation)).toEqual([]);
});
