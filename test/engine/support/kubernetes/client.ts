import { request } from "node:https";

import { parse } from "yaml";

import { textOf } from "../values.ts";
import type { Values } from "../values.ts";

/** How to reach a cluster, as a kubeconfig says it. */
export interface ClusterAccess {
  readonly server: string;
  readonly certificateAuthority: string;
  readonly token: string;
}

/** What the API server refused. */
export class KubernetesError extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, { reason, message }: { readonly reason?: string; readonly message?: string }) {
    super(message ?? `status ${status}`);
    this.name = "KubernetesError";
    this.status = status;
    this.reason = reason ?? "";
  }
}

/** An object as its manifest has it. */
export interface KubernetesObject extends Values {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Values & { readonly name: string; readonly namespace?: string };
}

/** What is to be asked of the API server. */
export interface ApplyOptions {
  readonly fieldManager: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

/** An API server's objects. */
export interface KubernetesClient {
  /** `undefined` when it is not there. */
  get(object: KubernetesObject): Promise<KubernetesObject | undefined>;
  /** Applies server-side: creates it, or changes what this field manager has said of it. */
  apply(object: KubernetesObject, options: ApplyOptions): Promise<KubernetesObject>;
  /**
   * Changes it by hand, as `kubectl edit` does.
   * @param fieldManager who owns the changed fields then, `kubectl-edit` when omitted
   */
  edit(object: KubernetesObject, mergePatch: Values, fieldManager?: string): Promise<KubernetesObject>;
  /** Sets the number of a StatefulSet's pods as `kubectl scale` does. */
  scale(object: KubernetesObject, replicas: number): Promise<void>;
  create(object: KubernetesObject, options?: { readonly dryRun?: boolean }): Promise<KubernetesObject>;
  delete(object: KubernetesObject): Promise<void>;
  /** Sets what only a controller says of it. */
  setStatus(object: KubernetesObject, status: Values): Promise<KubernetesObject>;
  /** The objects of a kind in a namespace. */
  all(apiVersion: string, kind: string, namespace: string): Promise<readonly KubernetesObject[]>;
  /** Names of the objects of a kind in a namespace, sorted. */
  list(apiVersion: string, kind: string, namespace: string): Promise<string[]>;
  /** Has a token made for a service account, good for an hour. */
  tokenOf(serviceAccount: KubernetesObject): Promise<string>;
  /** Tells whether the API server has objects of this kind. */
  knows(object: KubernetesObject): Promise<boolean>;
}

interface Kubeconfig {
  readonly clusters: readonly { readonly name: string; readonly cluster: { readonly [key: string]: string } }[];
  readonly users: readonly { readonly name: string; readonly user: { readonly [key: string]: string } }[];
  readonly contexts: readonly {
    readonly name: string;
    readonly context: { readonly cluster: string; readonly user: string };
  }[];
  readonly "current-context": string;
}

/** Reads a kubeconfig's context, the current one unless another is named. */
export function readKubeconfig(text: string, context?: string): ClusterAccess {
  const config = parse(text) as Kubeconfig;
  const wanted = context ?? config["current-context"];
  const found = config.contexts.find(({ name }) => name === wanted)?.context;
  const cluster = config.clusters.find(({ name }) => name === found?.cluster)?.cluster;
  const user = config.users.find(({ name }) => name === found?.user)?.user;
  if (cluster === undefined || user === undefined) throw new Error(`context "${wanted}" does not exist`);
  return {
    server: cluster["server"] ?? "",
    certificateAuthority: Buffer.from(cluster["certificate-authority-data"] ?? "", "base64").toString(),
    token: user["token"] ?? "",
  };
}

interface ApiResource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** Opens an API server. */
export function openCluster(access: ClusterAccess): KubernetesClient {
  const kinds = new Map<string, Promise<readonly ApiResource[]>>();
  const apiPath = (apiVersion: string) => (apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`);
  const resourcesOf = (apiVersion: string) => {
    const known = kinds.get(apiVersion) ?? discover(access, apiPath(apiVersion));
    kinds.set(apiVersion, known);
    return known;
  };
  const folderOf = async (apiVersion: string, kind: string, namespace: string | undefined) => {
    const resource = (await resourcesOf(apiVersion)).find((entry) => entry.kind === kind && !entry.name.includes("/"));
    if (resource === undefined) {
      throw new KubernetesError(404, {
        reason: "NoMatch",
        message: `no matches for kind "${kind}" in "${apiVersion}"`,
      });
    }
    const folder = resource.namespaced ? `/namespaces/${namespace ?? "default"}/` : "/";
    return `${apiPath(apiVersion)}${folder}${resource.name}`;
  };
  const folder = ({ apiVersion, kind, metadata }: KubernetesObject) => folderOf(apiVersion, kind, metadata.namespace);
  const pathOf = async (object: KubernetesObject) => `${await folder(object)}/${object.metadata.name}`;
  const send = (method: string, path: string, body?: Values, type = "application/json") =>
    call(access, { method, path, body, type });
  // The items of a list have neither.
  const all = async (apiVersion: string, kind: string, namespace: string) => {
    const list = await send("GET", await folderOf(apiVersion, kind, namespace));
    const items = list["items"] as unknown as readonly Omit<KubernetesObject, "apiVersion" | "kind">[];
    return items.map((item): KubernetesObject => ({ ...item, apiVersion, kind }) as KubernetesObject);
  };
  const dryRunOption = (dryRun: boolean | undefined) => (dryRun === true ? "&dryRun=All" : "");

  return {
    get: async (object) => {
      try {
        return await send("GET", await pathOf(object));
      } catch (error) {
        if (error instanceof KubernetesError && error.status === 404) return undefined;
        throw error;
      }
    },
    apply: async (object, { fieldManager, force, dryRun }) => {
      const query = `?fieldManager=${fieldManager}&force=${String(force ?? false)}${dryRunOption(dryRun)}`;
      return send("PATCH", `${await pathOf(object)}${query}`, object, "application/apply-patch+yaml");
    },
    edit: async (object, mergePatch, fieldManager = "kubectl-edit") =>
      send("PATCH", `${await pathOf(object)}?fieldManager=${fieldManager}`, mergePatch, "application/merge-patch+json"),
    scale: async (object, replicas) => {
      const path = `${await pathOf(object)}/scale?fieldManager=kubectl`;
      await send("PATCH", path, { spec: { replicas } }, "application/merge-patch+json");
    },
    create: async (object, { dryRun } = {}) =>
      send("POST", `${await folder(object)}?fieldManager=test${dryRunOption(dryRun)}`, object),
    delete: async (object) => {
      await send("DELETE", await pathOf(object));
    },
    setStatus: async (object, status) =>
      send("PATCH", `${await pathOf(object)}/status`, { status }, "application/merge-patch+json"),
    all,
    list: async (apiVersion, kind, namespace) =>
      (await all(apiVersion, kind, namespace)).map(({ metadata }) => metadata.name).sort(),
    tokenOf: async (serviceAccount) => {
      const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 3600 } };
      const { status } = await send("POST", `${await pathOf(serviceAccount)}/token`, body);
      return textOf((status as Values)["token"]);
    },
    knows: async ({ apiVersion, kind }) => (await resourcesOf(apiVersion)).some((entry) => entry.kind === kind),
  };
}

async function discover(access: ClusterAccess, path: string): Promise<readonly ApiResource[]> {
  try {
    const found = await call(access, { method: "GET", path, type: "application/json" });
    return found["resources"] as unknown as readonly ApiResource[];
  } catch (error) {
    if (error instanceof KubernetesError && error.status === 404) return [];
    throw error;
  }
}

interface ApiCall {
  readonly method: string;
  readonly path: string;
  readonly body?: Values | undefined;
  readonly type: string;
}

function call(access: ClusterAccess, { method, path, body, type }: ApiCall): Promise<KubernetesObject> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${access.token}`, "content-type": type, accept: "application/json" };
    const sent = request(
      `${access.server}${path}`,
      { method, headers, ca: access.certificateAuthority },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          const { statusCode = 0 } = response;
          const answer = (text.startsWith("{") ? JSON.parse(text) : { message: text }) as KubernetesObject & {
            reason?: string;
            message?: string;
          };
          if (statusCode < 300) resolve(answer);
          else reject(new KubernetesError(statusCode, answer));
        });
      },
    );
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
