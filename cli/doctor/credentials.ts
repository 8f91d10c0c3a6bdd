import { decodeJwt } from "jose";

import { HostType, type Endpoint } from "../../runtime/contract/config/endpoint.ts";
import type { Side } from "../../runtime/connection/side.ts";
import { withinTime } from "../../runtime/connection/attempt.ts";
import type { Credentials, CredentialSource } from "../../runtime/identity/credentials.ts";
import type { Token } from "../../runtime/identity/token.ts";
import { readTokenClock, type ClockSign } from "./clock.ts";
import type { Cause } from "./causes.ts";
import { textOf, type Reporter } from "./finding.ts";

/** What credentials came to. */
export interface ReadCredentials {
  /** Omitted: there are none, which was reported. */
  readonly credentials?: Credentials;
  /** What a token tells of this machine's clock. */
  readonly clock?: ClockSign;
  /** Whether a token is for another audience than the broker's. */
  readonly isForeignAudience: boolean;
}

/** Reads the credentials of an endpoint as the relay does, and says what they are; never what they hold. */
export async function checkCredentials(
  { endpoint, peer }: Side,
  source: CredentialSource,
  timeoutMs: number,
  reporter: Reporter,
): Promise<ReadCredentials> {
  const { method } = endpoint.mqttSettings.authentication;
  try {
    const credentials = await withinTime(timeoutMs, new AbortController().signal, (signal) => source.read(signal));
    const { certificate, token } = credentials;
    if (certificate !== undefined) {
      const ends = new Date(certificate.endsAtMs).toISOString();
      reporter.good("credentials", `client certificate "${certificate.subject}", ends at ${ends}`, {
        method,
        subject: certificate.subject,
        endsAt: ends,
      });
    }
    if (token !== undefined) return { credentials, ...checkToken(endpoint, token, reporter) };
    if (certificate === undefined) reporter.good("credentials", method, { method });
    return { credentials, isForeignAudience: false };
  } catch (cause) {
    const text = textOf(cause, peer);
    reporter.problem("credentials", causeOf(text), text);
    return { isForeignAudience: false };
  }
}

function causeOf(text: string): Cause {
  if (/^client certificate .* (expired at|is not valid before)/.test(text)) return "certificate-expired";
  if (/ expired at .* and is not shown again/.test(text)) return "token-expired";
  if (/not the key of the certificate|can't be read|is encrypted|has no private key|has no certificate/.test(text))
    return "certificate-unusable";
  return "credentials-missing";
}

/** Claims that say whom a token is for and by whom it is; the others are nobody's business. */
const shownClaims = ["aud", "iss", "sub", "oid", "appid", "azp", "tid", "iat", "nbf", "exp"] as const;

/** A token with less time left is warned of, in milliseconds. The relay renews Entra's five minutes before their end. */
const shortMs = 60_000;

function checkToken(endpoint: Endpoint, token: Token, reporter: Reporter): Omit<ReadCredentials, "credentials"> {
  const { method } = endpoint.mqttSettings.authentication;
  const claims = claimsOf(token);
  if (claims === undefined) {
    reporter.unknown("credentials", "the token is one that only its broker can read");
    return { isForeignAudience: false };
  }
  const clock = readTokenClock(token, claims, method.endsWith("ManagedIdentity"));
  const audiences = [claims["aud"]].flat().map(String);
  const details = { method, claims };
  const expected = expectedAudience(endpoint);
  const isForeignAudience = expected !== undefined && !audiences.some((audience) => isSame(audience, expected));
  const leftMs = (token.endsAtMs ?? Infinity) - Date.now();
  const until = token.endsAtMs === undefined ? "" : `, until ${new Date(token.endsAtMs).toISOString()}`;
  const text = `token for ${audiences.join(", ")}${until}`;
  if (isForeignAudience) {
    const remedy = `ask for the audience "${expected}", which this broker takes`;
    reporter.problem("credentials", "wrong-audience", text, { remedy, details });
  } else if (leftMs < 0) {
    const remedy = "see why it is not renewed, and check this machine's clock";
    reporter.problem("credentials", "token-expired", text, { remedy, details });
  } else if (leftMs < shortMs) {
    reporter.warning("credentials", "token-expired", text, { remedy: "see whether it is renewed in time", details });
  } else reporter.good("credentials", text, details);
  return { isForeignAudience, ...(clock === undefined ? {} : { clock }) };
}

/** Never the signature: without it a token opens nothing. */
function claimsOf({ data }: Token): Readonly<Record<string, unknown>> | undefined {
  try {
    const claims: Readonly<Record<string, unknown>> = decodeJwt(data.toString("utf8"));
    return Object.fromEntries(
      shownClaims.flatMap((name) => (claims[name] === undefined ? [] : [[name, claims[name]]])),
    );
  } catch {
    return undefined;
  }
}

/** @see Event Grid, Microsoft Entra JWT authentication: with or without the slash at its end, both are in use */
const eventGridAudience = "https://eventgrid.azure.net";

/** The audience that a broker expects, as far as it is known; else what the configuration asks for. */
function expectedAudience({ hostType, mqttSettings: { authentication } }: Endpoint): string | undefined {
  switch (authentication.method) {
    case "SystemAssignedManagedIdentity":
    case "UserAssignedManagedIdentity":
      return hostType === HostType.EventGrid ? eventGridAudience : undefined;
    case "ServiceAccountToken":
      return authentication.serviceAccountTokenSettings.audience;
    default:
      return undefined;
  }
}

function isSame(audience: string, expected: string): boolean {
  return audience.replace(/\/$/, "") === expected.replace(/\/$/, "");
}
