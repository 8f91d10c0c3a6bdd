import { eventGridLimits } from "../contract/config/endpoint-rules.ts";
import { ConnectionError } from "../contract/errors.ts";
import type { ServerLimits } from "../mqtt/connect.ts";
import type { Connection } from "../mqtt/connection.ts";
import { judgeReasonCode, nameReasonCode, remedyOfReasonCode } from "../contract/reason-codes.ts";
import { parseSharedFilter } from "../contract/topic/filter.ts";

export interface SubscribeRequest {
  readonly filters: readonly string[];
  readonly qos: 0 | 1;
  /** The broker, as messages name it. */
  readonly peer: string;
  readonly endpoint: string;
}

/** As many filters as the strictest broker takes at once. */
const filtersPerPacket = eventGridLimits.maxFiltersPerSubscribe;

/**
 * Subscribes to all filters and checks what was granted. Done at each connect, also in a kept session: whether an
 * earlier SUBSCRIBE arrived is known only by its SUBACK.
 *
 * @throws {ConnectionError} when a filter was refused, or granted a lower QoS than asked for: with QoS 0 the broker
 *   would keep nothing for this dataflow, and say so nowhere else
 */
export async function subscribeAll(
  connection: Connection,
  limits: ServerLimits,
  { filters, qos, peer, endpoint }: SubscribeRequest,
): Promise<void> {
  if (!limits.sharedSubscriptionAvailable && filters.some((filter) => parseSharedFilter(filter) !== undefined)) {
    throw new ConnectionError(`${peer} has no shared subscriptions; set profile.instanceCount to 1`, {
      retry: "slowly",
    });
  }
  for (let index = 0; index < filters.length; index += filtersPerPacket) {
    const some = filters.slice(index, index + filtersPerPacket);
    const granted = await connection.subscribe(some.map((filter) => ({ filter, qos })));
    for (const [position, filter] of some.entries()) checkGrant(granted[position], { filter, qos, peer, endpoint });
  }
}

function checkGrant(
  code: number | undefined,
  asked: { filter: string; qos: 0 | 1; peer: string; endpoint: string },
): void {
  const { filter, qos, peer, endpoint } = asked;
  if (code === undefined) throw new ConnectionError(`${peer} left out "${filter}" in its SUBACK`, { retry: "soon" });
  const verdict = judgeReasonCode("SUBACK", code);
  if (verdict !== "accepted") {
    const remedy = remedyOfReasonCode(code);
    const text = `${peer} refused the topic filter "${filter}": ${nameReasonCode(code)}${remedy === "" ? "" : `; ${remedy}`}`;
    throw new ConnectionError(text, { reasonCode: code, retry: verdict === "retry" ? "soon" : "slowly" });
  }
  if (code >= qos) return;
  const text = `${peer} granted QoS ${code} for "${filter}" where ${qos} was asked for`;
  const remedy = `set endpoints.${endpoint}.mqttSettings.qos to ${code} if at most once is enough`;
  throw new ConnectionError(`${text}; ${remedy}`, { retry: "slowly" });
}
