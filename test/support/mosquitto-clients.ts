import type { Mosquitto } from "./mosquitto.ts";
import { findExecutable } from "./real-parts.ts";
import { startProcess } from "./started-process.ts";

/** How mosquitto's clients reach a broker on loopback. */
export interface ClientTarget {
  readonly broker: Pick<Mosquitto<string>, "untilLog">;
  readonly port: number;
  /** Paths of PEM files. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
}

/** What `mosquitto_pub` publishes. */
export interface PublishRequest {
  readonly topic: string;
  readonly payload?: string | Buffer;
  readonly qos?: 0 | 1 | 2;
  readonly retain?: boolean;
  /** Properties by mosquitto's names, in their order: `["user-property", "unit", "°C"]`. */
  readonly properties?: readonly (readonly string[])[];
}

/** A message as `mosquitto_sub` prints it. */
export interface PrintedMessage {
  readonly topic: string;
  readonly qos: number;
  readonly retain: number;
  readonly payload: Buffer;
  readonly properties: Readonly<Record<string, unknown>>;
  /** The user properties as they stand in the printed JSON, repeated names included. */
  readonly userPropertiesText: string;
}

/** A running `mosquitto_sub`. */
export interface MosquittoSubscriber {
  readonly messages: readonly PrintedMessage[];
  /** Waits for the first message on a topic. */
  untilMessage(topic: string): Promise<PrintedMessage>;
  stop(): Promise<void>;
}

const messageMark = "message ";
let subscribers = 0;

/** Publishes with `mosquitto_pub` and MQTT 5; rejects when the broker refuses. */
export async function publishWithMosquitto(target: ClientTarget, request: PublishRequest): Promise<void> {
  const { topic, payload = "", qos = 1, retain = false, properties = [] } = request;
  const args = [
    ...connectionArguments(target),
    ...["-t", topic, "-q", String(qos)],
    ...(retain ? ["-r"] : []),
    ...properties.flatMap((property) => ["-D", "publish", ...property]),
    payload.length === 0 ? "-n" : "-s",
  ];
  const started = startProcess(executable("mosquitto_pub"), args, { input: Buffer.from(payload) });
  const { code } = await started.ended;
  if (code !== 0) throw new Error(`mosquitto_pub ended with ${String(code)}: ${started.lines.join(" ")}`);
}

/** Starts `mosquitto_sub` with MQTT 5 and waits until the broker has granted the subscription. */
export async function subscribeWithMosquitto(target: ClientTarget, filter: string): Promise<MosquittoSubscriber> {
  const format = `${messageMark}%x %j`;
  const clientId = `mosquitto-sub-${++subscribers}`;
  const args = [...connectionArguments(target), "-i", clientId, "-t", filter, "-q", "2", "-F", format];
  const started = startProcess(executable("mosquitto_sub"), args);
  // It writes at once only what it receives, so the broker has to say that the subscription is there.
  await target.broker.untilLog((line) => line.endsWith(`: ${clientId} 2 ${filter}`));
  const readMessages = () => started.lines.filter((line) => line.startsWith(messageMark)).map(parsePrinted);
  return {
    get messages() {
      return readMessages();
    },
    untilMessage: (topic) =>
      started.until(`a message on ${topic}`, () => readMessages().find((message) => message.topic === topic)),
    stop: async () => {
      await started.stop();
    },
  };
}

function executable(name: "mosquitto_pub" | "mosquitto_sub"): string {
  const found = findExecutable(name);
  if (found === undefined) throw new Error(`${name} is not installed`);
  return found;
}

function connectionArguments({ port, tls }: ClientTarget): string[] {
  const files = tls === undefined ? [] : ["--cafile", tls.ca, "--cert", tls.cert, "--key", tls.key];
  return ["-V", "5", "-h", "127.0.0.1", "-p", String(port), ...files];
}

type Printed = Pick<PrintedMessage, "topic" | "qos" | "retain"> & Partial<Pick<PrintedMessage, "properties">>;

/** Takes `message <payload in hexadecimal> <JSON>` apart. */
function parsePrinted(line: string): PrintedMessage {
  const [hexadecimal = "", ...rest] = line.slice(messageMark.length).split(" ");
  const text = rest.join(" ");
  const { topic, qos, retain, properties } = JSON.parse(text) as Printed;
  return {
    topic,
    qos,
    retain,
    payload: Buffer.from(hexadecimal, "hex"),
    properties: properties ?? {},
    userPropertiesText: /"user-properties":(\{[^}]*\})/.exec(text)?.[1] ?? "",
  };
}
