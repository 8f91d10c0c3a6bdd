import type { Values } from "../values.ts";

/** What Azure Resource Manager keeps: resources by ID, for which it ignores case. */
export interface ArmStore {
  get(id: string): Values | undefined;
  set(id: string, resource: Values): void;
  delete(id: string): void;
  /** IDs of everything that is there, in the order of creation. */
  readonly ids: readonly string[];
  /** Object IDs that role assignments can look up. A fresh identity takes minutes to get here. */
  readonly replicatedPrincipals: Set<string>;
}

/** Creates an empty subscription. */
export function createArmStore(): ArmStore {
  const resources = new Map<string, { readonly id: string; readonly resource: Values }>();
  return {
    get: (id) => resources.get(id.toLowerCase())?.resource,
    set: (id, resource) => {
      resources.set(id.toLowerCase(), { id, resource });
    },
    delete: (id) => {
      resources.delete(id.toLowerCase());
    },
    get ids() {
      return [...resources.values()].map(({ id }) => id);
    },
    replicatedPrincipals: new Set(),
  };
}
