import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";

import { describeWithParts } from "../support/real-parts.ts";
import { removeTemporaryFolders } from "../support/temporary-folder.ts";
import { expectTranscript } from "../support/transcripts.ts";
import { createFleetScene } from "./support/fleet-scene.ts";
import type { FleetScene } from "./support/fleet-scene.ts";
import { kubeconfigVariable } from "./support/setup.ts";

/** Times of the run, which differ each time: `12.3 s`, `3 min`, and dates. */
const withoutTimes = (text: string) =>
  text
    .replaceAll(/[0-9-]+T[0-9:.]+Z/g, (time) => "TIME".padEnd(time.length))
    .replaceAll(/(?<![\w.])[0-9.]+ (s|min|h)\b/g, "N $1");

const well = { state: "ok", reasons: [] } as const;

/*
 * examples/fleet with the package as its users have it, and the command as a process. Each test goes on from where the one before it
 * has left the stacks.
 */
describeWithParts(["pulumi", "kube-apiserver", "etcd"], ([pulumi]) => {
  let scene: FleetScene;

  beforeAll(async () => {
    scene = await createFleetScene({ pulumi, kubeconfig: process.env[kubeconfigVariable] ?? "" });
    scene.say({ oslo: well, bergen: well, tromso: undefined });
  });

  afterAll(() => {
    scene.stop();
    removeTemporaryFolders();
  });

  const stacks = async () => {
    const listed = await scene.installation.succeed(path.join(scene.folder, "site"), "stack", "ls", "--json");
    return (JSON.parse(listed) as { name: string; current: boolean }[]).sort((a, b) => (a.name < b.name ? -1 : 1));
  };
  const record = () =>
    JSON.parse(readFileSync(path.join(scene.folder, ".mqtt-dataflow/fleet.yaml-up.json"), "utf8")) as {
      sites: Record<string, { state: string }>;
    };
  const states = () => Object.entries(record().sites).map(([site, { state }]) => `${site} ${state}`);

  test("a preview without stacks says of each site how it gets one, and creates nothing", async () => {
    const { code, result } = await scene.run("preview");

    expect(code).toBe(1);
    expect(result).toContain('  has no stack "oslo" yet; add --create-stacks, or run pulumi stack init oslo\n');
    expect(result).toContain("previewed: 3 no-stack; review: blocked");
    expect(await stacks()).toEqual([]);
  });

  test("up without stacks, or without a kubeconfig, deploys nothing and names all sites", async () => {
    const before = readFileSync(path.join(scene.folder, "fleet.yaml"), "utf8");
    const missing = await scene.run("up", "--yes");
    scene.edit(({ sites }) => {
      for (const site of Object.values(sites)) site.kubernetes = { kubeconfig: "clusters/nowhere" };
    });

    const without = await scene.run("up", "--yes", "--create-stacks");

    writeFileSync(path.join(scene.folder, "fleet.yaml"), before);
    expect(missing.code).toBe(2);
    expect(missing.output).toMatch(/fleet.yaml has 3 problems:\n {2}sites.oslo: has no stack "oslo" yet;/);
    expect(without.code).toBe(2);
    expect(without.output).toMatch(
      /fleet.yaml has 3 problems:\n {2}sites.oslo.kubernetes.kubeconfig: says the kubeconfig \S+clusters\/nowhere does not exist; fetch it,/,
    );
    expect(await stacks()).toEqual([]);
  });

  test("previews all sites as one change, with one review in Markdown, and one that fails stops no other", async () => {
    const before = readFileSync(path.join(scene.folder, "fleet.yaml"), "utf8");
    scene.edit(({ sites }) => {
      sites["bergen"] = { ...sites["bergen"], settings: { ...sites["bergen"]?.settings, areas: ["hall", "quay#"] } };
    });
    const refused = await scene.run("preview", "--create-stacks", "--markdown", "review.md");
    const review = readFileSync(path.join(scene.folder, "review.md"), "utf8");
    writeFileSync(path.join(scene.folder, "fleet.yaml"), before);

    const { code, result } = await scene.run("preview", "--markdown", "review.md");

    expect(refused.code).toBe(1);
    expect(refused.result).toMatch(/^oslo +canary +ok +\+13 /m);
    expect(refused.result).toMatch(/^bergen +first +FAILED/m);
    expect(refused.result).toContain("previewed: 2 ok, 1 failed; review: blocked");
    expect(refused.output).not.toMatch(/\n\s+at .*\.[jt]s:\d/);
    expect(review).toContain("quay#");
    expect(code).toBe(0);
    expect(result).toMatch(/^tromso +rest +ok +\+14 /m);
    expect(readFileSync(path.join(scene.folder, "review.md"), "utf8")).toContain("oslo");
    expectTranscript("Preview all sites", "fleet preview", withoutTimes(result));
    expect(existsSync(path.join(scene.folder, "manifests"))).toBe(false);
  });

  test("stops at the first site whose relay isn't well, says why and how to go on, and leaves the others as they are", async () => {
    scene.say({ oslo: { state: "failed", reasons: ['dataflow "telemetry": no connection'] }, bergen: well });

    const { code, result } = await scene.run("up", "--yes", "--settle", "1");

    expect(code).toBe(1);
    expect(result).toMatch(/^oslo +canary +UNHEALTHY +\+13 +failed/m);
    expect(result).toMatch(/^bergen +first +not started/m);
    expect(result).toContain('oslo:\n  dataflow "telemetry": no connection');
    expect(result).toContain("mqtt-dataflow fleet up --yes --resume");
    expect(result).toMatch(/deployed: 1 unhealthy, 2 not-started; stopped: oslo is unhealthy\n$/);
    expect(states()).toEqual(["oslo unhealthy", "bergen waiting", "tromso waiting"]);
  });

  test("Ctrl-C once finishes the site that is being deployed, gives its lock back, and starts no other", async () => {
    scene.say({ oslo: well, bergen: well });
    const running = scene.start("up", "--yes");
    await untilPrinted(running.printed, () => states().includes("oslo running"));

    running.child.kill("SIGINT");
    const { code, result } = await running.ended;

    expect(code).toBe(1);
    expect(running.printed()).toContain("finishing what runs, and starting nothing else");
    expect(result).toMatch(/^oslo +canary +ok/m);
    expect(result).toMatch(/stopped: was asked to end\n$/);
    expect(states()).toEqual(["oslo done", "bergen waiting", "tromso waiting"]);
    expect(locks()).toEqual([]);
  });

  test("twice cancels it, and gives its lock back too", async () => {
    const running = scene.start("up", "--yes", "--resume");
    await untilPrinted(running.printed, () => states().includes("bergen running"));

    running.child.kill("SIGINT");
    await untilPrinted(running.printed, (printed) => printed.includes("finishing what runs"));
    await new Promise((resolve) => setTimeout(resolve, 500));
    running.child.kill("SIGINT");
    const { code, result } = await running.ended;

    expect(code).toBe(1);
    expect(result).toMatch(/^bergen +first +(CANCELLED|ok)/m);
    expect(locks()).toEqual([]);
  });

  test("resumes where it ended, asks the relays of what was deployed before, and then nothing is left to do", async () => {
    const { code, result } = await scene.run("up", "--yes", "--resume");

    expect(code).toBe(0);
    expect(result).toMatch(/^oslo +canary +ok, before +ok$/m);
    expect(result).toMatch(/^tromso +rest +ok +\+14/m);
    expect(result).toMatch(/deployed: 3 ok\n$/);
    expect(states()).toEqual(["oslo done", "bergen done", "tromso done"]);
    expect(readdirSync(path.join(scene.folder, "manifests/tromso/1-manifest"))).toContainEqual(
      expect.stringContaining("v1-configmap-azure-iot-operations-tromso-relay-cfg"),
    );
    expect(result).toContain("manifests were written for tromso: commit and push them");
    const again = await scene.run("preview");
    expect(again.result).toMatch(/^oslo +canary +ok +none/m);
    expect(again.result).toMatch(/previewed: 3 ok; review: none\n$/);
  });

  test("a stack that another update has locked is reported with its remedy", async () => {
    const lock = path.join(scene.installation.stateFolder, ".pulumi/locks/organization/fleet-site/oslo");
    mkdirSync(lock, { recursive: true });
    const holder = { pid: 4711, username: "kari", hostname: "laptop", timestamp: "2026-11-27T12:00:00Z" };
    writeFileSync(path.join(lock, "0d4f2b39-6e1c-4f6e-9d0e-0b8d6a7a1d55.json"), JSON.stringify(holder));

    const { code, result } = await scene.run("up", "--yes", "--site", "oslo");

    rmSync(lock, { recursive: true });
    expect(code).toBe(1);
    expect(result).toMatch(/^oslo +canary +LOCKED/m);
    expect(result).toMatch(
      /is locked by another update of kari@laptop \(pid 4711\) at \S+; wait for it, or if its process is gone: pulumi cancel --stack oslo/,
    );
  });

  test("keeps a second run out while another one of this machine deploys, and takes over from one that was killed", async () => {
    const lock = path.join(scene.folder, ".mqtt-dataflow/fleet.yaml-up.lock");
    writeFileSync(lock, `${process.pid} ${hostname()}`);
    const busy = await scene.run("up", "--yes");
    writeFileSync(lock, `999999999 ${hostname()}`);

    const { code } = await scene.run("up", "--yes", "--site", "oslo");

    expect(busy.code).toBe(1);
    expect(busy.output).toContain(`process ${process.pid} on ${hostname()} deploys this fleet; wait for it`);
    expect(code).toBe(0);
    expect(existsSync(lock)).toBe(false);
  });

  test("a site that was renamed keeps its stack, and is told how the stack follows", async () => {
    const before = readFileSync(path.join(scene.folder, "fleet.yaml"), "utf8");
    scene.edit(({ sites }) => {
      sites["oslo-1"] = sites["oslo"] ?? {};
      delete sites["oslo"];
    });

    const { code, output } = await scene.run("up", "--yes", "--site", "oslo-1");

    writeFileSync(path.join(scene.folder, "fleet.yaml"), before);
    expect(code).toBe(2);
    expect(output).toContain('note: stack "oslo": belongs to no site of fleet.yaml, so nothing is done to it');
    expect(output).toContain("run pulumi stack rename --stack oslo oslo-1");
    expect((await stacks()).map(({ name }) => name)).toContain("oslo");
  });

  test("drift names what was changed by hand, by its property and never by its value", async () => {
    const quiet = await scene.run("drift");
    const identity = scene.installation.arm.ids.find((id) => id.includes("federatedIdentityCredentials")) ?? "";
    scene.installation.arm.set(identity, {
      ...scene.installation.arm.get(identity),
      issuer: "https://elsewhere.example",
    });

    const { code, result } = await scene.run("drift");

    expect(quiet.code).toBe(0);
    expect(quiet.result).toMatch(/compared: 3 ok; no site has drifted\n$/);
    expect(code).toBe(1);
    expect(result).toMatch(
      /differs from what was deployed:\n {2}changed azure-native:managedidentity:FederatedIdentityCredential \S+-relay-fic \(.*issuer.*\)/,
    );
    expect(result).not.toContain("elsewhere.example");
    expect(result).toMatch(/1 site has drifted\n$/);
  });

  test("status asks every relay, and prints it for programs too", async () => {
    const { code, result } = await scene.run("status", "--json");

    const { sites } = JSON.parse(result) as { sites: { site: string; health: { state: string } }[] };
    expect(code).toBe(1);
    expect(sites.map(({ site, health }) => `${site} ${health.state}`)).toEqual([
      "oslo ok",
      "bergen ok",
      "tromso unknown",
    ]);
    expect((await scene.run("status", "--site", "oslo")).code).toBe(0);
    expectTranscript("Ask the relays of all sites", "fleet status", withoutTimes((await scene.run("status")).result));
  });

  test("selects no stack in the program's folder, and prints nothing that opens the backend", async () => {
    const { output } = await scene.run("preview", "--json");

    expect(output).not.toContain("correct horse");
    expect(output).not.toContain("kubeconfig-token");
    expect((await stacks()).filter(({ current }) => current)).toHaveLength(1);
  });

  const locks = () => {
    const folder = path.join(scene.installation.stateFolder, ".pulumi/locks");
    if (!existsSync(folder)) return [];
    return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".json"));
  };

  async function untilPrinted(printed: () => string, isThere: (printed: string) => boolean): Promise<void> {
    const endMs = performance.now() + 120_000;
    while (!isThere(printed())) {
      if (performance.now() > endMs) throw new Error(`never came; printed:\n${printed()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
});
