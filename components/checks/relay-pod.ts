import type { AuthenticationMethod } from "../../runtime/contract/config/authentication.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { aioNamespace } from "../relay/defaults.ts";
import { byRule } from "./rules.ts";

/** Warns of an image that can be another one tomorrow: pods that start then run what nobody has reviewed. */
export function findMovingImage(path: string, image: string): Problem[] {
  const name = image.slice(image.lastIndexOf("/") + 1);
  const tag = name.split("@")[0]?.split(":")[1];
  if (name.includes("@sha256:") || (tag !== undefined && tag !== "latest")) return [];
  const problem = `is "${image}", which is whatever was pushed last`;
  return byRule("image", [{ path, problem, remedy: "name it with a digest, or with a tag that never moves" }]);
}

/** Refuses the system-assigned identity where nobody said that there is one: a pod can't use that of AIO's Arc extension. */
export function checkNodeIdentity(path: string, method: AuthenticationMethod, useNodeIdentity: boolean): Problem[] {
  if (method !== "SystemAssignedManagedIdentity" || useNodeIdentity) return [];
  const problem = "is SystemAssignedManagedIdentity, and a relay's pod can't use the identity of AIO's Arc extension";
  const remedy =
    "use UserAssignedManagedIdentity, or set relay.useNodeIdentity where the nodes have an identity of their own";
  return byRule("node-identity", [{ path, problem, remedy }]);
}

/** What decides where the CA of AIO's own broker comes from. */
export interface LocalTrust {
  readonly namespace: string;
  readonly usesTls: boolean;
  /** ConfigMap that the endpoint names, if it names one. */
  readonly configMapRef: string | undefined;
}

/** Refuses to leave the CA of AIO's broker out where its ConfigMap is not: a pod mounts from its own namespace only. */
export function checkTrustBundle(path: string, { namespace, usesTls, configMapRef }: LocalTrust): Problem[] {
  if (namespace === aioNamespace || !usesTls || configMapRef !== undefined) return [];
  const problem = `is missing, and AIO's own ConfigMap is in "${aioNamespace}", not in the relay's namespace "${namespace}"`;
  const remedy = "name a ConfigMap of that namespace, and give its certificates in relay.trustBundles to create it";
  return byRule("trust-bundle", [{ path, problem, remedy }]);
}
