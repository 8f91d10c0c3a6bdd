import type * as pulumi from "@pulumi/pulumi";

import { givenValue } from "./declared.ts";

/**
 * Tells whether two inputs are known to be the same text: without regard to case, as in Azure's IDs and names, or the same output of
 * the program.
 */
export function isSameInput(one: pulumi.Input<string | undefined>, other: pulumi.Input<string | undefined>): boolean {
  if (one === undefined || other === undefined) return false;
  if (typeof one === "string") return typeof other === "string" && one.toLowerCase() === other.toLowerCase();
  return typeof other !== "string" && givenValue(one) === givenValue(other);
}
