import * as core from "@pulumi/kubernetes/core/v1/index.js";
import type * as pulumi from "@pulumi/pulumi";

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
 */
export function createClaims(
  relay: pulumi.Resource,
  name: string,
  statefulSet: RelayMetadata & { readonly name: string },
  settings: RelaySettingsArgs,
): core.PersistentVolumeClaimPatch[] {
  const { volume = {} } = settings;
  const hooks = { beforeUpdate: refusals(name) };
  return Array.from({ length: instanceCountOf(settings) }, (_, ordinal) => {
    const claim = buildClaim(statefulSet, statefulSet.name, ordinal, volume);
    return new core.PersistentVolumeClaimPatch(`${name}-spool-${ordinal}`, claim, {
      parent: relay,
      protect: volume.protect ?? true,
      retainOnDelete: true,
      hooks,
    });
  });
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
