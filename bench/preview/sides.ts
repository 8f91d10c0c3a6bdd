import { readFileSync } from "node:fs";

import * as pulumi from "@pulumi/pulumi";

import { MqttBridge } from "../../components/index.ts";
import type { Registered } from "../../test/components/mocks.ts";
import { createByHand } from "./by-hand.ts";
import { createInEmptyComponents } from "./empty-components.ts";
import { site } from "./site.ts";

/**
 * The programs that are compared. `components`: one `MqttBridge` for each site. `by-hand`: the same resources as a program
 * without components has them, of the SDKs' own classes and with outputs where one refers to another. `empty`: those of the
 * program by hand, below components that do nothing; no package of components can cost less. `bare`: the same once more without classes, aliases and references, every property a literal; no program is written like that, and
 * nothing that registers these resources can cost less.
 */
export const sides = ["components", "by-hand", "empty", "bare"] as const;

export type Side = (typeof sides)[number];

/** Creates the resources of a number of sites; `file` has what the components registered, which the other sides repeat. */
export function createSites(side: Side, count: number, file: string): void {
  const names = Array.from({ length: count }, (_, number) => `site-${number}`);
  if (side === "components") {
    for (const name of names) new MqttBridge(name, site(name));
    return;
  }
  const resources = JSON.parse(readFileSync(file, "utf8")) as Registered[];
  if (side === "bare") {
    for (const { type, name, inputs } of resources) new BareResource(type, name, inputs);
    return;
  }
  const byName = new Map(resources.map(({ name, inputs }) => [name, inputs]));
  const create = side === "empty" ? createInEmptyComponents : createByHand;
  for (const name of names) create(name, byName);
}

/** Any resource, without a class of its own. */
class BareResource extends pulumi.CustomResource {}
