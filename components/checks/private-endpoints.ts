import type { Problem } from "../../runtime/contract/errors.ts";
import type { EventGridBrokerArgs, PrivateEndpointArgs } from "../event-grid/settings.ts";
import { isKnown } from "../known.ts";
import { byRule } from "./rules.ts";

/** @see Azure REST API, Private DNS zone groups; Azure Verified Modules, private endpoints */
const mostZones = 5;
const longestMessage = 140;

/** Lists private endpoints that Azure refuses. */
export function checkPrivateEndpoints({ privateEndpoints }: EventGridBrokerArgs): Problem[] {
  return byRule(
    "private-endpoints",
    Object.entries(privateEndpoints ?? {}).flatMap(([name, one]) => checkOne(`privateEndpoints.${name}`, one)),
  );
}

function checkOne(path: string, endpoint: PrivateEndpointArgs): Problem[] {
  const { privateDnsZoneId, privateDnsZones = [], privateDnsZoneGroupName } = endpoint;
  const { isManualConnection, manualConnectionRequestMessage: message } = endpoint;
  const zones = privateDnsZones.length + (privateDnsZoneId === undefined ? 0 : 1);
  const problems: Problem[] = [];
  if (zones > mostZones) {
    const problem = `makes ${zones} private DNS zones, more than the ${mostZones} of an endpoint`;
    problems.push({ path: `${path}.privateDnsZones`, problem, remedy: "use another private endpoint" });
  }
  if (privateDnsZoneGroupName !== undefined && zones === 0) {
    const problem = "is set, and there is no private DNS zone";
    problems.push({ path: `${path}.privateDnsZoneGroupName`, problem, remedy: "remove it, or add privateDnsZoneId" });
  }
  const at = `${path}.manualConnectionRequestMessage`;
  if (message !== undefined && isManualConnection !== true) {
    const problem = "is set, and nobody has to approve the connection";
    problems.push({ path: at, problem, remedy: "remove it, or set isManualConnection" });
  }
  if (message !== undefined && isKnown(message) && message.length > longestMessage) {
    const problem = `has ${message.length} characters, more than the ${longestMessage} that Azure takes`;
    problems.push({ path: at, problem, remedy: "shorten it" });
  }
  return problems;
}
