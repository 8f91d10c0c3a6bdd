import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";

import { registerSecret } from "../../support/secrets/run-record.ts";
import { bridge, inState, nodeName } from "./places.ts";
import { startProgram } from "./program.ts";
import type { Program } from "./program.ts";
import type { NodeParts } from "./programs.ts";

/** Issuer of the service accounts' tokens. */
export const tokenIssuer = "https://kubernetes.default.svc.cluster.local";

const server = "https://127.0.0.1:6443";
const serviceRange = "10.96.0.0/24";
const storeUrl = "http://127.0.0.1:2379";

/** Who comes to the API server, with the groups that its roles go by. */
const users = {
  admin: ["admin", "system:masters"],
  kubelet: [`system:node:${nodeName}`, "system:nodes"],
  "controller-manager": ["system:kube-controller-manager"],
  scheduler: ["system:kube-scheduler"],
} as const;

type User = keyof typeof users;

/** Path of the kubeconfig of one who comes to the API server. */
export function kubeconfigOf(user: User): string {
  return inState(`${user}.kubeconfig`);
}

/** Starts etcd, the API server, the controllers and the scheduler, all on loopback of their namespace. */
export async function startControlPlane(parts: NodeParts): Promise<Program[]> {
  const store = startProgram("etcd", parts.etcd, [
    `--data-dir=${inState("etcd")}`,
    `--listen-client-urls=${storeUrl}`,
    `--advertise-client-urls=${storeUrl}`,
    "--listen-peer-urls=http://127.0.0.1:2380",
    // What is lost with the machine is lost with the test.
    "--unsafe-no-fsync",
  ]);
  const tokens = createTokens();
  const api = startProgram("kube-apiserver", parts["kube-apiserver"], apiServerFlags());
  await api.until("readiness", () => isReady(tokens.admin));
  writeKubeconfigs(tokens);
  const controllers = startProgram("kube-controller-manager", parts["kube-controller-manager"], [
    `--kubeconfig=${kubeconfigOf("controller-manager")}`,
    "--leader-elect=false",
    // Each has its own role.
    "--use-service-account-credentials",
    `--service-account-private-key-file=${inState("service-account.key")}`,
    `--root-ca-file=${inState("apiserver.crt")}`,
    // A pod whose node is silent is looked at sooner than after 50 s.
    "--node-monitor-grace-period=20s",
  ]);
  const scheduler = startProgram("kube-scheduler", parts["kube-scheduler"], [
    `--kubeconfig=${kubeconfigOf("scheduler")}`,
    "--leader-elect=false",
  ]);
  return [scheduler, controllers, api, store];
}

function apiServerFlags(): string[] {
  const keys = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  registerSecret("key of the cluster's tokens", keys.privateKey);
  writeFileSync(inState("service-account.key"), keys.privateKey, { mode: 0o600 });
  writeFileSync(inState("service-account.pub"), keys.publicKey);
  return [
    `--etcd-servers=${storeUrl}`,
    "--bind-address=127.0.0.1",
    "--secure-port=6443",
    `--advertise-address=${bridge.address}`,
    `--cert-dir=${inState()}`,
    `--service-account-issuer=${tokenIssuer}`,
    `--service-account-signing-key-file=${inState("service-account.key")}`,
    `--service-account-key-file=${inState("service-account.pub")}`,
    `--service-cluster-ip-range=${serviceRange}`,
    `--token-auth-file=${inState("tokens.csv")}`,
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--kubelet-preferred-address-types=InternalIP",
    // Nobody in the cluster calls the API server.
    "--endpoint-reconciler-type=none",
    "--allow-privileged=true",
  ];
}

type Tokens = Readonly<Record<User, string>>;

function createTokens(): Tokens {
  const names = Object.keys(users) as User[];
  const tokens = Object.fromEntries(names.map((name) => [name, randomBytes(16).toString("hex")])) as Record<
    User,
    string
  >;
  const lines = names.map((name) => {
    const [user, ...groups] = users[name];
    registerSecret(`token of ${name}`, tokens[name]);
    return `${tokens[name]},${user},${name},"${groups.join(",")}"\n`;
  });
  writeFileSync(inState("tokens.csv"), lines.join(""), { mode: 0o600 });
  return tokens;
}

function writeKubeconfigs(tokens: Tokens): void {
  const authority = readFileSync(inState("apiserver.crt")).toString("base64");
  for (const user of Object.keys(users) as User[]) {
    const config = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "node", cluster: { server, "certificate-authority-data": authority } }],
      users: [{ name: user, user: { token: tokens[user] } }],
      contexts: [{ name: "node", context: { cluster: "node", user } }],
      "current-context": "node",
    };
    writeFileSync(kubeconfigOf(user), JSON.stringify(config), { mode: 0o600 });
  }
}

function isReady(token: string): Promise<boolean> {
  const certificate = inState("apiserver.crt");
  if (!existsSync(certificate)) return Promise.resolve(false);
  // Self-signed: it is its own authority.
  const options = { ca: readFileSync(certificate), headers: { authorization: `Bearer ${token}` } };
  return new Promise((resolve) => {
    const asked = request(`${server}/readyz`, options, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.on("error", () => resolve(false));
    asked.end();
  });
}
