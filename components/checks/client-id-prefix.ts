import type { HostType } from "../../runtime/contract/config/endpoint.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { byRule } from "./rules.ts";

/**
 * Refuses client identifiers that two sites would share: the later one takes the session of the earlier one over, or is
 * refused as not authorized. AIO's own broker serves one site only.
 * @see Azure IoT Operations, Known issues, 8891
 */
export function checkClientIdPrefix(path: string, hostType: HostType, prefix: string | undefined): Problem[] {
  if (hostType === "LocalBroker" || (prefix !== undefined && prefix !== "")) return [];
  const problem = "is empty, so a second site with the same dataflows would take over this one's sessions";
  const remedy = 'give one that no other site has, such as "<site>-"';
  return byRule("client-id-prefix", [{ path: `${path}clientIdPrefix`, problem, remedy }]);
}
