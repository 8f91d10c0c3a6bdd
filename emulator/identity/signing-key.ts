import { randomUUID } from "node:crypto";

import { exportJWK, generateKeyPair, SignJWT } from "jose";
import type { JSONWebKeySet, JWTPayload } from "jose";

/** A key that signs tokens, and the key set that verifies them. */
export interface SigningKey {
  readonly keySet: JSONWebKeySet;
  /** Signs claims as they are. */
  sign(claims: JWTPayload): Promise<string>;
}

const algorithm = "RS256";

/** Creates an RSA key that lives as long as the process. */
export async function createSigningKey(): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const kid = randomUUID();
  const publicJwk = await exportJWK(publicKey);
  return {
    keySet: { keys: [{ ...publicJwk, kid, alg: algorithm, use: "sig" }] },
    sign: (claims) => new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid, typ: "JWT" }).sign(privateKey),
  };
}

/** The time so many seconds from now, as `exp` has it: whole, unless the seconds are a fraction. */
export function expiryAfter(seconds: number): number {
  return Number.isInteger(seconds) ? nowSeconds() + seconds : Date.now() / 1000 + seconds;
}

/** The current time as tokens have it: seconds since 1970. */
export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
