import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

/**
 * Programs that the tests drive for real, by the name of their executable, and one ability of the machine, with the way to
 * get them.
 */
const realParts = {
  cc: "apt-get install build-essential",
  etcd: "apt-get install etcd-server",
  "generate-sdks": ".ci/install-real-parts",
  go: ".ci/install-real-parts",
  ip: "apt-get install iproute2",
  "kube-apiserver": ".ci/install-real-parts",
  mosquitto: "apt-get install mosquitto",
  mosquitto_pub: "apt-get install mosquitto-clients",
  mosquitto_sub: "apt-get install mosquitto-clients",
  "network namespaces": "Linux with TUN and veth devices, and either user namespaces or root",
  "pulumi-language-python": ".ci/install-real-parts",
  "pulumi-language-python-exec": ".ci/install-real-parts",
  "pulumi-language-yaml": ".ci/install-real-parts",
  "pulumi-python": ".ci/install-real-parts",
  "npm registry": "a network with npm's registry, or with the one that npm is set to",
  python3: "apt-get install python3",
  promtool: "apt-get install prometheus",
  setpriv: "apt-get install util-linux",
  pulumi: ".ci/install-real-parts",
  unshare: "apt-get install util-linux, where user namespaces are allowed, or run the tests as root",
} as const;

export type RealPart = keyof typeof realParts;

/** Debian keeps servers here, and the PATH of an ordinary user leaves it out. */
const serverFolder = "/usr/sbin";

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
  if (part === "network namespaces" || part === "npm registry") {
    return `${part}: not on this machine; it takes ${realParts[part]}`;
  }
  const cached = builtFile(part);
  const places = cached === undefined ? `on the PATH or in ${serverFolder}` : `on the PATH or as ${cached}`;
  return `${part}: not found ${places}; get it with: ${realParts[part]}`;
}

/**
 * Finds a program: what `.ci/install-real-parts` has built comes first, because its version is the one that the tests
 * were written with; then as a shell would, and in {@link serverFolder} too. `undefined` when it is nowhere.
 */
export function findExecutable(name: string): string | undefined {
  const folders = (process.env.PATH ?? "").split(path.delimiter).filter((folder) => folder !== "");
  const files = [...folders, serverFolder].map((folder) => path.join(folder, name));
  const built = builtFile(name);
  return [...(built === undefined ? [] : [built]), ...files].find(isExecutable);
}

/** Where `.ci/install-real-parts` leaves a program that it builds. */
function builtFile(name: string): string | undefined {
  const version = builtVersions()[name];
  if (version === undefined) return undefined;
  const cache = process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache");
  return path.join(cache, "mqtt-dataflow", "go", `${name}-${version}`);
}

function builtVersions(): { readonly [name: string]: string } {
  const file = path.join(import.meta.dirname, "../../.ci/real-parts.json");
  return JSON.parse(readFileSync(file, "utf8")) as { [name: string]: string };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false; // what cannot be run is as good as absent
  }
}
