import { instruct, quoteForShell, type Instructions } from "./instructions.ts";
import type { ClientSettings } from "./clients.ts";
import type { EmulatorSettings } from "./start.ts";

const brokerNames = {
  "event-grid": "Event Grid's MQTT broker",
  aio: "the MQTT broker of Azure IoT Operations",
  plain: "a plain MQTT 5 broker",
} as const;

const proofs = {
  certificate: "a client certificate",
  token: "a token",
  password: "a user name and a password",
  none: "no credentials",
} as const;

/** Clients whose instructions are printed; a file may have a thousand. */
const maxShown = 20;

/** Writes how to connect, for a person. */
export function settingsText(settings: EmulatorSettings): string[] {
  const { profile, host, port, isTls, listensOn, folder, isTemporary, clients } = settings;
  const rest = clients.length - maxShown;
  return [
    `Emulates ${brokerNames[profile]} at ${host}:${port}, ${isTls ? "with TLS" : "without TLS"}, until Ctrl-C.`,
    `It listens on ${listensOn} and speaks MQTT 5 only.`,
    `Certificates, keys and secrets: ${folder}${isTemporary ? " (removed at the end)" : ""}`,
    ...clients.slice(0, maxShown).flatMap((client) => ["", ...clientText(instruct(settings, client), client)]),
    ...(rest > 0 ? ["", `And ${rest} more clients; --json prints them all.`] : []),
    "",
    "What clients do is told on standard error.",
  ];
}

function clientText(instructions: Instructions, client: ClientSettings): string[] {
  const { mosquittoPub, mosquittoSub, mqttxPub, mqttxSub, pahoFile } = instructions;
  return [
    `Client ${client.name}: uses ${proofs[client.authentication]}; ${rightsText(client)}`,
    ...commandLines("mosquitto", [mosquittoSub, mosquittoPub]),
    ...commandLines("MQTTX CLI", [mqttxSub, mqttxPub]),
    ...commandLines("Python, after pip install paho-mqtt", [`python3 ${quoteForShell(pahoFile)}`]),
  ];
}

function rightsText({ mayPublishTo, maySubscribeTo }: ClientSettings): string {
  const parts = [
    ...(mayPublishTo.length === 0 ? [] : [`may publish to ${mayPublishTo.join(", ")}`]),
    ...(maySubscribeTo.length === 0 ? [] : [`may subscribe to ${maySubscribeTo.join(", ")}`]),
  ];
  return parts.length === 0 ? "may connect only, since it has no permission binding" : parts.join("; ");
}

function commandLines(title: string, commands: readonly (string | undefined)[]): string[] {
  const given = commands.filter((command) => command !== undefined);
  return given.length === 0 ? [] : [`  ${title}:`, ...given.map((command) => `    ${command}`)];
}
