import type { Engine, Operation, StackRun } from "../../../cli/fleet/engine.ts";
import type { SiteHealth } from "../../../cli/fleet/health.ts";
import { rollOut } from "../../../cli/fleet/rollout.ts";
import type { RolloutTools } from "../../../cli/fleet/rollout.ts";
import type { Fleet, Site } from "../../../cli/fleet/sites.ts";

const well: SiteHealth = { state: "ok", reasons: [] };

function site(name: string, ring: string): Site {
  const access = { kubeconfig: undefined, context: undefined, namespace: "relays", manifests: undefined };
  return { name, stack: name, ring, ...access };
}

/** Two rings: `a` alone, then `b`, `c` and `d`. */
function fleetOf(change: (site: Site) => Site = (same) => same): Fleet {
  const sites = (ring: string, names: string[]) => names.map((name) => change(site(name, ring)));
  const rings = [
    { name: "canary", sites: sites("canary", ["a"]) },
    { name: "rest", sites: sites("rest", ["b", "c", "d"]) },
  ];
  return { file: "fleet.yaml", folder: "/", programFolder: "/", rings, otherStacks: [] };
}

/** An engine and relays that note what they are asked, and answer as the test says. */
function scene({
  run = () => ({}),
  health = () => well,
  doneBefore = [],
}: {
  run?: (operation: Operation, name: string) => Partial<StackRun>;
  health?: (name: string) => SiteHealth;
  doneBefore?: string[];
}) {
  const calls: string[] = [];
  const marks: string[] = [];
  const [stop, cancel] = [new AbortController(), new AbortController()];
  const engine: Engine = {
    listStacks: async () => new Map(),
    createStack: async () => undefined,
    run: async (operation, { name }) => {
      calls.push(`${operation} ${name}`);
      await Promise.resolve();
      return { outcome: "done", reasons: [], events: [], seconds: 1, ...run(operation, name) };
    },
  };
  const nothing = () => undefined;
  const tools: RolloutTools = {
    engine,
    parallel: 1,
    interruption: { stop: stop.signal, cancel: cancel.signal },
    progress: { started: nothing, event: nothing, paused: nothing, ended: nothing, say: nothing },
    health: async ({ name }) => {
      calls.push(`ask ${name}`);
      return health(name);
    },
    patience: { settleSeconds: 0.05, intervalMs: 10, allowsAttention: false },
    record: { doneBefore: new Set(doneBefore), mark: (name, state) => marks.push(`${name} ${state}`) },
  };
  return { calls, marks, tools, stop };
}

const outcomes = ({ results }: Awaited<ReturnType<typeof rollOut>>) =>
  results.map(({ site: { name }, outcome }) => `${name} ${outcome}`);

test("previews a ring whole, deploys its sites and asks each relay before the next ring is touched", async () => {
  const { calls, marks, tools } = scene({});

  const rollout = await rollOut(fleetOf(), tools);

  expect(rollout.stopped).toBeUndefined();
  expect(calls).toEqual([
    ...["preview a", "up a", "ask a"],
    ...["preview b", "preview c", "preview d", "up b", "ask b", "up c", "ask c", "up d", "ask d"],
  ]);
  expect(marks.filter((mark) => mark.startsWith("a"))).toEqual(["a running", "a done"]);
});

test("stops at the first site whose relay isn't well, and starts no other", async () => {
  const sick: SiteHealth = { state: "failed", reasons: ["dataflow telemetry is not connected"] };
  const { calls, marks, tools } = scene({ health: (name) => (name === "b" ? sick : well) });

  const rollout = await rollOut(fleetOf(), tools);

  expect(rollout.stopped).toBe("b is unhealthy");
  expect(outcomes(rollout)).toEqual(["a done", "b unhealthy", "c not-started", "d not-started"]);
  expect(rollout.results[1]?.health).toEqual(sick);
  expect(calls).not.toContain("up c");
  expect(marks).toContain("b unhealthy");
});

