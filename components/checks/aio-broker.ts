import { localBrokerAudience } from "../../runtime/contract/config/authentication.ts";
import { parseHost, parseServiceName } from "../../runtime/contract/config/endpoint.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import type { EndpointFields } from "../endpoint/config.ts";
import { byRule } from "./rules.ts";

/** What AIO's own broker has, as far as it is known. */
export interface LocalBroker {
  readonly host?: string;
  readonly audience?: string;
  readonly trustBundle?: string;
}

/**
 * Refuses a local endpoint that says otherwise than the platform does of AIO's broker: its clients would find no
 * listener, be refused, or distrust the broker's certificate. Compares what is known of both.
 */
export function checkLocalBroker(path: string, declared: Partial<EndpointFields>, broker: LocalBroker): Problem[] {
  const {
    host,
    authenticationMethod,
    audience = localBrokerAudience,
    tlsMode,
    trustedCaCertificateConfigMapRef,
  } = declared;
  const usesToken = authenticationMethod === "ServiceAccountToken";
  // Whoever names the broker in full reaches it from another namespace, and mounts a copy of the CA there.
  const isNear = host === undefined || !(parseHost(host)?.hostname ?? host).includes(".");
  const comparesCa = isNear && tlsMode !== "Disabled";
  return byRule("aio-broker", [
    ...compare(`${path}host`, "listens at", host, broker.host, isSameHost),
    ...(usesToken ? compare(`${path}audience`, "takes tokens for", audience, broker.audience) : []),
    ...(comparesCa
      ? compare(
          `${path}trustedCaCertificateConfigMapRef`,
          "has its CA in",
          trustedCaCertificateConfigMapRef,
          broker.trustBundle,
        )
      : []),
  ]);
}

function compare(
  path: string,
  does: string,
  declared: string | undefined,
  real: string | undefined,
  isSame = (one: string, other: string) => one === other,
): Problem[] {
  if (declared === undefined || real === undefined || isSame(declared, real)) return [];
  const problem = `is "${declared}", and AIO's broker ${does} "${real}"`;
  return [{ path, problem, remedy: `set it to "${real}", or correct what the platform tells (instance.broker)` }];
}

/** The short name is the full one as AIO's own namespace knows it. A path is WebSockets', not the listener's. */
function isSameHost(declared: string, real: string): boolean {
  const [one, other] = [parseHost(declared), parseHost(real)];
  if (one === undefined || other === undefined) return false;
  return one.port === other.port && isSameName(one.hostname, other.hostname);
}

/** Names of one Service, of which either may leave its namespace out; a name outside of the cluster is only itself. */
function isSameName(one: string, other: string): boolean {
  const [declared, real] = [parseServiceName(one), parseServiceName(other)];
  if (declared === undefined || real === undefined) return one.toLowerCase() === other.toLowerCase();
  const areNamespacesKnown = declared.namespace !== undefined && real.namespace !== undefined;
  return declared.service === real.service && (!areNamespacesKnown || declared.namespace === real.namespace);
}
