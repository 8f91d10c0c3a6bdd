import { isDeepStrictEqual } from "node:util";

import { isAzureType } from "./aio-dataflows.ts";
import type { Preview } from "./preview.ts";
import type { TopicSpaceChange } from "./review.ts";
import { byText, textAt, textsAt } from "./values.ts";

const changes = { create: "added", delete: "removed", update: "changed", replace: "changed" } as const;

/** Topic spaces that come, go, or have other topics. */
export function findTopicSpaceChanges({ steps }: Preview): TopicSpaceChange[] {
  return steps
    .filter((step) => isAzureType(step, "eventgrid:TopicSpace"))
    .flatMap(({ operation, before, after, name }) => {
      if (operation !== "create" && operation !== "delete" && operation !== "update" && operation !== "replace")
        return [];
      const [old, next] = [before, after].map((inputs) => textsAt(inputs, "topicTemplates"));
      const change = changes[operation];
      if (old === undefined || next === undefined || (change === "changed" && isDeepStrictEqual(old, next))) return [];
      const own = textAt(after ?? before, "topicSpaceName") ?? name;
      return [{ change, name: own, before: old, after: next }];
    })
    .sort((a, b) => byText(a.name, b.name));
}
