import type { Token } from "../../runtime/identity/token.ts";

/** How far this machine's clock is from another one. */
export interface ClockSign {
  /** Milliseconds that this machine's clock is ahead; negative where it is behind. */
  readonly aheadMs: number;
  /** Whether it may be more: a token tells only that it was issued before now. */
  readonly isLeast: boolean;
  /** Whose clock it was compared with. */
  readonly than: string;
}

/** Both in milliseconds. Entra and most brokers take tokens and certificates that are off by five minutes at most. */
const noticed = { warningMs: 30_000, problemMs: 300_000 } as const;

/** Says how bad a difference is. */
export function judgeClock({ aheadMs }: ClockSign): "good" | "warning" | "problem" {
  const offMs = Math.abs(aheadMs);
  if (offMs >= noticed.problemMs) return "problem";
  return offMs >= noticed.warningMs ? "warning" : "good";
}

/** Writes a difference for people: `10 min 2 s ahead of Microsoft Entra's`. */
export function describeClock({ aheadMs, isLeast, than }: ClockSign): string {
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  const minutes = Math.floor(seconds / 60);
  const amount = minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
  return `${amount} ${aheadMs < 0 ? "behind" : "ahead of"} ${than}${isLeast ? ", or more" : ""}`;
}

/**
 * Compares this machine's clock with that of who issued a token; `undefined` when the token does not tell.
 *
 * @param isFresh whether the relay has asked Entra for it. Entra says how long a token lasts, and the relay counts that from now: by a right clock that is the token's own end
 */
export function readTokenClock(
  { endsAtMs }: Token,
  claims: Readonly<Record<string, unknown>>,
  isFresh: boolean,
): ClockSign | undefined {
  const seconds = (name: string) => (typeof claims[name] === "number" ? claims[name] : undefined);
  const behindMs = Math.max(seconds("iat") ?? 0, seconds("nbf") ?? 0) * 1000 - Date.now();
  if (behindMs > 0) return { aheadMs: -behindMs, isLeast: true, than: "that of the token's issuer" };
  const end = seconds("exp");
  if (!isFresh || end === undefined || endsAtMs === undefined) return undefined;
  return { aheadMs: endsAtMs - end * 1000, isLeast: false, than: "Microsoft Entra's" };
}
