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

export interface ClientCertificate {
  /** Common Name of the subject. */
  readonly commonName: string;
  /** Whether the listener's client CA vouches for it, now. */
  readonly isTrusted: boolean;
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
