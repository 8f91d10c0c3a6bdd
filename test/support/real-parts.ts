import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";

import { builtProgram } from "../../build/release/programs.ts";

/**
 * Programs that the tests drive for real, by the name of their executable, and one ability of the machine, with the way to
 * get them.
 */
const realParts = {
  actionlint: ".ci/install-real-parts",
  buildah: "apt-get install buildah",
  "check-dashboard": ".ci/install-real-parts",
  cc: "apt-get install build-essential",
  containerd: "apt-get install containerd",
  ctr: "apt-get install containerd",
  debootstrap: "apt-get install debootstrap",
  dnsmasq: "apt-get install dnsmasq-base",
  chromium: "apt-get install chromium",
  "flux-definitions": ".ci/install-real-parts cluster",
  etcd: "apt-get install etcd-server",
  "generate-sdks": ".ci/install-real-parts",
  go: ".ci/install-real-parts",
  "host-local": "apt-get install containernetworking-plugins",
  ip: "apt-get install iproute2",
  "kube-apiserver": ".ci/install-real-parts",
  "kube-controller-manager": ".ci/install-real-parts cluster",
  "kube-scheduler": ".ci/install-real-parts cluster",
  kubectl: ".ci/install-real-parts cluster",
  kubelet: ".ci/install-real-parts cluster",
  "Kubernetes node": "Linux with cgroups, overlayfs, bridges and veth devices, and root",
  "kustomize-controller": ".ci/install-real-parts cluster",
  mosquitto: "apt-get install mosquitto",
  mosquitto_pub: "apt-get install mosquitto-clients",
  mosquitto_sub: "apt-get install mosquitto-clients",
  "network namespaces": "Linux with TUN and veth devices, and either user namespaces or root",
  "pulumi-language-nodejs": ".ci/install-real-parts",
  "pulumi-language-python": ".ci/install-real-parts",
  "pulumi-language-python-exec": ".ci/install-real-parts",
  "pulumi-language-yaml": ".ci/install-real-parts",
  "pulumi-resource-kubernetes": ".ci/install-real-parts",
  "pulumi-python": ".ci/install-real-parts",
  "npm registry": "a network with npm's registry, or with the one that npm is set to",
  nft: "apt-get install nftables",
  python3: "apt-get install python3",
  runc: "apt-get install runc",
  shellcheck: "apt-get install shellcheck",
  "source-controller": ".ci/install-real-parts cluster",
  promtool: "apt-get install prometheus",
  setpriv: "apt-get install util-linux",
  pulumi: ".ci/install-real-parts",
  zizmor: ".ci/install-real-parts",
  unshare: "apt-get install util-linux, where user namespaces are allowed, or run the tests as root",
} as const;

export type RealPart = keyof typeof realParts;

/** Debian keeps servers here, and the PATH of an ordinary user leaves it out. */
const serverFolder = "/usr/sbin";
/** Debian keeps the plugins of pods' networks here, and no PATH has it. */
const networkPluginFolder = "/usr/lib/cni";

/**
 * Declares a block of tests that needs a real program, and hands it the program's absolute path.
 * Where the program is missing the block is skipped and one line says why; with the environment variable `CI` set
 * it is a failing test instead, because a build that quietly tests less proves nothing.
 */
export function describeWithPart(
  part: RealPart,
  declareTests: (executable: string) => void,
  find: (name: string) => string | undefined = findExecutable,
): void {
  describeWithParts([part], ([executable]) => declareTests(executable), find);
}

/** As {@link describeWithPart} does, for tests that need several programs; hands over their paths in the same order. */
export function describeWithParts<const Parts extends readonly RealPart[]>(
  parts: Parts,
  declareTests: (executables: { readonly [K in keyof Parts]: string }) => void,
  find: (name: string) => string | undefined = findExecutable,
): void {
  const title = parts.join(", ");
  const missing = parts.filter((part) => find(part) === undefined);
  const declare = () => {
    declareTests(parts.map((part) => find(part) ?? part) as { readonly [K in keyof Parts]: string });
  };
  if (missing.length === 0) {
    describe(title, declare);
    return;
  }
  const reason = missing.map(sayMissing).join("\n");
  if (process.env.CI) {
    test(`${missing.join(", ")}: installed`, () => {
      throw new Error(reason);
    });
    return;
  }
  process.stderr.write(`skipped: ${reason}\n`);
  describe.skip(title, declare);
}

/**
 * Tells whether the tests run on Linux, for what no other system has; else one line says which tests are skipped.
 * @param what the tests that need it, and what of it they need
 */
export function isLinux(what: string): boolean {
  if (process.platform === "linux") return true;
  process.stderr.write(`skipped: ${what}: on Linux only\n`);
  return false;
}

function sayMissing(part: RealPart): string {
  if (part === "network namespaces" || part === "npm registry" || part === "Kubernetes node") {
    return `${part}: not on this machine; it takes ${realParts[part]}`;
  }
  const cached = builtProgram(part);
  const places = cached === undefined ? `on the PATH or in ${serverFolder}` : `on the PATH or as ${cached}`;
  return `${part}: not found ${places}; get it with: ${realParts[part]}`;
}

/**
 * Finds a program: what `.ci/install-real-parts` has built comes first, because its version is the one that the tests
 * were written with; then as a shell would, and in {@link serverFolder} too. `undefined` when it is nowhere.
 */
export function findExecutable(name: string): string | undefined {
  const folders = (process.env.PATH ?? "").split(path.delimiter).filter((folder) => folder !== "");
  const files = [...folders, serverFolder, networkPluginFolder].map((folder) => path.join(folder, name));
  const built = builtProgram(name);
  return [...(built === undefined ? [] : [built]), ...files].find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false; // what cannot be run is as good as absent
  }
}
