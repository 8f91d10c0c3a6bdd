import type * as pulumi from "@pulumi/pulumi";

import { profileInstanceCount } from "../aio/profile.ts";
import { isEnabled, isForAio } from "../dataflow.ts";
import type { DataflowArgs } from "../dataflow.ts";
import { aioNamespace, relayDefaults } from "../relay/defaults.ts";
import { declareEndpoints } from "./endpoints.ts";
import type { DeclaredEndpoint } from "./endpoints.ts";
import type { MqttBridgeArgs } from "./settings.ts";

/** An endpoint with what the dataflows make of it. */
export type PlannedEndpoint = DeclaredEndpoint & {
  /** Whether the relay has a part in it: reads its settings, and mounts its files. */
  readonly isRelayed: boolean;
  /** The first dataflow of AIO's engine that uses it, which is the one that a reader of the declaration meets. */
  readonly aioDataflow: string | undefined;
};

/** A dataflow with its endpoints. */
export interface PlannedDataflow {
  readonly name: string;
  /** Where the operator wrote it: `dataflows.telemetry`. */
  readonly path: string;
  readonly args: DataflowArgs;
  /** Whether AIO's engine runs it, rather than the relay. */
  readonly isForAio: boolean;
  readonly isEnabled: boolean;
  /** How many instances run it, each with sessions of its own. */
  readonly instanceCount: number;
  /** Where it takes messages from; `undefined` when it names no endpoint, which a rule of its own refuses. */
  readonly source: PlannedEndpoint | undefined;
  readonly destination: PlannedEndpoint | undefined;
  /** Where its dead letters are published; `undefined` where there are none, or on the disk. */
  readonly deadLetter: PlannedEndpoint | undefined;
}

/** What a bridge will be, made once from its arguments: the checks read it, and the component creates what stands in it. */
export interface Plan {
  /** Name of the bridge's component. */
  readonly name: string;
  readonly args: MqttBridgeArgs;
  readonly endpoints: readonly PlannedEndpoint[];
  readonly dataflows: readonly PlannedDataflow[];
  /** Whether dataflows are the relay's; they are unless they say otherwise. */
  readonly hasRelay: boolean;
  /** Kubernetes namespace of the relay. */
  readonly relayNamespace: pulumi.Input<string>;
  /** Kubernetes namespace of AIO. */
  readonly aioNamespace: pulumi.Input<string>;
}

/** Plans a bridge. The arguments have the shape of the schema; whether they make sense is up to the checks. */
export function planBridge(name: string, args: MqttBridgeArgs): Plan {
  const flows = Object.entries(args.dataflows);
  const hasRelay = flows.length === 0 || flows.some(([, flow]) => !isForAio(flow));
  const endpoints = planEndpoints(args, hasRelay);
  const byName = new Map(endpoints.toReversed().map((endpoint) => [endpoint.name, endpoint]));
  const dataflows = flows.map(([key, flow]) => ({
    name: key,
    path: `dataflows.${key}`,
    args: flow,
    isForAio: isForAio(flow),
    isEnabled: isEnabled(flow),
    instanceCount: isForAio(flow) ? profileInstanceCount(args.dataflowProfile) : relayInstanceCount(args),
    source: byName.get(flow.source),
    destination: byName.get(flow.destination),
    deadLetter: byName.get(flow.deadLetter?.endpoint ?? ""),
  }));
  const relayNamespace = args.relay?.namespace ?? aioNamespace;
  return {
    name,
    args,
    endpoints,
    dataflows,
    hasRelay,
    relayNamespace,
    aioNamespace: args.instance?.namespace ?? aioNamespace,
  };
}

function planEndpoints(args: MqttBridgeArgs, hasRelay: boolean): PlannedEndpoint[] {
  const relayed = new Set([args.relay?.status?.endpoint]);
  const aioDataflows = new Map<string, string>();
  for (const [name, flow] of Object.entries(args.dataflows)) {
    for (const end of [flow.source, flow.destination]) {
      if (!isForAio(flow)) relayed.add(end);
      else if (!aioDataflows.has(end)) aioDataflows.set(end, name);
    }
  }
  // What no dataflow uses is in the relay's configuration, so that it is checked as the relay reads it.
  const isRelayed = (name: string) => hasRelay && (relayed.has(name) || !aioDataflows.has(name));
  return declareEndpoints(args, isRelayed).map((endpoint) => ({
    ...endpoint,
    isRelayed: isRelayed(endpoint.name),
    aioDataflow: aioDataflows.get(endpoint.name),
  }));
}

/** How many instances of the relay there are. */
export function relayInstanceCount({ relay }: Pick<MqttBridgeArgs, "relay">): number {
  return relay?.instanceCount ?? relayDefaults().instanceCount;
}

/** The dataflows that run. */
export function enabledDataflows({ dataflows }: Plan): PlannedDataflow[] {
  return dataflows.filter((dataflow) => dataflow.isEnabled);
}

/** Dataflows of one engine by name, as they are declared. */
export function dataflowsOf({ dataflows }: Plan, engine: "relay" | "aio"): { [name: string]: DataflowArgs } {
  const own = dataflows.filter((dataflow) => dataflow.isForAio === (engine === "aio"));
  return Object.fromEntries(own.map(({ name, args }) => [name, args]));
}
