import type { PolicyConfigSchema } from "@pulumi/policy";

import { fitsPattern, textsAt } from "./inputs.ts";
import type { CheckedResource, Inputs } from "./rule.ts";

/** Lets a team say which stacks are in production. */
export const productionSchema: PolicyConfigSchema = {
  properties: {
    productionStacks: {
      type: "array",
      items: { type: "string" },
      default: ["prod*", "*-prod"],
      description: 'Names of the stacks in production; "*" stands for any characters. All stacks: ["*"].',
    },
  },
};

/** Tells whether a resource is in production. */
export function isProduction({ stack }: CheckedResource, config: Inputs): boolean {
  return textsAt(config, "productionStacks").some((pattern) => fitsPattern(stack, pattern));
}
