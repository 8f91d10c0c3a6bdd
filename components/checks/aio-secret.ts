import type { Problem } from "../../runtime/contract/errors.ts";
import { SecretType } from "../enumerations.ts";
import { isKnown } from "../known.ts";
import type { SecretContentArgs } from "../relay/settings.ts";
import type { CheckedEndpoint } from "./aio-endpoints.ts";
import { byRule } from "./rules.ts";

/**
 * Refuses a Secret for AIO's engine under keys that only the relay reads. The engine asks for `client_cert.pem` and
 * `client_key.pem`; `tls.crt` and `tls.key` were those of a preview.
 * @see Azure IoT Operations, Configure MQTT data flow endpoints, X.509 certificate (2025-06)
 */
export function checkAioSecret(
  { path, existing, fields: { secretRef } }: CheckedEndpoint,
  secrets: { readonly [secretRef: string]: Pick<SecretContentArgs, "type"> },
): Problem[] {
  if (existing || secretRef === undefined || !isKnown(secretRef) || !Object.hasOwn(secrets, secretRef)) return [];
  if (secrets[secretRef]?.type !== SecretType.Tls) return [];
  const problem = `is "${SecretType.Tls}", with the keys tls.crt and tls.key, and AIO's engine, which uses ${path}, reads client_cert.pem and client_key.pem`;
  const remedy = "remove it: the keys are then AIO's, and the relay reads them too";
  return byRule("aio-secret-keys", [{ path: `relay.secrets.${secretRef}.type`, problem, remedy }]);
}
