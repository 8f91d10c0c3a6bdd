import { perSession } from "../../components/event-grid/quotas.ts";
import type { RelayConfig } from "../../runtime/contract/config.ts";
import { dataflowParts } from "../../runtime/contract/config/dataflow.ts";
import { HostType } from "../../runtime/contract/config/endpoint.ts";
import { countSessions, listSessions } from "../sessions.ts";
import { azureLogOf } from "./azure-logs.ts";
import { Reporter, type Report } from "./finding.ts";

/** What each dataflow is expected to carry. */
export interface Load {
  readonly messagesPerSecond: number;
  /** Bytes of a message on average; omitted: not judged. */
  readonly bytesPerMessage?: number | undefined;
}

/** Compares a load with what Event Grid lets one session do. */
export function checkLoad(config: RelayConfig, load: Load | undefined, report: Report): void {
  const { dataflows, endpoints, profile } = config;
  for (const [name, dataflow] of Object.entries(dataflows)) {
    const parts = dataflowParts(dataflow);
    if (dataflow.mode === "Disabled" || parts === undefined) continue;
    const reporter = new Reporter(`dataflow ${name}`, report);
    for (const side of ["source", "destination"] as const) {
      const endpoint = endpoints[parts[side].endpointRef];
      if (endpoint?.hostType !== HostType.EventGrid) continue;
      const limit = perSession[side];
      const verb = side === "source" ? "delivers" : "takes";
      const bound = `Event Grid ${verb} ${limit.messages} messages and ${limit.bytes} bytes a second for a session`;
      if (load === undefined) {
        reporter.unknown("load", bound, "give --messages-per-second to compare it with your load");
        continue;
      }
      const messages = load.messagesPerSecond / profile.instanceCount;
      const bytes = messages * (load.bytesPerMessage ?? 0);
      const text = `${Math.ceil(messages)} messages and ${Math.ceil(bytes)} bytes a second at the ${side}; ${bound}`;
      if (messages <= limit.messages && bytes <= limit.bytes) reporter.good("load", text);
      else {
        const azure = azureLogOf(endpoint, "load-too-high");
        const remedy = "split the dataflow by topic into several";
        reporter.problem("load", "load-too-high", text, { remedy, ...(azure === undefined ? {} : { azure }) });
      }
    }
  }
}

/** Most sessions of one identity that a namespace can allow. @see Azure REST API, Namespaces (2025-02-15) */
const mostSessions = 100;

/** Says how many sessions of one identity the relay needs at each namespace, and that this command takes one more. */
export function checkSessions(config: RelayConfig, report: Report): void {
  for (const { hostType, identity, endpoints, sessions } of countSessions(listSessions(config))) {
    if (hostType !== HostType.EventGrid) continue;
    const reporter = new Reporter(`endpoint ${endpoints.join(", ")}`, report);
    const text = `the relay holds ${sessions === 1 ? "1 session" : `${sessions} sessions`} as ${identity}, and this command one more for each endpoint while it runs`;
    if (sessions <= mostSessions) {
      reporter.good("sessions", `${text}: maximumClientSessionsPerAuthenticationName has to be ${sessions} or more`, {
        sessions,
      });
    } else {
      const remedy = `give some endpoints another identity: a namespace allows ${mostSessions} at most`;
      reporter.problem("sessions", "session-limit", text, { remedy });
    }
  }
}
