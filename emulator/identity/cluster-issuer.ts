import { randomUUID } from "node:crypto";

import type { JSONWebKeySet } from "jose";

import { createSigningKey, expiryAfter, nowSeconds } from "./signing-key.ts";

/** What to write into a service account token. */
export interface ServiceAccountTokenRequest {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** `["aio-internal"]` for AIO's broker, `["api://AzureADTokenExchange"]` for workload identity. */
  readonly audiences: readonly string[];
  /**
   * May be a fraction, and negative for a token that has expired.
   * @default 3600
   */
  readonly expirySeconds?: number;
}

/** What issues the tokens of a cluster's service accounts. */
export interface ClusterIssuer {
  /** `iss` of its tokens. */
  readonly issuer: string;
  /** Its public keys, for whoever trusts it. */
  readonly keySet: JSONWebKeySet;
  createToken(request: ServiceAccountTokenRequest): Promise<string>;
}

const defaultIssuer = "https://kubernetes.default.svc.cluster.local";
const defaultExpirySeconds = 3600;

/** Creates an issuer with a key of its own, whose tokens have the claims of a projected service account token. */
export async function createClusterIssuer(issuer = defaultIssuer): Promise<ClusterIssuer> {
  const key = await createSigningKey();
  return {
    issuer,
    keySet: key.keySet,
    createToken: ({ namespace, serviceAccount, audiences, expirySeconds = defaultExpirySeconds }) => {
      const issuedAt = nowSeconds();
      return key.sign({
        iss: issuer,
        aud: [...audiences],
        sub: serviceAccountSubject(namespace, serviceAccount),
        iat: issuedAt,
        nbf: issuedAt,
        exp: expiryAfter(expirySeconds),
        jti: randomUUID(),
        "kubernetes.io": { namespace, serviceaccount: { name: serviceAccount, uid: randomUUID() } },
      });
    },
  };
}

/** Names a service account as tokens do: `system:serviceaccount:factory:relay`. */
export function serviceAccountSubject(namespace: string, serviceAccount: string): string {
  return `system:serviceaccount:${namespace}:${serviceAccount}`;
}
