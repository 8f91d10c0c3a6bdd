/** What a client identifier is made of. */
export interface ClientIdParts {
  readonly prefix: string;
  readonly dataflow: string;
  /** Number of the relay's instance, from 0: that of its pod. */
  readonly ordinal: number;
  /** `status` is the relay's own client, which belongs to no dataflow. */
  readonly side: "source" | "destination" | "status";
}

/** Makes the client identifier, which is also the name of the session: `oslo-telemetry-0-source`. */
export function clientId({ prefix, dataflow, ordinal, side }: ClientIdParts): string {
  return `${prefix}${dataflow}-${ordinal}-${side}`;
}

/** Group of a dataflow's shared subscriptions: the same in all its instances and in no other dataflow. */
export function shareGroup({ prefix, dataflow }: Pick<ClientIdParts, "prefix" | "dataflow">): string {
  return `${prefix}${dataflow}`.replace(/[/+#]/g, "_"); // [MQTT-4.8.2-2]
}
