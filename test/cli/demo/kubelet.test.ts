import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";

import { mountPodFiles, type PodFiles, type VolumeContents } from "../../../cli/demo/kubelet.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";

afterAll(removeTemporaryFolders);

const contents: VolumeContents = {
  configMap: (name) => ({ "config.json": `{"of":"${name}"}` }),
  secret: (name) => ({ "tls.crt": `${name} certificate`, "tls.key": `${name} key` }),
  token: async (audience) => `token for ${audience}`,
};

const pod: PodFiles = {
  volumes: [
    { name: "config", configMap: { name: "relay-cfg" } },
    { name: "certificate", secret: { secretName: "cloud-x509" } },
    {
      name: "tokens",
      projected: { sources: [{ serviceAccountToken: { audience: "aio-internal", path: "edge/token" } }, {}] },
    },
    { name: "scratch" },
  ],
  mounts: [
    { name: "config", mountPath: "/etc/relay/config" },
    { name: "certificate", mountPath: "/etc/relay/secrets/cloud-x509" },
    { name: "tokens", mountPath: "/etc/relay/tokens" },
    { name: "scratch", mountPath: "/tmp" },
    { name: "of another kind", mountPath: "/data" },
  ],
};

/** Mounts into a new folder. */
async function mount(files: PodFiles): Promise<string> {
  const root = createTemporaryFolder("kubelet");
  await mountPodFiles(files, contents, root);
  return root;
}

test("writes ConfigMaps, Secrets and projected tokens where the container sees them, and nothing else", async () => {
  const root = await mount(pod);

  const files = readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(path.join(root, name)).isFile())
    .map((name) => [name, readFileSync(path.join(root, name), "utf8")]);
  expect(Object.fromEntries(files)).toEqual({
    "etc/relay/config/config.json": '{"of":"relay-cfg"}',
    "etc/relay/secrets/cloud-x509/tls.crt": "cloud-x509 certificate",
    "etc/relay/secrets/cloud-x509/tls.key": "cloud-x509 key",
    "etc/relay/tokens/edge/token": "token for aio-internal",
  });
});

test("lets nobody but this user read them", async () => {
  const root = await mount(pod);

  const modes = readdirSync(path.join(root, "etc"), { recursive: true, encoding: "utf8" }).map(
    (name) => statSync(path.join(root, "etc", name)).mode & 0o077,
  );
  expect(modes.length).toBeGreaterThan(4);
  expect(new Set(modes)).toEqual(new Set([0]));
});

test("mounts over what is there already", async () => {
  const root = createTemporaryFolder("kubelet");
  mkdirSync(path.join(root, "etc/relay/config"), { recursive: true });

  await mountPodFiles(pod, contents, root);
  await mountPodFiles(pod, { ...contents, configMap: () => ({ "config.json": "{}" }) }, root);

  expect(readFileSync(path.join(root, "etc/relay/config/config.json"), "utf8")).toBe("{}");
});

test("a ConfigMap that there is not stops it", async () => {
  const missing = (name: string): never => {
    throw new Error(`no ConfigMap "${name}"`);
  };

  await expect(
    mountPodFiles(pod, { ...contents, configMap: missing }, createTemporaryFolder("kubelet")),
  ).rejects.toThrow('no ConfigMap "relay-cfg"');
});
