import type { JWTPayload } from "jose";

import { ReasonCode } from "../packet/reason-code.ts";
import type { Authentication, Authenticator } from "./authenticator.ts";
import { createTokenVerifier } from "./token.ts";
import type { TokenTrust } from "./token.ts";

/**
 * Audience of tokens for Event Grid. Sources disagree: the specification has no slash at the end, Event Grid, Microsoft
 * Entra JWT authentication has one.
 */
export const eventGridAudiences = ["https://eventgrid.azure.net", "https://eventgrid.azure.net/"] as const;

/** Audience of tokens for AIO's broker. @see Azure IoT Operations, Broker authentication (2025-04-10) */
export const aioAudience = "aio-internal";

/**
 * `OAUTH2-JWT`: a token of Microsoft Entra ID; the principal is its `oid`.
 * @see Event Grid, Microsoft Entra JWT authentication
 */
export function createEntraAuthenticator(trust: Omit<TokenTrust, "audiences">): Authenticator {
  return createTokenAuthenticator("OAUTH2-JWT", { ...trust, audiences: eventGridAudiences }, ({ oid, sub }) =>
    typeof oid === "string" ? oid : sub,
  );
}

/**
 * `K8S-SAT`: a token of a Kubernetes service account; the identity is its `sub`.
 * @see Azure IoT Operations, Broker authentication (2025-04-10)
 */
export function createServiceAccountAuthenticator(trust: TokenTrust): Authenticator {
  return createTokenAuthenticator("K8S-SAT", trust, ({ sub }) =>
    sub !== undefined && /^system:serviceaccount:[^:]+:[^:]+$/.test(sub) ? sub : undefined,
  );
}

function createTokenAuthenticator(
  method: string,
  trust: TokenTrust,
  nameOf: (claims: JWTPayload) => string | undefined,
): Authenticator {
  const verify = createTokenVerifier(trust);
  return {
    name: method,
    isFor: (credentials) => credentials.method === method,
    authenticate: async ({ data }) => {
      if (!data || data.length === 0) return refuse("the Authentication Data is empty");
      const verdict = await verify(data);
      if (verdict.kind === "invalid") return refuse(verdict.why);
      const authenticationName = nameOf(verdict.claims);
      if (authenticationName === undefined) return refuse("the token names no principal");
      return { kind: "accepted", identity: { authenticationName, method }, expiresAtMs: verdict.expiresAtMs };
    },
  };
}

function refuse(why: string): Authentication {
  return { kind: "refused", reasonCode: ReasonCode.notAuthorized, why };
}
