import type { Logger } from "../report/log.ts";
import type { CredentialEvent } from "./credentials.ts";

/** Says what becomes of an endpoint's credentials, each with its end, and never with a value. */
export function reportCredentials(
  log: Pick<Logger, "info" | "warn">,
  endpoint: string,
): (event: CredentialEvent) => void {
  return (event) => {
    const fields = { endpoint, credential: event.what };
    const until = event.endsAtMs === undefined ? {} : { validUntil: new Date(event.endsAtMs).toISOString() };
    switch (event.kind) {
      case "renewed":
        log.info({ event: "credential-renewed", ...fields, ...until }, "credential renewed");
        break;
      case "renewalFailed": {
        const { reason, retryInMs } = event;
        log.warn(
          { event: "credential-not-renewed", ...fields, reason, retryInMs, ...until },
          "credential not renewed: the old one is used, will retry",
        );
        break;
      }
      case "endsSoon":
        log.warn(
          { event: "credential-ends-soon", ...fields, ...until },
          "credential ends soon, and no newer one has come; renew it",
        );
        break;
    }
  };
}