test("asks a relay again until it is well", async () => {
  let asked = 0;
  const starting: SiteHealth = { state: "failed", reasons: ["not connected"] };
  const { tools } = scene({ health: () => (asked++ < 2 ? starting : well) });

  const rollout = await rollOut(fleetOf(), { ...tools, patience: { ...tools.patience, settleSeconds: 60 } });

  expect(rollout.stopped).toBeUndefined();
  expect(asked).toBe(6);
});

test.each([
  [false, "a is unhealthy"],
  [true, undefined],
])("goes on at a relay that asks for attention only where that is allowed: %s", async (allowsAttention, stopped) => {
  const { tools } = scene({ health: () => ({ state: "attention", reasons: ["a certificate ends in 9 days"] }) });

  const rollout = await rollOut(fleetOf(), { ...tools, patience: { ...tools.patience, allowsAttention } });

  expect(rollout.stopped).toBe(stopped);
});

test("deploys nothing of a ring in which one preview fails, and names all that fail", async () => {
  const { calls, tools } = scene({
    run: (operation, name) =>
      operation === "preview" && "bd".includes(name) ? { outcome: "failed", reasons: ["refused"] } : {},
  });

  const rollout = await rollOut(fleetOf(), tools);

  expect(rollout.stopped).toBe("b, d can't be deployed, so nothing of ring rest was");
  expect(outcomes(rollout)).toEqual(["a done", "b failed", "c not-started", "d failed"]);
  expect(calls.filter((call) => call.startsWith("up"))).toEqual(["up a"]);
});

test.each(["failed", "locked", "cancelled"] as const)(
  "stops where a deployment is %s, and asks no relay there",
  async (outcome) => {
    const { calls, marks, tools } = scene({
      run: (operation, name) => (operation === "up" && name === "a" ? { outcome } : {}),
    });

    const rollout = await rollOut(fleetOf(), tools);

    expect(rollout.stopped).toBe(`a is ${outcome}`);
    expect(calls).toEqual(["preview a", "up a"]);
    expect(marks).toEqual(["a running", `a ${outcome}`]);
  },
);

test("finishes what runs when it is asked to end, counts it as done, and starts nothing else", async () => {
  const { calls, marks, tools, stop } = scene({
    run: (operation) => {
      if (operation === "up") stop.abort();
      return {};
    },
    health: () => ({ state: "failed", reasons: ["not connected yet"] }),
  });

  const rollout = await rollOut(fleetOf(), tools);

  expect(rollout.stopped).toBe("was asked to end");
  expect(outcomes(rollout)).toEqual(["a done", "b not-started", "c not-started", "d not-started"]);
  expect(calls.filter((call) => call.startsWith("up"))).toEqual(["up a"]);
  expect(marks).toEqual(["a running", "a done"]);
});

test("doesn't deploy again what a resumed run has deployed, but asks its relay", async () => {
  const { calls, tools } = scene({ doneBefore: ["a", "b"] });

  const rollout = await rollOut(fleetOf(), tools);

  expect(outcomes(rollout)).toEqual(["a done-before", "b done-before", "c done", "d done"]);
  expect(calls).toEqual(["ask a", "preview c", "preview d", "ask b", "up c", "ask c", "up d", "ask d"]);
});

test("doesn't ask the relay of a site whose cluster fetches its manifests later", async () => {
  const { calls, tools } = scene({});

  await rollOut(
    fleetOf((each) => (each.name === "a" ? { ...each, manifests: "/manifests/a" } : each)),
    tools,
  );

  expect(calls).not.toContain("ask a");
  expect(calls).toContain("ask b");
});

test("fails a site without its kubeconfig, and starts no engine for it", async () => {
  const { calls, tools } = scene({});

  const rollout = await rollOut(
    fleetOf((each) => ({ ...each, kubeconfig: "/nowhere/config" })),
    tools,
  );

  expect(rollout.results[0]?.reasons).toEqual([
    "the kubeconfig /nowhere/config does not exist; fetch it, or correct sites.a.kubernetes.kubeconfig",
  ]);
  expect(calls).toEqual([]);
});
