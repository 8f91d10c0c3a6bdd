import type { Authenticator } from "./authenticator.ts";

/** Accepts whoever offers nothing. Every such client has the same authentication name. */
export function createAnonymousAuthenticator(): Authenticator {
  return {
    name: "anonymous",
    isFor: ({ method, userName, certificate }) =>
      method === undefined && userName === undefined && certificate === undefined,
    authenticate: () =>
      Promise.resolve({ kind: "accepted", identity: { authenticationName: "anonymous", method: "anonymous" } }),
  };
}
