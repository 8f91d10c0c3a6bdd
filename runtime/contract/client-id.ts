/** AIO's own limit of instances of a dataflow profile. @see Azure IoT Operations, DataflowProfile */
export const maxInstances = 20;

/** Most bytes of a client identifier in UTF-8. @see MQTT 5.0 §1.5.4 */
export const maxClientIdBytes = 65_535;

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

/**
 * Says why an instance must not connect, or `undefined` when it is one of those that the configuration counts. The sessions
 * of an extra one would keep a share of the messages once it is gone, and the other instances would end them meanwhile.
 *
 * @param ordinal number of the instance, from 0
 */
export function extraInstanceProblem(ordinal: number, instanceCount: number): string | undefined {
  if (ordinal < instanceCount) return undefined;
  const problem = `instance ${ordinal} is not one of profile.instanceCount (${instanceCount})`;
  const raise = ordinal < maxInstances ? `, or raise instanceCount to ${ordinal + 1} and deploy` : "";
  const remedy = `scale the StatefulSet back to ${instanceCount}${raise}`;
  return `${problem}: they count from 0, and this one connects to no broker; ${remedy}`;
}

/**
 * Numbers of instances that the configuration no longer counts, and whose sessions this instance looks after: each of them
 * is one remaining instance's.
 */
export function removedOrdinals(ordinal: number, instanceCount: number): number[] {
  const ordinals: number[] = [];
  for (let removed = instanceCount + ordinal; removed < maxInstances; removed += instanceCount) ordinals.push(removed);
  return ordinals;
}
