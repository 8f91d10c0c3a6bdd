import { ReasonCode } from "../packet/reason-code.ts";
import type { Authenticator } from "./authenticator.ts";

/** User name and password from a table: `{ "line-1": "secret" }`. */
export function createUserNameAuthenticator(passwords: Readonly<Record<string, string>>): Authenticator {
  const known = new Map(Object.entries(passwords));
  return {
    name: "user name and password",
    isFor: ({ method, userName }) => method === undefined && userName !== undefined,
    authenticate: ({ userName = "", password }) => {
      const expected = known.get(userName);
      if (expected === undefined || password?.toString() !== expected) {
        const why = "the user name or the password is wrong";
        return Promise.resolve({ kind: "refused", reasonCode: ReasonCode.badUserNameOrPassword, why });
      }
      return Promise.resolve({ kind: "accepted", identity: { authenticationName: userName, method: "userName" } });
    },
  };
}
