import type { ServerLimits } from "../mqtt/connect.ts";
import { nameReasonCode, remedyOfReasonCode } from "../contract/reason-codes.ts";
import { parseSharedFilter, withoutShare } from "../contract/topic/filter.ts";

/** What the broker has answered for one filter. */
export interface FilterAnswer {
  /** Whether messages come by it. */
  readonly isGranted: boolean;
  /** What is not as asked for, and what to do; `undefined` when all is as asked for. */
  readonly problem?: string;
  readonly reasonCode?: number;
}

/** Reads the code that SUBACK has for a filter; `undefined` where it has none. @see MQTT 5.0 §3.9.3 */
export function readSubackCode(
  filter: string,
  code: number | undefined,
  { qos, endpoint }: { readonly qos: 0 | 1; readonly endpoint: string },
): FilterAnswer {
  if (code === undefined)
    return { isGranted: false, problem: `source leaves out the filter "${filter}" in its SUBACK` };
  if (code > maxQos) {
    const remedy = remedyOfReasonCode("SUBACK", code);
    const text = `source refuses the filter "${filter}": ${nameSubackCode(code)}`;
    return { isGranted: false, problem: remedy === "" ? text : `${text}; ${remedy}`, reasonCode: code };
  }
  if (code >= qos) return { isGranted: true };
  const text = `source grants QoS ${code} for the filter "${filter}" where ${qos} was asked for, so its messages come at most once`;
  const remedy = `allow QoS ${qos} there, or set endpoints.${endpoint}.mqttSettings.qos to ${code}`;
  return { isGranted: true, problem: `${text}; ${remedy}` };
}

/** Says why there is no point in asking a broker for a filter, from its CONNACK; `undefined` when there is one. */
export function unavailable(filter: string, limits: ServerLimits): string | undefined {
  if (!limits.sharedSubscriptionAvailable && parseSharedFilter(filter) !== undefined)
    return `source can't take the filter "${filter}": its broker has no shared subscriptions; set profile.instanceCount to 1, and give dataSources without "$share"`;
  if (!limits.wildcardSubscriptionAvailable && /[+#]/.test(withoutShare(filter)))
    return `source can't take the filter "${filter}": its broker has no wildcard subscriptions; list topics without wildcards`;
  return undefined;
}

/** Tells whether an UNSUBACK's code says that the session does not hold the filter any more. @see MQTT 5.0 §3.11.3 */
export function isUnsubscribed(code: number | undefined): boolean {
  return code === 0x00 || code === 0x11;
}

/** Names the code of an UNSUBACK or its absence. */
export function nameUnsubackCode(code: number | undefined): string {
  return code === undefined ? "no code in UNSUBACK" : nameReasonCode(code);
}

/** Codes up to this one are a granted QoS; a higher one is no success, whatever it is. */
const maxQos = 2;

function nameSubackCode(code: number): string {
  return code < 0x80 ? `0x${code.toString(16).padStart(2, "0")} unknown reason code` : nameReasonCode(code);
}
