import type { Problem } from "../../runtime/contract/errors.ts";
import { aioNamespace } from "../relay/defaults.ts";
import { byRule } from "./rules.ts";

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
