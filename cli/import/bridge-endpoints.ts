import { eventGridLimits } from "../../runtime/contract/config/endpoint-rules.ts";
import { HostType, inferHostType, parseHost, type EndpointInput } from "../../runtime/contract/config/endpoint.ts";
import { maxPublishPacketId } from "../../runtime/contract/packet-ids.ts";
import type { ImportedSecret, ImportedSecrets } from "./finding.ts";
import { flagOf, lastOf, trustedFile, usesTls, type Connection } from "./read-conf.ts";

type Settings = EndpointInput["mqttSettings"];

/** An endpoint of a connection, and what its Secrets ask for. */
export interface ImportedEndpoint extends ImportedSecrets {
  readonly endpoint: EndpointInput;
  /** What could not be carried over, so that the endpoint can't connect as it is. */
  readonly remarks: readonly string[];
}

/** mosquitto keeps a session that is not clean for ever. @see MQTT 5.0 §3.1.2.11.2 */
const forever = 4_294_967_295;
/** Where systems keep the certificates that programs trust by default. */
const systemBundles =
  /^(?:\/etc\/ssl\/(?:certs?|cert\.pem|certs\/ca-(?:certificates|bundle)\.crt)|\/etc\/pki\/\S*)\/?$/;

/** The host of an address: `broker` → `broker:1883`, `::1:8883` → `[::1]:8883`. */
export function hostOf(address: string): string {
  const [, host = "", port = "1883"] = /^(.*?)(?::(\d+))?$/.exec(address) ?? [];
  return `${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${port}`;
}

/** The endpoint of the remote broker. */
export function remoteEndpoint(name: string, connection: Connection, site: string): ImportedEndpoint {
  const host = hostOf((lastOf(connection, "address")?.value ?? "").split(/ +/)[0] ?? "");
  const has = (option: string) => lastOf(connection, option) !== undefined;
  const trust = trustOf(name, connection);
  const hasPsk = has("bridge_psk");
  const tls = trust !== undefined || hasPsk ? (trust?.tls ?? {}) : { mode: "Disabled" as const };
  const login = loginOf(name, connection, has("bridge_certfile") && trust !== undefined);
  const isClean = flagOf(connection, "cleansession") === true;
  const expiry = numberOf(connection, "bridge_session_expiry_interval") ?? (isClean ? 0 : forever);
  const isEventGrid = inferHostType(host) === HostType.EventGrid;
  return {
    endpoint: {
      endpointType: "Mqtt",
      mqttSettings: {
        host,
        tls,
        authentication: login.authentication,
        clientIdPrefix: `${site}-`,
        sessionExpirySeconds: isEventGrid ? Math.min(expiry, eventGridLimits.maxSessionExpirySeconds) : expiry,
        retain: flagOf(connection, "bridge_outgoing_retain") === false ? "Never" : "Keep",
        ...keepAliveOf(connection),
        ...inflightOf(connection),
      },
    },
    secrets: login.secrets,
    trustBundles: trust?.bundles ?? {},
    remarks: [...loginRemarks(connection), ...login.remarks],
  };
}

/** What of a connection's way to authenticate the relay can't do. */
function loginRemarks(connection: Connection): string[] {
  const has = (option: string) => lastOf(connection, option) !== undefined;
  const remarks: string[] = [];
  if (has("bridge_psk")) {
    remarks.push("authenticates with a pre-shared key, which the relay can't; choose another authenticationMethod");
  }
  if (has("bridge_certfile") && !usesTls(connection)) {
    remarks.push("has a client certificate and no bridge_cafile: mosquitto uses neither TLS nor the certificate then");
  }
  if (has("remote_username") && !has("remote_password")) {
    remarks.push(
      "has a user name without a password; the relay sends both, so set the password to what the broker takes",
    );
  }
  return remarks;
}

