import { decodeJwt } from "jose";

/** A bearer token and what is known of its time. */
export interface Token {
  readonly data: Buffer;
  /** Wall-clock milliseconds; omitted: it does not say. */
  readonly endsAtMs?: number;
  /** Time from its issue to its end in milliseconds. */
  readonly lifetimeMs?: number;
}

/** Reads a token's times from its claims. Checks nothing: the broker does. Never throws. */
export function readToken(data: Buffer): Token {
  try {
    const { exp, iat } = decodeJwt(data.toString("utf8"));
    if (exp === undefined) return { data };
    return { data, endsAtMs: exp * 1000, ...(iat === undefined ? {} : { lifetimeMs: (exp - iat) * 1000 }) };
  } catch {
    return { data }; // a token that only its broker can read
  }
}

/** Longest time before its end that a token is renewed. @see Event Grid, Microsoft Entra JWT authentication */
const maxLeadMs = 5 * 60_000;
/** Share of a short life that is left then. */
const leadShare = 1 / 4;
/** Renewals of many relays are spread over this share of the lead. */
const jitterShare = 1 / 5;

/**
 * When a token is to be renewed: four to five minutes before its end, or in the last quarter of a short life.
 * Not earlier than five minutes, because until then `@azure/identity` hands out the token that it has.
 *
 * @param random uniform in [0, 1)
 * @returns wall-clock milliseconds; `undefined` when the token does not say when it ends
 */
export function renewAtMs({ endsAtMs, lifetimeMs }: Token, nowMs: number, random: () => number): number | undefined {
  if (endsAtMs === undefined) return undefined;
  const leadMs = Math.min(maxLeadMs, (lifetimeMs ?? Math.max(0, endsAtMs - nowMs)) * leadShare);
  return endsAtMs - leadMs * (1 - jitterShare * random());
}
