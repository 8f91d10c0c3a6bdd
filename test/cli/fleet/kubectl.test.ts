import { createServer } from "node:http";
import type { RequestListener, Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";

import { kubectlHealth, versionOf } from "../../../cli/fleet/kubectl.ts";
import type { Site } from "../../../cli/fleet/sites.ts";
import { createFakeKubectl } from "../../support/fake-kubectl.ts";
import type { FakePod } from "../../support/fake-kubectl.ts";
import { findFreePort } from "../../support/free-port.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../../support/relay-config.ts";
import { startRelay } from "../../support/relay-process.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";

const servers: Server[] = [];
const kubectl = createFakeKubectl(createTemporaryFolder("kubectl"));
const read = kubectlHealth(kubectl.program);

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});
afterAll(removeTemporaryFolders);

const oslo: Site = {
  name: "oslo",
  stack: "oslo",
  ring: "all",
  kubeconfig: undefined,
  context: "oslo",
  namespace: "relays",
  manifests: undefined,
};
const ask = (pods: readonly FakePod[], site = oslo) => {
  kubectl.setPods({ oslo: pods });
  return read(site, new AbortController().signal);
};

/** Serves answers on a free port of the loopback. */
async function serve(answer: RequestListener): Promise<number> {
  const server = createServer(answer);
  servers.push(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
  return (server.address() as AddressInfo).port;
}

const saying = (status: unknown) => serve((_, response) => response.end(JSON.stringify(status)));

test("asks a real relay, which says why it isn't ready", async () => {
  const closed = await findFreePort();
  const endpoints = { edge: plainEndpoint(closed), cloud: plainEndpoint(closed) };
  const dataflows = { telemetry: buildDataflow(["edge", ["plant/#"]], ["cloud", "sites/oslo"]) };
  const config = buildConfig({ endpoints, dataflows });
  const relay = await startRelay({ folder: createTemporaryFolder("relay"), config });
  try {
    await relay.untilUnready(/telemetry/);

    const health = await ask([{ name: "oslo-relay-set-0", metrics: relay.port }]);

    expect(health).toMatchObject({ state: "failed", version: "0.1.0" });
    expect(health.reasons.join("\n")).toContain("telemetry");
  } finally {
    relay.process.kill("SIGKILL");
    await relay.ended;
  }
});

test("takes what a relay says of itself at its status page, before its readiness", async () => {
  const status = await saying({ version: 1, state: "attention", reasons: ["a certificate ends\u001b[2J in 9 days"] });
  const metrics = await serve((_, response) => response.end("ready"));

  expect(await ask([{ name: "a", status, metrics }])).toEqual({
    state: "attention",
    reasons: [String.raw`a certificate ends\u001b[2J in 9 days`],
    version: "0.1.0",
  });
});

test("of several instances the worst counts, and each reason has its instance", async () => {
  const well = await saying({ version: 1, state: "ok", reasons: [] });
  const sick = await saying({ version: 1, state: "failed", reasons: ["no connection"] });

  expect(
    await ask([
      { name: "a", status: well },
      { name: "b", status: sick, image: "registry.example/relay:0.2.0" },
    ]),
  ).toEqual({ state: "failed", reasons: ["b: no connection"], version: "0.1.0, 0.2.0" });
});

test.each([
  [
    "another version of the document",
    { version: 2, state: "ok" },
    "its status is of version 2, and this release reads 1",
  ],
  [
    "a state that nobody knows",
    { version: 1, state: "fine" },
    'its status has the state "fine", which this release doesn\'t know',
  ],
])("a relay with %s is unknown", async (_, status, reason) => {
  expect(await ask([{ name: "a", status: await saying(status) }])).toMatchObject({
    state: "unknown",
    reasons: [reason],
  });
});

test("a pod that doesn't run is failed, and is not asked", async () => {
  expect(await ask([{ name: "a", phase: "Pending" }])).toMatchObject({
    state: "failed",
    reasons: ["its pod is Pending"],
  });
});

test("what can't be asked is unknown, with the reason", async () => {
  const nowhere = { ...oslo, kubeconfig: "/nowhere/config" };

  expect((await ask([])).reasons).toEqual(['no pod of a relay is in namespace "relays"']);
  expect((await ask([], { ...oslo, context: "bergen" })).reasons).toEqual([
    'kubectl: error: context "bergen" does not exist',
  ]);
  expect((await ask([], nowhere)).reasons).toEqual([
    "the kubeconfig /nowhere/config does not exist; fetch it, or correct sites.oslo.kubernetes.kubeconfig",
  ]);
  expect((await ask([{ name: "a" }])).reasons[0]).toMatch(/^does not answer: /);
  expect(await kubectlHealth("/nowhere/kubectl")(oslo, new AbortController().signal)).toEqual({
    state: "unknown",
    reasons: ["kubectl is not on the PATH; install it"],
  });
});

test("reads no more of an answer than a relay has to say", async () => {
  const endless = await serve((_, response) => {
    const more = () => {
      while (!response.destroyed && response.write("x".repeat(65_536)));
    };
    response.on("drain", more);
    more();
  });

  expect((await ask([{ name: "a", status: endless }])).reasons[0]).toContain("more than 4194304 bytes");
});

test.each([
  ["registry.example:5000/relay:0.1.0", "0.1.0"],
  ["relay:0.1.0@sha256:0123456789abcdef", "0.1.0"],
  ["registry.example:5000/relay@sha256:0123456789abcdef", "0123456789ab"],
  ["relay", undefined],
])("the version of %s is %s", (image, version) => {
  expect(versionOf(image)).toBe(version);
});
