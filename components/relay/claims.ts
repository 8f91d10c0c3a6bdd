import * as core from "@pulumi/kubernetes/core/v1/index.js";
import * as pulumi from "@pulumi/pulumi";

import { ConfigError } from "../../runtime/contract/errors.ts";
import { checkVolumeChange } from "../checks/volume-change.ts";
import type { ClaimSpec } from "../checks/volume-change.ts";
import { beforeUpdate, textAt } from "./hooks.ts";
import { instanceCountOf } from "./manifests.ts";
import type { RelayMetadata } from "./manifests.ts";
import type { RelaySettingsArgs } from "./settings.ts";
import { buildClaim } from "./volume.ts";

/**
 * Declares the claim of each instance, so that a preview shows what becomes of it: it grows in place, and what would leave it behind is
 * refused. Nothing here deletes a claim. A `Patch` takes one over that the StatefulSet's controller has made, and makes it where
 * there is none.
 * @returns the claims' IDs, which a preview does not know before all of them are made
 */
export function createClaims(
  name: string,
  statefulSet: RelayMetadata & { readonly name: string },
  settings: RelaySettingsArgs,
  options: pulumi.CustomResourceOptions,
): pulumi.Output<string[]> {
  const { volume = {} } = settings;
  const hooks = { beforeUpdate: refusals(name) };
  const ids = Array.from({ length: instanceCountOf(settings) }, (_, ordinal) => {
    const claim = buildClaim(statefulSet, statefulSet.name, ordinal, volume);
    const { id } = new core.PersistentVolumeClaimPatch(`${name}-spool-${ordinal}`, claim, {
      ...options,
      protect: volume.protect ?? true,
      retainOnDelete: true,
      hooks,
    });
    return id;
  });
  return pulumi.all(ids);
}

/** Refuses at a preview what the API server would refuse too, in the words of whoever declared it. */
function refusals(name: string): pulumi.ResourceHook[] {
  return beforeUpdate(`${name}-volumes`, ({ oldInputs, oldOutputs, newInputs }) => {
    const claim = textAt(newInputs, "metadata", "name") ?? "";
    const change = { claim, declared: specOf(oldInputs), live: specOf(oldOutputs), wanted: specOf(newInputs) };
    const problems = checkVolumeChange(change);
    if (problems.length > 0) throw new ConfigError(name, problems);
  });
}

function specOf(claim: unknown): ClaimSpec {
  return {
    storage: textAt(claim, "spec", "resources", "requests", "storage"),
    storageClassName: textAt(claim, "spec", "storageClassName"),
  };
}
