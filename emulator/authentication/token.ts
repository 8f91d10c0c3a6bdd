import { createLocalJWKSet, jwtVerify } from "jose";
import type { JSONWebKeySet, JWTPayload } from "jose";

/** Which tokens are believed. */
export interface TokenTrust {
  /** Public keys of the issuer. */
  readonly keySet: JSONWebKeySet;
  /** Values of `aud`; one of them has to be in the token. */
  readonly audiences: readonly string[];
  /** Value of `iss`; absent: not checked. */
  readonly issuer?: string | undefined;
}

export type TokenVerdict =
  | { readonly kind: "valid"; readonly claims: JWTPayload; readonly expiresAtMs: number }
  | { readonly kind: "invalid"; readonly why: string };

/** Creates what checks a token's signature, audience, issuer and times. The check never rejects. */
export function createTokenVerifier(trust: TokenTrust): (token: Buffer | string) => Promise<TokenVerdict> {
  const keys = createLocalJWKSet(trust.keySet);
  const expected = {
    audience: [...trust.audiences],
    requiredClaims: ["exp"],
    ...(trust.issuer === undefined ? {} : { issuer: trust.issuer }),
  };
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token.toString(), keys, expected);
      return { kind: "valid", claims: payload, expiresAtMs: (payload.exp ?? 0) * 1000 };
    } catch (error) {
      return { kind: "invalid", why: `the token is not valid: ${describe(error)}` };
    }
  };
}

/** jose's messages name the claim that failed, and never the token. */
function describe(error: unknown): string {
  return typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error);
}
