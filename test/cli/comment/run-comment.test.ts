import { writeFileSync } from "node:fs";
import path from "node:path";

import { runComment, type CommentOptions } from "../../../cli/comment/run-comment.ts";
import { startConnectProxy } from "../../support/connect-proxy.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";
import {
  azureDevOpsToken,
  buildServiceId,
  startAzureDevOps,
  type AzureDevOpsStandIn,
} from "./azure-devops-stand-in.ts";
import { gitHubLogin, gitHubToken, startGitHub, type GitHubStandIn } from "./github-stand-in.ts";

let folder: string;

beforeAll(() => {
  folder = createTemporaryFolder("comment");
});

afterAll(removeTemporaryFolders);

function write(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** Runs the command; gives what it printed, and the waits that it asked for, in seconds. */
async function comment(environment: Record<string, string>, options: Partial<CommentOptions> = {}) {
  const lines: string[] = [];
  const waits: number[] = [];
  const around = {
    environment,
    print: (line: string) => lines.push(line),
    printError: (line: string) => lines.push(line),
    wait: async (ms: number) => void waits.push(Math.round(ms / 1_000)),
  };
  const code = await runComment({ file: write("review.md", "**Safe.** One dataflow is added."), ...options }, around);
  expect(lines.join("\n")).not.toContain(gitHubToken);
  expect(lines.join("\n")).not.toContain(azureDevOpsToken);
  return { code, lines, waits };
}

/** Holds requests back until a test lets them go. */
function latch() {
  let resolve: () => void = () => {};
  const opened = new Promise<void>((settle) => (resolve = settle));
  const state = {
    isOpen: false,
    opened,
    open: () => {
      state.isOpen = true;
      resolve();
    },
  };
  return state;
}

describe("a comment on a pull request of GitHub", () => {
  let gitHub: GitHubStandIn;

  beforeEach(async () => {
    gitHub = await startGitHub();
  });

  afterEach(() => gitHub.close());

  function run(id: number, attempt = 1): Record<string, string> {
    const event = { pull_request: { number: 12, head: { sha: `${id}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` } } };
    return {
      GITHUB_ACTIONS: "true",
      GITHUB_API_URL: gitHub.url,
      GITHUB_GRAPHQL_URL: `${gitHub.url}/graphql`,
      GITHUB_SERVER_URL: "https://github.example",
      GITHUB_REPOSITORY: "example/plant",
      GITHUB_TOKEN: gitHubToken,
      GITHUB_EVENT_PATH: write(`event-${id}.json`, JSON.stringify(event)),
      GITHUB_RUN_ID: String(id),
      GITHUB_RUN_ATTEMPT: String(attempt),
    };
  }

  const bodies = () => gitHub.comments.map(({ body }) => body);

  test("is created once, with a first line that no reader sees, and names its commit and its run", async () => {
    const { code, lines } = await comment(run(501));

    expect({ code, lines }).toEqual({ code: 0, lines: ["pull request 12 of example/plant: comment created"] });
    expect(bodies()).toEqual([
      "<!-- mqtt-dataflow comment=review run=501.1 -->\n\n**Safe.** One dataflow is added.\n\n" +
        "For commit 501aaaaaaa by `mqtt-dataflow comment` in [this run](https://github.example/example/plant/actions/runs/501).",
    ]);
  });

  test("is edited in place by the next run", async () => {
    await comment(run(501));
    const { lines } = await comment(run(502), { file: write("next.md", "**Blocked.**") });

    expect(lines).toEqual(["pull request 12 of example/plant: comment edited"]);
    expect(gitHub.comments).toMatchObject([{ id: 1, body: expect.stringContaining("**Blocked.**") }]);
  });

  test("is found behind more than one page of other comments", async () => {
    for (let count = 0; count < 230; count++) gitHub.addComment(12, "ada", `comment ${count}`);
    await comment(run(501));
    for (let count = 0; count < 230; count++) gitHub.addComment(12, "ada", `comment ${count}`);

    const { lines } = await comment(run(502));

    expect(lines).toEqual(["pull request 12 of example/plant: comment edited"]);
    expect(gitHub.comments.filter(({ author }) => author === gitHubLogin)).toHaveLength(1);
  });

  test("never touches what a person wrote, even with the hidden line copied", async () => {
    await comment(run(501));
    const copied = gitHub.addComment(12, "ada", bodies()[0]!);
    const quoted = gitHub.addComment(12, gitHubLogin, `> ${bodies()[0]!}`);
    const before = [copied.body, quoted.body];

    await comment(run(502));

    expect([copied.body, quoted.body]).toEqual(before);
    expect(gitHub.comments).toHaveLength(3);
  });

  test("is one for each key", async () => {
    await comment(run(501));
    await comment(run(501), { key: "capacity" });
    await comment(run(502), { key: "capacity" });

    expect(gitHub.comments).toHaveLength(2);
  });

  test("is made anew after a person has deleted it", async () => {
    await comment(run(501));
    gitHub.comments.length = 0;

    const { lines } = await comment(run(502));

    expect(lines).toEqual(["pull request 12 of example/plant: comment created"]);
  });

  test("is made anew when a person deletes it between the look and the edit", async () => {
    await comment(run(501));
    gitHub.before = ({ method }) => {
      if (method === "PATCH") gitHub.comments.length = 0;
    };

    const { code } = await comment(run(502));

    expect(code).toBe(0);
    expect(bodies()).toEqual([expect.stringContaining("run=502.1")]);
  });

  test("stays as a later run has written it", async () => {
    await comment(run(502));
    const { code, lines } = await comment(run(501, 3), { file: write("old.md", "old") });

    expect(code).toBe(0);
    expect(lines).toEqual(["pull request 12 of example/plant: a later run has written its comment, which stays"]);
    expect(bodies()[0]).not.toContain("old");
  });

  test.each([
    ["the earlier run first", [501, 502]],
    ["the later run first", [502, 501]],
  ])("is one, of the later run, when two runs create it at once, %s", async (_, [first, second]) => {
    // Both have looked before either writes.
    let creating = 0;
    let release: () => void = () => {};
    const both = new Promise<void>((resolve) => (release = resolve));
    gitHub.before = ({ method, path: asked }) => {
      if (method !== "POST" || asked === "/graphql") return undefined;
      if (++creating === 2) release();
      return both;
    };

    await Promise.all([comment(run(first!)), comment(run(second!))]);

    expect(bodies()).toEqual([expect.stringContaining("run=502.1")]);
  });

  test("has the later run's text when an earlier run's edit comes last", async () => {
    await comment(run(500));
    let looks = 0; // of the later run
    const looked = latch(); // the earlier run has, and wants to edit
    const edited = latch(); // the later run has, and wants to check
    const ended = latch(); // the earlier run has
    gitHub.before = ({ method, body }) => {
      if (method === "PATCH" && (body as { body: string }).body.includes("run=501.1")) {
        looked.open();
        return edited.opened;
      }
      if (method === "PATCH") return looked.opened;
      if (method !== "GET" || !looked.isOpen || edited.isOpen || ++looks < 2) return undefined;
      edited.open();
      return ended.opened;
    };
    const earlier = comment(run(501)).finally(ended.open);
    await looked.opened;

    const later = await comment(run(502));
    await earlier;

    expect(later.lines).toEqual(["pull request 12 of example/plant: comment edited"]);
    expect(bodies()).toEqual([expect.stringContaining("run=502.1")]);
  });

  test("is not created twice when the answer to its creation gets lost", async () => {
    gitHub.interfere.push(undefined, undefined, "break");

    const { code, waits } = await comment(run(501));

    expect({ code, waits }).toEqual({ code: 0, waits: [1] });
    expect(gitHub.comments).toHaveLength(1);
  });

  test.each([
    ["Retry-After in seconds", { status: 403, headers: { "retry-after": "42" } }, 42],
    ["Retry-After as a date", { status: 429, headers: { "retry-after": "a date" } }, 90],
    [
      "the time when the limit ends",
      { status: 403, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "a time" } },
      31,
    ],
    ["no time at all", { status: 403, body: { message: "You have exceeded a secondary rate limit" } }, 60],
  ])("waits as GitHub's rate limit asks for: %s", async (_, reply, seconds) => {
    const times: Partial<Record<string, string>> = {
      "a date": new Date(Date.now() + 90_500).toUTCString(),
      "a time": String(Math.round(Date.now() / 1_000) + 30),
    };
    const entries = Object.entries("headers" in reply ? reply.headers : {});
    const headers = entries.map(([name, value]) => [name, times[value] ?? value]);
    gitHub.interfere.push(undefined, { ...reply, headers: Object.fromEntries(headers) as Record<string, string> });

    const { code, waits, lines } = await comment(run(501));

    expect(code).toBe(0);
    expect(Math.abs(waits[0]! - seconds)).toBeLessThanOrEqual(2);
    expect(lines[0]).toMatch(/^GitHub, example\/plant: limits requests: status 4\d\d.*; trying again in \d+ s$/);
  });

  test("does not wait for a limit that ends in an hour", async () => {
    gitHub.interfere.push({ status: 429, headers: { "retry-after": "3600" }, body: { message: "Slow down" } });

    const { code, waits, lines } = await comment(run(501));

    expect({ code, waits }).toEqual({ code: 1, waits: [] });
    expect(lines).toEqual([
      "GitHub, example/plant: limits requests: status 429 Slow down; run the job again in 60 min",
    ]);
  });

  test("is tried again while GitHub is in trouble, and given up after five minutes", async () => {
    gitHub.before = () => void gitHub.interfere.push({ status: 502, body: "<html>Unicorn!</html>" });

    const { code, waits, lines } = await comment(run(501));

    expect(code).toBe(1);
    expect(waits.slice(0, 6)).toEqual([1, 2, 4, 8, 16, 16]);
    expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeLessThanOrEqual(300);
    expect(lines.at(-1)).toBe("GitHub, example/plant: status 502; run the job again");
  });

  test("says which permission the job lacks", async () => {
    gitHub.permissions.clear();

    const { code, lines } = await comment(run(501));

    expect(code).toBe(1);
    expect(lines).toEqual([
      'GitHub, example/plant: status 403 Resource not accessible by integration; give the job "permissions: pull-requests: write"; a job for a pull request from a fork never gets it',
    ]);
  });

  test("needs no permission but the one for pull requests", async () => {
    gitHub.permissions.delete("issues");

    expect((await comment(run(501))).code).toBe(0);
    expect((await comment(run(502))).code).toBe(0);
  });

  test("says that the token does not count", async () => {
    const { code, lines } = await comment({ ...run(501), GITHUB_TOKEN: "ghs_expired0123456789" });

    expect(code).toBe(1);
    expect(lines).toEqual([
      "GitHub, example/plant: status 401 Bad credentials; set GITHUB_TOKEN to ${{ github.token }}, or to a token that has not expired",
    ]);
  });

  test("leaves the token out of what a proxy repeats", async () => {
    gitHub.interfere.push({ status: 400, body: { message: `bad header: Bearer ${gitHubToken}\u001b[2J` } });

    const { lines } = await comment(run(501));

    expect(lines[0]).toContain("bad header: Bearer …\\u001b[2J");
  });

  test("that is longer than GitHub takes is cut at the end of a line, with its blocks closed", async () => {
    const diff = Array.from({ length: 4_000 }, (_, index) => `+ line ${index} of the engine's own diff`).join("\n");
    const text = `**Safe.**\n\n<details><summary>Diff</summary>\n\n\`\`\`\`diff\n${diff}\n\`\`\`\`\n\n</details>`;

    const { code } = await comment(run(501), { file: write("long.md", text) });

    const [body] = bodies();
    expect(code).toBe(0);
    expect(body!.length).toBeLessThanOrEqual(65_536);
    expect(body!.length).toBeGreaterThan(65_000);
    expect(body).toMatch(
      /own diff\n````\n\n<\/details>\n\n\*\*Cut here:\*\* [\d,]+ more characters don't fit; the whole text is in \[the run\]\(https:\/\/github\.example\S+\)\.\n\nFor commit 501aaaaaaa by `mqtt-dataflow comment` in \S+ run\]\(\S+\)\.$/,
    );
  });

  test("takes the proxy of the environment", async () => {
    const proxy = await startConnectProxy();
    process.env["HTTPS_PROXY"] = proxy.url;
    try {
      // The stand-in speaks HTTP, which goes to a proxy as a whole request.
      const { lines } = await comment(run(501));

      expect(proxy.others[0]).toBe(`POST ${gitHub.url}/graphql`);
      expect(lines.at(-1)).toContain("status 405");
    } finally {
      delete process.env["HTTPS_PROXY"];
      await proxy.close();
    }
  });

  test("says what is missing, all of it, before anything is sent", async () => {
    const { code, lines } = await comment(
      { GITHUB_ACTIONS: "true", GITHUB_API_URL: gitHub.url },
      { file: path.join(folder, "none.md"), key: "My Key" },
    );

    expect(code).toBe(2);
    expect(lines).toEqual([
      "GITHUB_REPOSITORY: is not set; set it to the repository: owner/name",
      'GITHUB_TOKEN: is not set; add "env: GITHUB_TOKEN: ${{ github.token }}" to the step',
      expect.stringMatching(/^--file .*none\.md: can't be read: ENOENT.*; check the step that writes it$/),
      '--key: is "My Key"; use up to 50 letters from a to z, digits and hyphens',
    ]);
    expect(gitHub.asked).toEqual([]);
  });

  test("says that the job runs for no pull request", async () => {
    const { GITHUB_EVENT_PATH: _, ...variables } = run(501);

    const { code, lines } = await comment({ ...variables, GITHUB_REF: "refs/heads/main" });

    expect(code).toBe(2);
    expect(lines).toEqual([
      "GITHUB_REF: names no pull request; run it in a job for a pull request, or give --pull-request NUMBER",
    ]);
  });
});

describe("a comment on a pull request of Azure DevOps", () => {
  let azure: AzureDevOpsStandIn;

  beforeEach(async () => {
    azure = await startAzureDevOps();
  });

  afterEach(() => azure.close());

  function run(id: number, attempt = 1): Record<string, string> {
    return {
      TF_BUILD: "True",
      SYSTEM_COLLECTIONURI: `${azure.url}/example/`,
      SYSTEM_TEAMPROJECTID: "plant-id",
      SYSTEM_TEAMPROJECT: "Plant Oslo",
      BUILD_REPOSITORY_ID: "repository-id",
      BUILD_REPOSITORY_NAME: "plant",
      BUILD_REPOSITORY_PROVIDER: "TfsGit",
      SYSTEM_PULLREQUEST_PULLREQUESTID: "7",
      SYSTEM_PULLREQUEST_SOURCECOMMITID: "0123456789abcdef0123456789abcdef01234567",
      SYSTEM_ACCESSTOKEN: azureDevOpsToken,
      BUILD_BUILDID: String(id),
      SYSTEM_STAGEATTEMPT: String(attempt),
    };
  }

  test("is one closed thread, edited in place", async () => {
    const first = await comment(run(31));
    const second = await comment(run(32), { file: write("next.md", "**Blocked.**") });

    expect([...first.lines, ...second.lines]).toEqual([
      "pull request 7 of plant: comment created",
      "pull request 7 of plant: comment edited",
    ]);
    expect(azure.threads).toEqual([
      {
        id: 1,
        author: buildServiceId,
        status: "closed",
        isDeleted: false,
        content:
          "[//]: # (mqtt-dataflow comment=review run=32.1)\n\n**Blocked.**\n\nFor commit 0123456789 by `mqtt-dataflow comment` in " +
          `[this run](${azure.url}/example/Plant%20Oslo/_build/results?buildId=32).`,
      },
    ]);
  });

  test("is made anew after a person has deleted it, which leaves an empty thread", async () => {
    await comment(run(31));
    azure.threads[0]!.isDeleted = true;

    const { lines } = await comment(run(32));

    expect(lines).toEqual(["pull request 7 of plant: comment created"]);
  });

  test("never touches what a person wrote, even with the hidden line copied", async () => {
    const copied = azure.addThread("ada", "[//]: # (mqtt-dataflow comment=review run=1.1)\n\nmine");

    await comment(run(31));

    expect(copied.content).toContain("mine");
    expect(azure.threads).toHaveLength(2);
  });

  test("is one, of the later run, when two runs create it at once", async () => {
    let creating = 0;
    let release: () => void = () => {};
    const both = new Promise<void>((resolve) => (release = resolve));
    azure.before = ({ method }) => {
      if (method !== "POST") return undefined;
      if (++creating === 2) release();
      return both;
    };

    await Promise.all([comment(run(31)), comment(run(32))]);

    expect(azure.threads.filter(({ isDeleted }) => !isDeleted).map(({ content }) => content)).toEqual([
      expect.stringContaining("run=32.1"),
    ]);
  });

  test("says which permission the build service lacks, and where to give it", async () => {
    azure.mayContribute = false;

    const { code, lines } = await comment(run(31));

    expect(code).toBe(1);
    expect(lines).toEqual([
      expect.stringMatching(
        /^Azure DevOps, plant: status 403 TF401027: You need .*; in Project settings > Repositories > the repository > Security, set "Contribute to pull requests" to Allow for "<project> Build Service \(<organization>\)"$/,
      ),
    ]);
  });

  test("says that the token does not count, which Azure DevOps answers with a page for signing in", async () => {
    const { code, lines } = await comment({ ...run(31), SYSTEM_ACCESSTOKEN: "expired-0123456789" });

    expect(code).toBe(1);
    expect(lines).toEqual([
      'Azure DevOps, plant: status 203; add "env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)" to the step, or use a token that has not expired',
    ]);
  });

  test("waits as Azure DevOps asks for", async () => {
    azure.interfere.push(undefined, { status: 429, headers: { "retry-after": "12" } });

    const { code, waits } = await comment(run(31));

    expect({ code, waits }).toEqual({ code: 0, waits: [12] });
  });

  test("that is longer than Azure DevOps takes is cut", async () => {
    const { code } = await comment(run(31), { file: write("long.md", "one line of text\n".repeat(12_000)) });

    expect(code).toBe(0);
    expect(azure.threads[0]!.content.length).toBeLessThanOrEqual(150_000);
    expect(azure.threads[0]!.content).toContain("**Cut here:**");
  });

  test("says what is missing, also where a variable was left unfilled", async () => {
    const { code, lines } = await comment({ TF_BUILD: "True", SYSTEM_ACCESSTOKEN: "$(System.AccessToken)" });

    expect(code).toBe(2);
    expect(lines).toEqual([
      "SYSTEM_COLLECTIONURI: is not set; set it to the organization: https://dev.azure.com/NAME/",
      "SYSTEM_TEAMPROJECTID: is not set; set it to the project's name",
      "BUILD_REPOSITORY_ID: is not set; set it to the repository's name or ID",
      'SYSTEM_ACCESSTOKEN: is not set; add "env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)" to the step',
    ]);
  });

  test("of a repository that is at GitHub is refused with the way to do it", async () => {
    const { code, lines } = await comment({ ...run(31), BUILD_REPOSITORY_PROVIDER: "GitHub" });

    expect(code).toBe(2);
    expect(lines).toEqual([
      'BUILD_REPOSITORY_PROVIDER: is "GitHub"; use --on github with GITHUB_TOKEN and GITHUB_REPOSITORY, or a repository of Azure Repos',
    ]);
  });
});

test("outside of a pipeline the command asks which service it is", async () => {
  const { code, lines } = await comment({});

  expect(code).toBe(2);
  expect(lines).toEqual([
    "--on: is not given, and the variables of no pipeline that is known are set; give one of github, azure-devops",
  ]);
});
