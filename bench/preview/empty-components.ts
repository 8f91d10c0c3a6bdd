import * as pulumi from "@pulumi/pulumi";

import { createByHand } from "./by-hand.ts";
import type { SiteResources } from "./by-hand.ts";

/** A component that has neither arguments nor outputs, and checks nothing. */
class EmptyComponent extends pulumi.ComponentResource {
  constructor(noun: string, name: string, parent?: pulumi.Resource) {
    super(`preview:index:${noun}`, name, {}, parent === undefined ? {} : { parent });
    this.registerOutputs({});
  }
}

/**
 * Creates the resources of one site below as many components as ours, in the same places of the tree: what Pulumi needs for
 * components alone, whoever wrote them.
 */
export function createInEmptyComponents(name: string, resources: SiteResources): void {
  const site = new EmptyComponent("Site", name);
  const broker = new EmptyComponent("Broker", `${name}-broker`, site);
  const access = new EmptyComponent("Access", `${name}-access`, site);
  for (const endpoint of ["edge", "cloud"]) new EmptyComponent("Endpoint", `${name}-${endpoint}`, site);
  const relay = new EmptyComponent("Relay", `${name}-relay`, site);
  createByHand(name, resources, { broker, access, relay });
}
