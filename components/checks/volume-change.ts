import type { Problem } from "../../runtime/contract/errors.ts";

/** What a claim asks for, as far as it is known. */
export interface ClaimSpec {
  /** Kubernetes' quantity, such as `"10Gi"`. */
  readonly storage: string | undefined;
  readonly storageClassName: string | undefined;
}

/** One claim: as its program declared it, as it is in the cluster, and as its program declares it now. */
export interface ClaimChange {
  /** Name of the claim. */
  readonly claim: string;
  readonly declared: ClaimSpec;
  readonly live: ClaimSpec;
  readonly wanted: ClaimSpec;
}

const elsewhere = '"Moving to other volumes" in doc/operations.md says what to do if it is meant';

/**
 * Lists what Kubernetes can't do to a volume: make it smaller, or put it into another storage class.
 * @see Kubernetes, Persistent volumes, expanding persistent volumes claims
 */
export function checkVolumeChange({ claim, declared, live, wanted }: ClaimChange): Problem[] {
  const [before, after] = [bytesOf(live.storage), bytesOf(wanted.storage)];
  const isSmaller = before !== undefined && after !== undefined && after < before;
  const isOtherClass =
    declared.storageClassName !== wanted.storageClassName &&
    // A claim without a class can still be given one.
    live.storageClassName !== undefined &&
    live.storageClassName !== wanted.storageClassName;
  const smaller = {
    path: "volume.sizeGibibytes",
    problem: `is ${wanted.storage}, and the volume of claim "${claim}", which may hold messages, has ${live.storage}`,
    remedy: `set it back: no volume gets smaller; ${elsewhere}`,
  };
  const other = {
    path: "volume.storageClassName",
    problem: `is ${quote(wanted.storageClassName)}, and the volume of claim "${claim}", which may hold messages, is of "${live.storageClassName}"`,
    remedy: `set it back: no volume changes its class; ${elsewhere}`,
  };
  return [...(isSmaller ? [smaller] : []), ...(isOtherClass ? [other] : [])];
}

function quote(storageClassName: string | undefined): string {
  return storageClassName === undefined ? "not given" : `"${storageClassName}"`;
}

const bytesPerUnit: { readonly [suffix: string]: number } = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** Bytes of a quantity; `undefined` for one that is written otherwise, which the API server then judges. */
function bytesOf(quantity: string | undefined): number | undefined {
  const [, digits, suffix = ""] = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(quantity ?? "") ?? [];
  const factor = bytesPerUnit[suffix];
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}
