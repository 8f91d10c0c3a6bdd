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
  /** @default {@link inLastThird} */
  readonly warnAt?: WarningRule;
}

/** Says when a warning is due of a credential that is still in use, in wall-clock milliseconds; `Infinity` for never. */
export type WarningRule = (startsAtMs: number, endsAtMs: number) => number;

/** A credential that is not renewed as it should be, for the log. */
export interface EndEvent {
  readonly kind: "endsSoon";
  readonly what: string;
  readonly endsAtMs: number;
}

/** For what is renewed by others: a third of its lifetime is left, less a hair, since cert-manager renews just then. */
export const inLastThird: WarningRule = (startsAtMs, endsAtMs) => endsAtMs - (endsAtMs - startsAtMs) * 0.33;

/** For what the relay renews itself: it says so each time that this fails. */
export const never: WarningRule = () => Infinity;

/** Share of a service account token's lifetime after which the kubelet renews it. @see Kubernetes, token_manager.go */
const kubeletRenewalShare = 0.8;
/** The kubelet looks at a pod's volumes every 60 to 90 s; then the new file has to be seen. @see Kubernetes, pod_workers.go */
const kubeletDelayMs = 100_000;

/** For service account tokens: the kubelet should have renewed it by then. Not before, however short its life is. */
export const onceKubeletIsLate: WarningRule = (startsAtMs, endsAtMs) => {
  const dueMs = startsAtMs + (endsAtMs - startsAtMs) * kubeletRenewalShare;
  return Math.min(dueMs + kubeletDelayMs, endsAtMs);
};

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

  setToken(token: Token | undefined, warnAt: WarningRule): void {
    if (token?.endsAtMs === undefined) return;
    const { endsAtMs, lifetimeMs } = token;
    const start = lifetimeMs === undefined ? {} : { startsAtMs: endsAtMs - lifetimeMs };
    this.set([{ kind: "token", name: "token", endsAtMs, warnAt, ...start }]);
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
    const { endsAtMs, startsAtMs = this.#now(), warnAt = inLastThird } = end;
    const leftMs = warnAt(startsAtMs, endsAtMs) - this.#now();
    if (leftMs === Infinity) return;
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