/** The endpoint of the broker that had the bridge. */
export function localEndpoint(
  name: string,
  connection: Connection,
  { host, site, isTls }: { readonly host: string; readonly site: string; readonly isTls: boolean },
): ImportedEndpoint {
  const isClean = flagOf(connection, "local_cleansession") ?? flagOf(connection, "cleansession") ?? false;
  const hasLogin = lastOf(connection, "local_username") !== undefined;
  const isAio = inferHostType(host) === HostType.LocalBroker;
  const login = hasLogin && !isAio ? passwordLogin(name, name) : undefined;
  const remarks =
    isAio && hasLogin ? ["has a local user; AIO's broker gets the relay's service account token in its place"] : [];
  const own = isAio
    ? { authentication: { method: "ServiceAccountToken" as const } }
    : {
        authentication: login?.authentication ?? { method: "Anonymous" as const },
        tls: { mode: isTls ? ("Enabled" as const) : ("Disabled" as const) },
      };
  return {
    endpoint: {
      endpointType: "Mqtt",
      mqttSettings: { host, ...own, clientIdPrefix: `${site}-`, sessionExpirySeconds: isClean ? 0 : forever },
    },
    secrets: login?.secrets ?? [],
    trustBundles: {},
    remarks,
  };
}

interface Login {
  readonly authentication: Settings["authentication"];
  readonly secrets: readonly ImportedSecret[];
  readonly remarks: readonly string[];
}

function loginOf(name: string, connection: Connection, hasCertificate: boolean): Login {
  const user = lastOf(connection, "remote_username");
  if (hasCertificate) {
    const ref = `${name}-client`;
    const settings = { clientCertificate: settingOf(name, "certificate"), clientKey: settingOf(name, "key") };
    const authentication = { method: "X509Certificate" as const, x509CertificateSettings: { secretRef: ref } };
    return { authentication, secrets: [{ ref, settings }], remarks: [] };
  }
  if (user === undefined) return { authentication: { method: "Anonymous" }, secrets: [], remarks: [] };
  return passwordLogin(name, name);
}

function passwordLogin(ref: string, name: string): Login {
  const secretRef = `${ref}-login`;
  const settings = { username: settingOf(name, "username"), password: settingOf(name, "password") };
  return {
    authentication: { method: "UsernamePassword", usernamePasswordSettings: { secretRef } },
    secrets: [{ ref: secretRef, settings }],
    remarks: [],
  };
}

/** Name of a setting of the stack: `plant-a`, `key` → `plantAKey`. */
function settingOf(name: string, what: string): string {
  const camel = `${name}-${what}`.replace(/-+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  // A setting may begin with a digit, and reads badly.
  return /^[0-9]/.test(camel) ? `c${camel}` : camel;
}

/** mosquitto has TLS only where it has certificates to trust. */
function trustOf(name: string, connection: Connection) {
  const file = trustedFile(connection);
  const isSystem = flagOf(connection, "bridge_tls_use_os_certs") === true;
  if (file === undefined) return isSystem ? { tls: {}, bundles: {} } : undefined;
  if (systemBundles.test(file.value)) return { tls: {}, bundles: {} };
  const ref = `${name}-ca`;
  return { tls: { trustedCaCertificateConfigMapRef: ref }, bundles: { [ref]: settingOf(name, "ca") } };
}

function keepAliveOf(connection: Connection): Pick<Settings, "keepAliveSeconds"> {
  const seconds = numberOf(connection, "keepalive_interval");
  return seconds === undefined ? {} : { keepAliveSeconds: seconds };
}

function inflightOf(connection: Connection): Pick<Settings, "maxInflightMessages"> {
  const most = numberOf(connection, "bridge_receive_maximum");
  return most === undefined || most === 0 ? {} : { maxInflightMessages: Math.min(most, maxPublishPacketId) };
}

function numberOf(connection: Connection, name: string): number | undefined {
  const value = lastOf(connection, name)?.value ?? "";
  return /^[0-9]{1,10}$/.test(value) ? Number(value) : undefined;
}

/** Tells whether an address can be a host at all. */
export function isHost(host: string): boolean {
  return parseHost(host) !== undefined;
}
