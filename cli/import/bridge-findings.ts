import { findBridgeOption } from "./bridge-options.ts";
import type { Finding } from "./finding.ts";
import { flagOf, lastOf, usesTls, type Conf, type Connection } from "./read-conf.ts";

const isFalse = (value: string) => value === "false";

/** Values with which an option says what the relay does anyway. */
const sameAs: Readonly<Record<string, (value: string) => boolean>> = {
  start_type: (value) => value === "automatic",
  bridge_protocol_version: (value) => value === "mqttv50",
  bridge_insecure: isFalse,
  notifications: isFalse,
  round_robin: isFalse,
  bridge_attempt_unsubscribe: isFalse,
  bridge_require_ocsp: isFalse,
};

const severalAddresses =
  "only the first address is taken; give a name that leads to all brokers, such as that of a load balancer";
const beside =
  "the relay sends no password beside a client certificate; where the broker asks for a user name, give it to the endpoint as username";

/** One finding for each option that is written but `topic`, the secret ones without their values. */
export function listOptions(connection: Connection): Finding[] {
  const hasCertificate = lastOf(connection, "bridge_certfile") !== undefined && usesTls(connection);
  const findings = connection.options.flatMap(({ name, value, line }): Finding[] => {
    const option = findBridgeOption(name);
    if (option === undefined || name === "topic") return [];
    const what = `${connection.name}: ${name}${option.isSecret === true ? "" : ` ${value}`}`;
    const isBeside = hasCertificate && (name === "remote_username" || name === "remote_password");
    if (isBeside) return [{ kind: "notMapped", what, text: beside, line }];
    if (name === "address" && value.includes(" ")) return [{ kind: "notMapped", what, text: severalAddresses, line }];
    const isSame = sameAs[name]?.(value.toLowerCase()) === true;
    return [{ kind: isSame ? "mapped" : option.kind, what, text: isSame ? "as the relay does it" : option.text, line }];
  });
  if (flagOf(connection, "notifications") === undefined) {
    const { name, line } = connection;
    const text = findBridgeOption("notifications")?.text ?? "";
    findings.push({ kind: "notMapped", what: `${name}: notifications, on by default`, text, line });
  }
  return findings;
}

/** Says that what comes with QoS 0 goes on with the QoS of the endpoint; mosquitto keeps the lower one. */
export function qosFinding({ name, line }: Connection): Finding {
  const text = "go on with QoS 1 under topic lines with QoS 1 or 2: the relay publishes with the QoS of the endpoint";
  return { kind: "changed", what: `${name}: messages with QoS 0`, text, line };
}

/** Says what becomes of messages that come back. */
export function loopFinding({ name, line }: Connection, isHub: boolean): Finding {
  const text =
    'each message would come back: the relay drops what has passed a relay ("maxHops", "Discard"), and counts it as lost. A message that another relay brought is dropped too';
  const hub = "; what another connection brought goes on, and comes once more to the broker that it came from";
  return { kind: "changed", what: `${name}: topics in both directions`, text: isHub ? `${text}${hub}` : text, line };
}

/** What concerns the file as a whole. */
export function generalFindings({ brokerOptions }: Conf, isLocalGiven: boolean): Finding[] {
  const findings: Finding[] = brokerOptions
    .filter(({ name }) => name === "include_dir")
    .map(({ value, line }) => {
      const text = "is not followed; import the files of that folder one by one";
      return { kind: "notMapped", what: `include_dir ${value}`, text, line };
    });
  const others = [...new Set(brokerOptions.map(({ name }) => name))].filter((name) => name !== "include_dir");
  if (others.length > 0) {
    findings.push({ kind: "notMapped", what: others.join(", "), text: "belongs to the broker, which stays as it is" });
  }
  if (!isLocalGiven) {
    const text =
      "is taken from the file; the relay runs in a cluster, where another name may lead to the broker (--local)";
    findings.push({ kind: "changed", what: "address of the local broker", text });
  }
  const text =
    "takes the relay as an ordinary client, so it has to admit it; mosquitto's own bridge needs no user at its own broker";
  return [...findings, { kind: "changed", what: "local broker", text }];
}
