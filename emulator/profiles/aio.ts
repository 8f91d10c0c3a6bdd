import type { JSONWebKeySet } from "jose";

import { createAnonymousAuthenticator } from "../authentication/anonymous.ts";
import type { Authenticator } from "../authentication/authenticator.ts";
import { createCertificateAuthenticator, judgeSigned } from "../authentication/client-certificate.ts";
import { aioAudience, createServiceAccountAuthenticator } from "../authentication/json-web-token.ts";
import { createUserNameAuthenticator } from "../authentication/user-name.ts";
import type { Profile, Rule } from "../rules.ts";

export interface AioProfileOptions {
  /** The cluster issuer's public keys; absent: no `K8S-SAT`. */
  readonly keySet?: JSONWebKeySet;
  /** @default ["aio-internal"] */
  readonly audiences?: readonly string[];
  /** Issuer that tokens have to have; absent: not checked. */
  readonly issuer?: string;
  /** Takes client certificates that the listener's client CA signed; the name is the Common Name. @default false */
  readonly isX509Allowed?: boolean;
  /** Passwords by user name; absent: none. */
  readonly passwords?: Readonly<Record<string, string>>;
  /** @default false */
  readonly isAnonymousAllowed?: boolean;
  /** @default no limit */
  readonly maxSessionExpirySeconds?: number;
  /** @default no limit */
  readonly maxKeepAliveSeconds?: number;
  /** Messages in flight to a client, whatever its Receive Maximum. @default no limit */
  readonly maxReceiveMaximum?: number;
}

/** Pages that the rules come from, with the date of the copy that was read. */
const mqttSupport = "Azure IoT Operations, MQTT support (2023-12-12)";
const clientOptions = "Azure IoT Operations, MQTT client options (2024-11-11)";

/**
 * AIO's MQTT broker. Its queues are unlimited, because its default strategy is `None`.
 * @see Azure IoT Operations, MQTT client options (2024-11-11)
 */
export function createAioProfile(options: AioProfileOptions = {}): Profile {
  return { name: "aio", rules: aioRules(options), authenticators: authenticators(options) };
}

function aioRules(options: AioProfileOptions): Rule[] {
  const { maxSessionExpirySeconds, maxKeepAliveSeconds, maxReceiveMaximum } = options;
  return [
    { about: "limits", name: "QoS 2 is not supported", source: mqttSupport, limits: { maxQos: 1 } },
    {
      about: "limits",
      name: "topic aliases and subscription identifiers are not supported",
      source: `${mqttSupport}, not confirmed since`,
      limits: { topicAliasMaximum: 0, subscriptionIdentifiersAvailable: false },
    },
    {
      about: "limits",
      name: "session expiry, keep alive and Receive Maximum have the limits of the deployment",
      source: clientOptions,
      limits: {
        ...(maxSessionExpirySeconds === undefined ? {} : { maxSessionExpirySeconds }),
        ...(maxKeepAliveSeconds === undefined ? {} : { maxKeepAliveSeconds }),
        ...(maxReceiveMaximum === undefined ? {} : { maxInflightMessages: maxReceiveMaximum }),
      },
    },
  ];
}

function authenticators(options: AioProfileOptions): Authenticator[] {
  const { keySet, issuer, audiences = [aioAudience], passwords } = options;
  const all: Authenticator[] = [];
  if (keySet) all.push(createServiceAccountAuthenticator({ keySet, issuer, audiences }));
  if (options.isX509Allowed)
    all.push(
      createCertificateAuthenticator((certificate) =>
        judgeSigned(certificate, () => ({ name: certificate.commonName })),
      ),
    );
  if (passwords) all.push(createUserNameAuthenticator(passwords));
  if (options.isAnonymousAllowed) all.push(createAnonymousAuthenticator());
  return all;
}
