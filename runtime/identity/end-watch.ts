import type { Token } from "./token.ts";

/** Kinds of credential that end. */
export type CredentialKind = "token" | "client_certificate" | "ca_certificate";

/** When a credential that is in use ends. */
export interface CredentialEnd {
  readonly kind: CredentialKind;
  /** Common Name of a certificate; `token`. */
  readonly name: string;
  /** Wall-clock milliseconds. */
  readonly endsAtMs: number;
  /** Wall-clock milliseconds; omitted: unknown. */
  readonly startsAtMs?: number;
  /** Share of the lifetime that is left when a warning is due; 0 for none. @default {@link defaultWarningShare} */
  readonly warningShare?: number;
}

/** A credential that is not renewed as it should be, for the log. */
export interface EndEvent {
  readonly kind: "endsSoon";
  readonly what: string;
  readonly endsAtMs: number;
}

/** Share of the lifetime that is left when a warning is due: a third, less a hair, since cert-manager renews just then. */
export const defaultWarningShare = 0.33;
const maxTimerMs = 2_147_483_647;
const label: Readonly<Record<CredentialKind, string>> = {
  token: "token",
  client_certificate: "client certificate",
  ca_certificate: "CA certificate",
};

/** Remembers when the credentials of an endpoint end, and says once of each that its end is near. */
export class EndWatch {
  readonly #onEvent: (event: EndEvent) => void;
  readonly #now: () => number;
  readonly #ends = new Map<string, CredentialEnd & { timer?: NodeJS.Timeout | undefined }>();

  constructor(onEvent: (event: EndEvent) => void, now: () => number) {
    this.#onEvent = onEvent;
    this.#now = now;
  }

  all(): CredentialEnd[] {
    return [...this.#ends.values()].map(({ kind, name, endsAtMs }) => ({ kind, name, endsAtMs }));
  }

  /** Replaces what is known of the kind of these. */
  set(ends: readonly CredentialEnd[]): void {
    for (const kind of new Set(ends.map((end) => end.kind))) this.#setKind(kind, ends);
  }

  setToken(token: Token | undefined, warningShare: number): void {
    if (token?.endsAtMs === undefined) return;
    const { endsAtMs, lifetimeMs } = token;
    const start = lifetimeMs === undefined ? {} : { startsAtMs: endsAtMs - lifetimeMs };
    this.set([{ kind: "token", name: "token", endsAtMs, warningShare, ...start }]);
  }

  #setKind(kind: CredentialKind, ends: readonly CredentialEnd[]): void {
    const wanted = new Map(ends.filter((end) => end.kind === kind).map((end) => [keyOf(end), end]));
    for (const [key, known] of this.#ends) {
      if (known.kind !== kind || wanted.delete(key)) continue;
      clearTimeout(known.timer);
      this.#ends.delete(key);
    }
    for (const [key, end] of wanted) {
      this.#ends.set(key, { ...end });
      this.#schedule(key);
    }
  }

  #schedule(key: string): void {
    const end = this.#ends.get(key);
    if (end === undefined) return;
    const { endsAtMs, startsAtMs = this.#now(), warningShare = defaultWarningShare } = end;
    if (warningShare === 0) return;
    const leftMs = endsAtMs - (endsAtMs - startsAtMs) * warningShare - this.#now();
    end.timer = setTimeout(
      () => {
        if (leftMs > maxTimerMs) this.#schedule(key);
        else this.#onEvent({ kind: "endsSoon", what: describe(end), endsAtMs });
      },
      Math.min(Math.max(0, leftMs), maxTimerMs),
    ).unref();
  }
}

function keyOf({ kind, name, endsAtMs }: CredentialEnd): string {
  return `${kind} ${name} ${endsAtMs}`;
}

function describe({ kind, name }: CredentialEnd): string {
  return kind === "token" ? label.token : `${label[kind]} "${name}"`;
}
