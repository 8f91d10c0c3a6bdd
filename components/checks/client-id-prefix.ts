import type { HostType } from "../../runtime/contract/config/endpoint.ts";
import { quote, type Problem } from "../../runtime/contract/errors.ts";
import { byRule } from "./rules.ts";

/** What an endpoint says of its client identifiers. */
export interface ClientIdSettings {
  readonly clientIdPrefix?: string | undefined;
  readonly allowEmptyClientIdPrefix?: boolean | undefined;
}

/**
 * Refuses client identifiers that two sites would share, unless somebody says that no two do: the later one takes the session of
 * the earlier one over, or is refused as not authorized. AIO's own broker serves one site only.
 * @see Azure IoT Operations, Known issues, 8891
 */
export function checkClientIdPrefix(
  path: string,
  hostType: HostType,
  { clientIdPrefix: prefix = "", allowEmptyClientIdPrefix: mayBeEmpty = false }: ClientIdSettings,
): Problem[] {
  if (mayBeEmpty && prefix !== "") {
    const problem = `is true, and clientIdPrefix is ${quote(prefix)}`;
    const remedy = 'set clientIdPrefix to "", or remove it';
    return byRule("client-id-prefix", [{ path: `${path}allowEmptyClientIdPrefix`, problem, remedy }]);
  }
  if (mayBeEmpty || hostType === "LocalBroker" || prefix !== "") return [];
  const problem = "is empty, so a second site with the same dataflows would take over this one's sessions";
  const remedy =
    'give one that no other site has, such as "<site>-", or, where no other site has such dataflows there, set allowEmptyClientIdPrefix';
  return byRule("client-id-prefix", [{ path: `${path}clientIdPrefix`, problem, remedy }]);
}
