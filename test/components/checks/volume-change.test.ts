import { checkVolumeChange } from "../../../components/checks/volume-change.ts";
import type { ClaimSpec } from "../../../components/checks/volume-change.ts";

const live = { storage: "20Gi", storageClassName: "standard" };

/** The paths that are refused when a claim which was declared without a class, and is as `live` says, is to be another one. */
function refused(wanted: Partial<ClaimSpec>, before: { declared?: ClaimSpec; live?: ClaimSpec } = {}): string[] {
  const declared = { storage: "20Gi", storageClassName: undefined };
  const change = { claim: "spool-0", declared, live, wanted: { ...declared, ...wanted }, ...before };
  return checkVolumeChange(change).map(({ path }) => path);
}

test.each([
  ["20Gi", []],
  ["30Gi", []],
  ["1Ti", []],
  ["19Gi", ["volume.sizeGibibytes"]],
  // Decimal units are smaller.
  ["20G", ["volume.sizeGibibytes"]],
])("a claim of 20Gi that is to have %p: refused %p", (storage, expected) => {
  expect(refused({ storage })).toEqual(expected);
});

test("a claim whose size was changed by hand is compared with what it has", () => {
  expect(refused({ storage: "25Gi" }, { live: { ...live, storage: "30Gi" } })).toEqual(["volume.sizeGibibytes"]);
});

describe("a storage class", () => {
  test("is never another one", () => {
    const declared = { storage: "20Gi", storageClassName: "standard" };

    expect(refused({ storageClassName: "fast" })).toEqual(["volume.storageClassName"]);
    expect(refused({ storageClassName: undefined }, { declared })).toEqual(["volume.storageClassName"]);
  });

  test("may be named that the claim has already, or that a claim without one gets", () => {
    expect(refused({ storageClassName: "standard" })).toEqual([]);
    expect(refused({ storageClassName: "fast" }, { live: { ...live, storageClassName: undefined } })).toEqual([]);
  });

  test("that the cluster has given by itself stays when the volume grows", () => {
    expect(refused({ storage: "30Gi" })).toEqual([]);
  });
});

test("says what the volume has, and where to read on", () => {
  const wanted = { storage: "15Gi", storageClassName: "fast" };
  const declared = { storage: "20Gi", storageClassName: undefined };

  expect(checkVolumeChange({ claim: "spool-0", declared, live, wanted })).toEqual([
    {
      path: "volume.sizeGibibytes",
      problem: 'is 15Gi, and the volume of claim "spool-0", which may hold messages, has 20Gi',
      remedy: expect.stringContaining("set it back: no volume gets smaller; ") as string,
    },
    {
      path: "volume.storageClassName",
      problem: 'is "fast", and the volume of claim "spool-0", which may hold messages, is of "standard"',
      remedy: expect.stringContaining("set it back: no volume changes its class; ") as string,
    },
  ]);
});
