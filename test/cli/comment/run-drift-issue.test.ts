import { writeFileSync } from "node:fs";
import path from "node:path";

import { runDriftIssue, type DriftIssueOptions } from "../../../cli/comment/run-drift-issue.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";
import { azureDevOpsToken, startAzureDevOps, type AzureDevOpsStandIn } from "./azure-devops-stand-in.ts";
import { gitHubToken, startGitHub, type GitHubStandIn } from "./github-stand-in.ts";

let folder: string;

beforeAll(() => {
  folder = createTemporaryFolder("drift-issue");
});

afterAll(removeTemporaryFolders);

function write(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

const none = { create: 0, update: 0, replace: 0, delete: 0, same: 20 };

/** A stack as a review has it. */
const stack = (name: string, changes: Partial<typeof none> = {}, findings: { kind: string }[] = []) => ({
  project: "site",
  stack: name,
  operations: { ...none, ...changes },
  findings,
});

const failed = [{ kind: "error" }];

/** Runs the command on a review of stacks. */
async function sync(
  environment: Record<string, string>,
  stacks: readonly object[],
  options: Partial<DriftIssueOptions> = {},
) {
  const lines: string[] = [];
  const around = {
    environment,
    print: (line: string) => lines.push(line),
    printError: (line: string) => lines.push(line),
    wait: async () => undefined,
  };
  const review = write("drift.json", JSON.stringify({ version: 1, verdict: "attention", reasons: [], stacks }));
  const file = write("drift.md", "The host name of the namespace <oslo> & a role differ.");
  const code = await runDriftIssue({ file, review, ...options }, around);
  return { code, lines };
}

describe("the issue about drift at GitHub", () => {
  let gitHub: GitHubStandIn;

  beforeEach(async () => {
    gitHub = await startGitHub();
  });

  afterEach(() => gitHub.close());

  const run = (id: number) => ({
    GITHUB_ACTIONS: "true",
    GITHUB_API_URL: gitHub.url,
    GITHUB_SERVER_URL: "https://github.example",
    GITHUB_REPOSITORY: "example/plant",
    GITHUB_TOKEN: gitHubToken,
    GITHUB_RUN_ID: String(id),
  });

  test("is opened once, edited while the drift lasts, and closed when it is gone", async () => {
    const nights = [
      await sync(run(1), [stack("dev"), stack("prod")]),
      await sync(run(2), [stack("dev"), stack("prod", { update: 2 })]),
      await sync(run(3), [stack("dev", { delete: 1 }), stack("prod", { update: 2 })]),
      await sync(run(4), [stack("dev"), stack("prod")]),
      await sync(run(5), [stack("dev"), stack("prod")]),
    ];

    expect(nights.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
    expect(nights.flatMap(({ lines }) => lines)).toEqual([
      "example/plant: no issue is open, and none is needed",
      "example/plant: opened #100",
      "example/plant: edited #100",
      "example/plant: closed #100",
      "example/plant: no issue is open, and none is needed",
    ]);
    expect(gitHub.issues).toMatchObject([
      { title: "Drift: dev, prod differ from what was deployed (2 of 2 stacks)", state: "closed" },
    ]);
    expect(gitHub.comments.map(({ body }) => body)).toEqual([
      "[This run](https://github.example/example/plant/actions/runs/4) found no drift.",
    ]);
  });

  test("that a person closed while the drift lasts is opened as a new one", async () => {
    await sync(run(1), [stack("prod", { update: 2 })]);
    gitHub.issues[0]!.state = "closed";

    const { lines } = await sync(run(2), [stack("prod", { update: 2 })]);

    expect(lines).toEqual(["example/plant: opened #101"]);
    expect(gitHub.issues[1]!.title).toBe("Drift: prod differs from what was deployed");
  });

  test("is none that a person wrote, and no pull request, even with the hidden line copied", async () => {
    await sync(run(1), [stack("prod", { update: 2 })]);
    const { body } = gitHub.issues.pop()!;
    const others = [
      { number: 1, author: "ada", isPullRequest: false, title: "mine", body, state: "open" as const },
      { number: 2, author: "github-actions[bot]", isPullRequest: true, title: "bump", body, state: "open" as const },
    ];
    gitHub.issues.push(...others.map((issue) => ({ ...issue })));

    await sync(run(2), [stack("prod")]);

    expect(gitHub.issues).toEqual(others);
  });

  test("is one when two runs open it at once: the newer is closed", async () => {
    gitHub.before = async ({ method, path: asked }) => {
      if (method !== "POST" || !asked.endsWith("/issues")) return;
      gitHub.before = () => undefined;
      await sync(run(2), [stack("prod", { update: 1 })]);
    };

    await sync(run(1), [stack("prod", { update: 1 })]);

    expect(gitHub.issues.map(({ state }) => state)).toEqual(["open", "closed"]);
    expect(gitHub.comments.at(-1)).toMatchObject({ issue: 101, body: "The same as #100." });
  });

  test("stays open while a stack can't be compared, and the job fails", async () => {
    await sync(run(1), [stack("dev"), stack("prod", { update: 2 })]);

    const { code, lines } = await sync(run(2), [stack("dev"), stack("prod", {}, failed)]);

    expect(code).toBe(1);
    expect(lines).toEqual([
      "no drift was found, and not every stack could be compared: an open issue stays open",
      expect.stringMatching(/^prod: could not be compared with what was deployed; read its errors in .*drift\.md$/),
    ]);
    expect(gitHub.issues[0]!.state).toBe("open");
  });

  test("tells of the drift that is known when another stack can't be compared, and the job fails", async () => {
    const { code } = await sync(run(1), [stack("dev", { update: 1 }), stack("prod", {}, failed)]);

    expect(code).toBe(1);
    expect(gitHub.issues[0]!.title).toBe("Drift: dev differs from what was deployed (1 of 2 stacks)");
  });

  test("names the first five stacks in its title", async () => {
    const stacks = Array.from({ length: 40 }, (_, index) => stack(`site-${index}`, { update: 1 }));

    await sync(run(1), stacks);

    expect(gitHub.issues[0]!.title).toBe(
      "Drift: site-0, site-1, site-2, site-3, site-4 and 35 more differ from what was deployed (40 of 40 stacks)",
    );
  });

  test("needs no permission but the one for issues, and says so", async () => {
    gitHub.permissions.delete("pull-requests");
    expect((await sync(run(1), [stack("prod", { update: 1 })])).code).toBe(0);
    gitHub.permissions.clear();

    const { code, lines } = await sync(run(2), [stack("prod", { update: 1 })]);

    expect(code).toBe(1);
    expect(lines).toEqual([expect.stringContaining('; give the job "permissions: issues: write"; a job')]);
  });

  test.each([
    ["no JSON", "{", /can't be read: .*JSON.*; give the file that mqtt-dataflow review --output-json wrote/],
    ["another document", '{"version": 2}', /is no review of any stack; give the file/],
    ["a review of nothing", '{"version": 1, "stacks": []}', /is no review of any stack; give the file/],
  ])("refuses a review that is %s, and sends nothing", async (_, text, expected) => {
    const { code, lines } = await sync(run(1), [], { review: write("wrong.json", text) });

    expect(code).toBe(2);
    expect(lines).toEqual([expect.stringMatching(expected)]);
    expect(gitHub.asked).toEqual([]);
  });
});

describe("the work item about drift at Azure DevOps", () => {
  let azure: AzureDevOpsStandIn;

  beforeEach(async () => {
    azure = await startAzureDevOps();
  });

  afterEach(() => azure.close());

  const run = (id: number) => ({
    TF_BUILD: "True",
    SYSTEM_COLLECTIONURI: `${azure.url}/example/`,
    SYSTEM_TEAMPROJECTID: "plant-id",
    BUILD_REPOSITORY_ID: "repository-id",
    SYSTEM_ACCESSTOKEN: azureDevOpsToken,
    BUILD_BUILDID: String(id),
  });

  test.each([
    ["Issue", "Done"],
    ["Bug", "Closed"],
  ])("of the type %s is opened once, edited, and ended in the state %s", async (workItemType, ended) => {
    const options = { workItemType };
    const nights = [
      await sync(run(1), [stack("prod")], options),
      await sync(run(2), [stack("prod", { update: 2 })], options),
      await sync(run(3), [stack("prod", { update: 2 })], options),
      await sync(run(4), [stack("prod")], options),
      await sync(run(5), [stack("prod")], options),
    ];

    expect(nights.flatMap(({ lines }) => lines)).toEqual([
      "project plant-id: no issue is open, and none is needed",
      "project plant-id: opened #500",
      "project plant-id: edited #500",
      "project plant-id: closed #500",
      "project plant-id: no issue is open, and none is needed",
    ]);
    expect(azure.workItems).toMatchObject([
      {
        type: workItemType,
        fields: {
          "System.Title": "Drift: prod differs from what was deployed",
          "System.Tags": "mqtt-dataflow-drift",
          "System.State": ended,
          "System.Description": expect.stringMatching(/^<pre>The host name of the namespace &lt;oslo&gt; &amp; a role/),
          "System.History": expect.stringContaining("found no drift"),
        },
      },
    ]);
  });

  test("is none that a person made, even with the tag", async () => {
    const fields = { author: "ada", "System.Tags": "mqtt-dataflow-drift; plant", "System.State": "To Do" };
    azure.workItems.push({ id: 1, type: "Issue", fields });

    await sync(run(1), [stack("prod")]);

    expect(fields["System.State"]).toBe("To Do");
  });

  test("says which permission the build service lacks, and where to give it", async () => {
    azure.mayEditWorkItems = false;

    const { code, lines } = await sync(run(1), [stack("prod", { update: 1 })]);

    expect(code).toBe(1);
    expect(lines).toEqual([
      expect.stringMatching(/TF237111: .*; in Project settings > Boards > .* "Edit work items in this node" to Allow/),
    ]);
  });
});
