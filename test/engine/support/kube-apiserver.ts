import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { findFreePort } from "../../support/free-port.ts";
import { startProcess } from "../../support/started-process.ts";
import type { StartedProcess } from "../../support/started-process.ts";
import { openCluster } from "./kubernetes/client.ts";

/** A real API server with its etcd, and nothing behind it: no controller, no scheduler, no node. */
export interface ApiServer {
  /** Path of a kubeconfig for an administrator, with the context `site`. */
  readonly kubeconfig: string;
  /** Kills the API server alone; etcd keeps what it knows. */
  interrupt(): Promise<void>;
  /** Starts it again at the same address. */
  resume(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts an API server on loopback that keeps its data in a folder; ready after a few seconds. */
export async function startApiServer(etcd: string, apiServer: string, folder: string): Promise<ApiServer> {
  const store = await startEtcd(etcd, folder);
  const port = await findFreePort();
  const token = randomBytes(16).toString("hex");
  const flags = buildFlags(folder, store.url, port, token);
  const kubeconfig = path.join(folder, "kubeconfig");
  const start = async () => {
    const started = startProcess(apiServer, flags);
    await started.until("its certificate and readiness", async () => {
      try {
        // Self-signed: it is its own authority.
        const certificateAuthority = readFileSync(path.join(folder, "apiserver.crt"), "utf8");
        const access = { server: `https://127.0.0.1:${port}`, certificateAuthority, token };
        await openCluster(access).list("v1", "Namespace", "");
        writeFileSync(kubeconfig, buildKubeconfig(access));
        return kubeconfig;
      } catch {
        return undefined; // it goes on asking until its patience ends, and then shows the server's last lines
      }
    });
    return started;
  };
  let server = await start();
  return {
    kubeconfig,
    interrupt: async () => {
      await server.stop("SIGKILL");
    },
    resume: async () => {
      server = await start();
    },
    stop: async () => {
      await server.stop();
      await store.process.stop();
    },
  };
}

async function startEtcd(etcd: string, folder: string): Promise<{ url: string; process: StartedProcess }> {
  const [client, peer] = [await findFreePort(), await findFreePort()];
  const [url, peerUrl] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`];
  const flags = {
    "data-dir": path.join(folder, "etcd"),
    "listen-client-urls": url,
    "advertise-client-urls": url,
    "listen-peer-urls": peerUrl,
    "initial-advertise-peer-urls": peerUrl,
    "initial-cluster": `default=${peerUrl}`,
  };
  return { url, process: startProcess(etcd, formatFlags(flags)) };
}

function buildFlags(folder: string, store: string, port: number, token: string): string[] {
  const keys = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const file = (name: string, content: string) => {
    const written = path.join(folder, name);
    writeFileSync(written, content, { mode: 0o600 });
    return written;
  };
  const signingKey = file("service-account.key", keys.privateKey);
  return formatFlags({
    "etcd-servers": store,
    "bind-address": "127.0.0.1",
    "secure-port": String(port),
    "cert-dir": folder,
    "service-account-issuer": "https://kubernetes.default.svc",
    "service-account-signing-key-file": signingKey,
    "service-account-key-file": file("service-account.pub", keys.publicKey),
    "service-cluster-ip-range": "10.0.0.0/24",
    "token-auth-file": file("tokens.csv", `${token},administrator,1,system:masters\n`),
    "authorization-mode": "RBAC",
    // As kubeadm has it: what is refused is refused by Pod Security.
    "allow-privileged": "true",
    // No controller makes the service account `default` that it would ask for.
    "disable-admission-plugins": "ServiceAccount",
  });
}

function formatFlags(flags: { readonly [name: string]: string }): string[] {
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
}

function buildKubeconfig(access: Parameters<typeof openCluster>[0]): string {
  const cluster = {
    server: access.server,
    "certificate-authority-data": Buffer.from(access.certificateAuthority).toString("base64"),
  };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "site", cluster }],
    users: [{ name: "administrator", user: { token: access.token } }],
    contexts: [{ name: "site", context: { cluster: "site", user: "administrator" } }],
    "current-context": "site",
  });
}
