import * as authorization from "@pulumi/azure-native/authorization/index.js";
import type * as pulumi from "@pulumi/pulumi";

import { LockKind } from "../enumerations.ts";
import { withoutUndefined } from "../known.ts";

/**
 * A lock of Azure Resource Manager, which refuses deletions or all changes, whoever asks. It holds for the resource and for all that
 * is in it or attached to it: topic spaces, topics, clients, role assignments, diagnostic settings. Data goes on: MQTT clients connect,
 * publish and subscribe.
 *
 * It is created after all else that is declared here, and deleted before it. While it is there, Azure refuses deletions of this program
 * too, and with `"ReadOnly"` all changes. So set `kind` to `"None"` and deploy; make the change and deploy; then set it back: Pulumi
 * deletes what is removed at the end of a deployment, when the lock would be there again. With `"CanNotDelete"` only what removes or
 * replaces a part takes these steps. To create or delete a lock takes the role Owner or User Access Administrator.
 */
export interface LockArgs {
  /** What it refuses. Plain, because it decides whether there is a lock. */
  kind: LockKind;
  /**
   * Its name, at most 260 characters without `<`, `>`, `%`, `&`, `:`, `\`, `?` and `/`.
   * @default made from the component's name
   */
  name?: pulumi.Input<string>;
  /** Why it is there, at most 512 characters. */
  notes?: pulumi.Input<string>;
}

/** Creates a lock, unless there is none; `after` are what it has to come after, and to go before. */
export function createLock(
  name: string,
  scope: pulumi.Input<string>,
  lock: LockArgs | undefined,
  { after, ...options }: { readonly parent: pulumi.Resource; readonly after: readonly pulumi.Resource[] },
): pulumi.Resource[] {
  if (lock === undefined || lock.kind === LockKind.None) return [];
  const dependsOn = [...after];
  return [new authorization.ManagementLockByScope(name, buildLock(scope, lock), { ...options, dependsOn })];
}

export function buildLock(
  scope: pulumi.Input<string>,
  { kind, name, notes }: LockArgs,
): authorization.ManagementLockByScopeArgs {
  return { scope, level: kind, ...withoutUndefined({ lockName: name, notes }) };
}
