import type { Problem } from "../../runtime/contract/errors.ts";
import { clientId } from "../../runtime/contract/client-id.ts";
import type { DeclaredSession } from "../checks/client-ids.ts";
import { foldedAuthenticationName } from "../checks/client-limits.ts";
import { checkSessionsNeeded, sessionLimitBounds } from "../checks/session-limit.ts";
import type { EndpointFieldInputs } from "../endpoint/check-endpoint.ts";
import { isKnown } from "../known.ts";
import { enabledDataflows } from "./plan.ts";
import type { Plan, PlannedDataflow, PlannedEndpoint } from "./plan.ts";

/** One end of an enabled dataflow, which each instance of its engine holds a session for. */
export interface PlannedEnd {
  readonly side: "source" | "destination";
  readonly dataflow: PlannedDataflow;
  readonly endpoint: PlannedEndpoint;
}

/** The ends of all enabled dataflows; one that names no endpoint has none. */
export function listEnds(plan: Plan): PlannedEnd[] {
  return enabledDataflows(plan).flatMap((dataflow) =>
    (["source", "destination"] as const).flatMap((side) => {
      const endpoint = dataflow[side];
      return endpoint === undefined ? [] : [{ side, dataflow, endpoint }];
    }),
  );
}

/**
 * The sessions that the relay's first instance opens; those of the others differ from them in their number. How AIO's own
 * engine names its sessions is documented nowhere.
 */
export function listSessions(plan: Plan): DeclaredSession[] {
  return listEnds(plan).flatMap(({ side, dataflow, endpoint }) => {
    const prefix = endpoint.fields.clientIdPrefix;
    if (dataflow.isForAio || typeof prefix !== "string") return [];
    const id = clientId({ prefix, dataflow: dataflow.name, ordinal: 0, side });
    return [{ path: `${dataflow.path}.${side}`, broker: endpoint.broker, clientId: id }];
  });
}

/**
 * The sessions of AIO's own engine, as far as their names are documented: the prefix and the dataflow's name are in them. Of an
 * endpoint that exists already AIO knows the prefix alone.
 * @see Azure IoT Operations, Known issues, 8891
 */
export function listAioSessions(plan: Plan): DeclaredSession[] {
  return listEnds(plan).flatMap(({ side, dataflow, endpoint }) => {
    const prefix = endpoint.fields.clientIdPrefix;
    if (!dataflow.isForAio || endpoint.existing || typeof prefix !== "string") return [];
    const id = `${prefix}${dataflow.name} of AIO's engine (${side})`;
    return [{ path: `${dataflow.path}.${side}`, broker: endpoint.broker, clientId: id }];
  });
}

/** How many sessions the enabled dataflows hold at an endpoint: one for each end there and each instance. */
export function sessionsAt(plan: Plan, endpoint: PlannedEndpoint): number {
  return listEnds(plan)
    .filter((end) => end.endpoint === endpoint)
    .reduce((count, { dataflow }) => count + dataflow.instanceCount, 0);
}

/** Compares the sessions of each identity at the bridge's own namespace with what the namespace allows. */
export function checkSessionLimits(plan: Plan): Problem[] {
  const field = "maximumClientSessionsPerAuthenticationName";
  const limit = plan.args.eventGrid?.[field] ?? sessionLimitBounds.min;
  if (!isKnown(limit)) return [];
  const needed = new Map<string, number>();
  for (const { dataflow, endpoint } of listEnds(plan).filter((end) => end.endpoint.isAtOwnNamespace)) {
    const name = authenticationName(plan, dataflow, endpoint);
    needed.set(name, (needed.get(name) ?? 0) + dataflow.instanceCount);
  }
  return checkSessionsNeeded(`eventGrid.${field}`, limit, needed);
}

/** One identity is one authentication name, however many endpoints use it; a certificate has its own, as its user name tells. */
function authenticationName({ args }: Plan, { isForAio }: PlannedDataflow, { name, fields }: PlannedEndpoint): string {
  const method = fields.authenticationMethod;
  switch (method) {
    case "X509Certificate":
      return typeof fields.username === "string"
        ? `${method} of client "${foldedAuthenticationName(fields.username)}"`
        : `${method} at endpoint "${name}"`;
    case "SystemAssignedManagedIdentity":
      return isForAio ? `${method} of AIO's extension` : method;
    default:
      return `${method}${otherIdentity(fields, args.identity)}`;
  }
}

function otherIdentity({ clientId: own }: EndpointFieldInputs, identity: Plan["args"]["identity"]): string {
  return typeof own === "string" && own !== identity?.clientId ? ` of client ID "${own}"` : "";
}
