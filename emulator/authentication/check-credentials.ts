import { ReasonCode } from "../packet/reason-code.ts";
import type { Authentication, Authenticator, Credentials } from "./authenticator.ts";

/** Gives credentials to the first authenticator that is for them. Never rejects. */
export async function checkCredentials(
  authenticators: readonly Authenticator[],
  credentials: Credentials,
): Promise<Authentication> {
  const authenticator = authenticators.find((candidate) => candidate.isFor(credentials));
  return authenticator ? authenticator.authenticate(credentials) : refuseUnknown(authenticators, credentials);
}

function refuseUnknown(authenticators: readonly Authenticator[], { method, userName }: Credentials): Authentication {
  const offered = authenticators.map(({ name }) => name).join(", ");
  if (method !== undefined) {
    const why = `authentication method "${method}" is not one of: ${offered}`;
    return { kind: "refused", reasonCode: ReasonCode.badAuthenticationMethod, why };
  }
  const reasonCode = userName === undefined ? ReasonCode.notAuthorized : ReasonCode.badUserNameOrPassword;
  return { kind: "refused", reasonCode, why: `the client offers none of: ${offered}` };
}
