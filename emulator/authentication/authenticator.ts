/** Who a client turned out to be. */
export interface Identity {
  /** What sessions are counted by, and `${client.authenticationName}` in a topic template stands for. */
  readonly authenticationName: string;
  /** How it was proved, such as "OAUTH2-JWT". */
  readonly method: string;
}

/** What a client offers to prove who it is. */
export interface Credentials {
  readonly clientId: string;
  /** Authentication Method of CONNECT or AUTH; absent without enhanced authentication. */
  readonly method?: string | undefined;
  /** Authentication Data of CONNECT or AUTH. */
  readonly data?: Buffer | undefined;
  readonly userName?: string | undefined;
  readonly password?: Buffer | undefined;
  /** The client certificate of the TLS handshake. */
  readonly certificate?: ClientCertificate | undefined;
}

/** Subject alternative names. @see RFC 5280 §4.2.1.6 */
export interface AlternativeNames {
  readonly dns: readonly string[];
  readonly uri: readonly string[];
  /** IPv4 `192.0.2.1`, IPv6 in its short form `2001:db8::1`. */
  readonly ip: readonly string[];
  readonly email: readonly string[];
}

export interface ClientCertificate {
  /** Common Name of the subject; empty when it has none. */
  readonly commonName: string;
  /** Names beside it (subject alternative names), each kind in the order of the certificate. */
  readonly alternativeNames: AlternativeNames;
  /** SHA-1 and SHA-256 of the certificate, in upper-case hexadecimal digits. */
  readonly thumbprints: readonly string[];
  /** Whether the listener's client CA vouches for it, now. */
  readonly isTrusted: boolean;
  /** Whether it holds now, whoever signed it. */
  readonly isCurrent: boolean;
}

export type Authentication =
  | {
      readonly kind: "accepted";
      readonly identity: Identity;
      /** Wall-clock milliseconds at which the proof ends; absent when it does not. */
      readonly expiresAtMs?: number;
    }
  | { readonly kind: "refused"; readonly reasonCode: number; readonly why: string };

/** One authentication method of a broker. */
export interface Authenticator {
  readonly name: string;
  /** Whether these credentials are of this method, right or wrong. */
  isFor(credentials: Credentials): boolean;
  /** Never rejects: what is wrong with credentials is a "refused". */
  authenticate(credentials: Credentials): Promise<Authentication>;
}
