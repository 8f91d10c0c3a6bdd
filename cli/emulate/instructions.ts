import path from "node:path";

import type { ClientSettings } from "./clients.ts";
import type { EmulatorSettings } from "./start.ts";

/** Commands and programs that connect as one client, ready to paste. */
export interface Instructions {
  readonly client: string;
  /** Topic of the commands that publish; absent: it may not. */
  readonly publishTopic?: string;
  /** Topic filter of the commands that subscribe; absent: it may not. */
  readonly subscribeFilter?: string;
  /** Absent where it may not publish. */
  readonly mosquittoPub?: string;
  readonly mosquittoSub?: string;
  /** Commands of MQTTX CLI; absent for tokens too: it has no option for an Authentication Method. */
  readonly mqttxPub?: string;
  readonly mqttxSub?: string;
  /** A program in Python for paho-mqtt 2. */
  readonly paho: string;
  /** Absolute path of a file with that program. */
  readonly pahoFile: string;
}

/** Writes how a client connects. Each command has a client identifier of its own, so that none takes over from another. */
export function instruct(settings: EmulatorSettings, client: ClientSettings): Instructions {
  const [publishFilter, subscribeFilter] = [client.mayPublishTo[0], client.maySubscribeTo[0]];
  const publishTopic = publishFilter === undefined ? undefined : topicIn(publishFilter);
  const hasToken = client.tokenFile !== undefined;
  const publish = publishTopic === undefined ? [] : ["-t", quoteForShell(publishTopic), "-q", "1", "-m", "hello"];
  const subscribe = subscribeFilter === undefined ? [] : ["-t", quoteForShell(subscribeFilter), "-q", "1"];
  const mosquitto = (name: "pub" | "sub", args: readonly string[]) =>
    [`mosquitto_${name}`, ...mosquittoOptions(settings, client, name), ...args].join(" ");
  const mqttx = (name: "pub" | "sub", args: readonly string[]) =>
    ["mqttx", name, ...mqttxOptions(settings, client, name), ...args].join(" ");
  return {
    client: client.name,
    ...(publishTopic === undefined ? {} : { publishTopic, mosquittoPub: mosquitto("pub", publish) }),
    ...(subscribeFilter === undefined ? {} : { subscribeFilter, mosquittoSub: mosquitto("sub", [...subscribe, "-v"]) }),
    ...(publishTopic === undefined || hasToken ? {} : { mqttxPub: mqttx("pub", publish) }),
    ...(subscribeFilter === undefined || hasToken ? {} : { mqttxSub: mqttx("sub", subscribe) }),
    paho: pahoProgram(settings, client, publishTopic, subscribeFilter).join("\n"),
    pahoFile: path.join(settings.folder, pahoName(client)),
  };
}

/** Name of the file with the program of a client, within the folder. */
export function pahoName({ name }: Pick<ClientSettings, "name">): string {
  return `clients/${name}.py`;
}

/** A topic that a filter takes in: `factory/+/#` has `factory/1/test`. */
function topicIn(filter: string): string {
  if (filter === "#") return "test";
  return filter.replace(/(^|\/)#$/, "$1test").replaceAll(/(?<=^|\/)\+(?=\/|$)/g, "1");
}

function mosquittoOptions(settings: EmulatorSettings, client: ClientSettings, name: string): string[] {
  const { host, port, isTls, caFile } = settings;
  const { certificateFile, keyFile, authenticationMethod, tokenFile } = client;
  const shown = quoteForShell;
  return [
    ...["-V", "5", "-h", shown(host), "-p", String(port), "-i", `${client.name}-mosquitto-${name}`],
    ...(isTls ? ["--cafile", shown(caFile)] : []),
    ...(certificateFile === undefined ? [] : ["--cert", shown(certificateFile)]),
    ...(keyFile === undefined ? [] : ["--key", shown(keyFile)]),
    ...userOptions(client),
    ...(authenticationMethod === undefined || tokenFile === undefined
      ? []
      : [
          ...["-D", "connect", "authentication-method", authenticationMethod],
          ...["-D", "connect", "authentication-data", contentOf(tokenFile)],
        ]),
  ];
}

function mqttxOptions(settings: EmulatorSettings, client: ClientSettings, name: string): string[] {
  const { host, port, isTls, caFile } = settings;
  const { certificateFile, keyFile } = client;
  const shown = quoteForShell;
  return [
    ...["-V", "5", "-l", isTls ? "mqtts" : "mqtt", "-h", shown(host), "-p", String(port)],
    ...["-i", `${client.name}-mqttx-${name}`],
    ...(isTls ? ["--ca", shown(caFile)] : []),
    ...(certificateFile === undefined ? [] : ["--cert", shown(certificateFile)]),
    ...(keyFile === undefined ? [] : ["--key", shown(keyFile)]),
    ...userOptions(client),
  ];
}

function userOptions({ userName, passwordFile }: ClientSettings): string[] {
  const user = userName === undefined ? [] : ["-u", userName];
  return passwordFile === undefined ? user : [...user, "-P", contentOf(passwordFile)];
}

/** The shell reads the secret: it is printed nowhere. */
function contentOf(file: string): string {
  return `"$(cat ${quoteForShell(file)})"`;
}

function pahoProgram(
  { host, port, isTls, caFile }: EmulatorSettings,
  client: ClientSettings,
  publishTopic: string | undefined,
  subscribeFilter: string | undefined,
): string[] {
  const text = (value: string) => JSON.stringify(value);
  const { certificateFile, keyFile } = client;
  const files = [
    `ca_certs=${text(caFile)}`,
    ...(certificateFile === undefined ? [] : [`certfile=${text(certificateFile)}`]),
    ...(keyFile === undefined ? [] : [`keyfile=${text(keyFile)}`]),
  ];
  const hasToken = client.tokenFile !== undefined;
  return [
    "import paho.mqtt.client as mqtt",
    ...(hasToken
      ? ["from paho.mqtt.packettypes import PacketTypes", "from paho.mqtt.properties import Properties"]
      : []),
    `client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, ${text(`${client.name}-paho`)}, protocol=mqtt.MQTTv5)`,
    ...(isTls ? [`client.tls_set(${files.join(", ")})`] : []),
    ...pahoUser(client),
    ...pahoCallbacks(subscribeFilter),
    `client.connect(${text(host)}, ${port}${hasToken ? ", properties=properties" : ""})`,
    "client.loop_start()",
    ...(publishTopic === undefined
      ? []
      : [`client.publish(${text(publishTopic)}, "hello", qos=1).wait_for_publish(timeout=5)`]),
    ...(publishTopic !== undefined && subscribeFilter === undefined ? [] : ['input("Press Enter to end\\n")']),
    "client.disconnect()",
    "client.loop_stop()",
  ];
}

/** Subscribes once the broker has accepted the connection, and again after each new one. */
function pahoCallbacks(subscribeFilter: string | undefined): string[] {
  const head = ["def on_connect(client, data, flags, reason, properties):", "    print(reason)"];
  const end = ["client.on_connect = on_connect"];
  if (subscribeFilter === undefined) return [...head, "", ...end];
  return [
    ...head,
    `    client.subscribe(${JSON.stringify(subscribeFilter)}, qos=1)`,
    "",
    ...end,
    "client.on_message = lambda client, data, message: print(message.topic, message.payload)",
  ];
}

function pahoUser({ userName, passwordFile, authenticationMethod, tokenFile }: ClientSettings): string[] {
  const text = (value: string) => JSON.stringify(value);
  if (tokenFile !== undefined && authenticationMethod !== undefined) {
    return [
      "properties = Properties(PacketTypes.CONNECT)",
      `properties.AuthenticationMethod = ${text(authenticationMethod)}`,
      `properties.AuthenticationData = open(${text(tokenFile)}, "rb").read()`,
    ];
  }
  if (userName === undefined) return [];
  const password = passwordFile === undefined ? "" : `, open(${text(passwordFile)}).read()`;
  return [`client.username_pw_set(${text(userName)}${password})`];
}

/** Puts a word into quotes for a shell where it needs them. */
export function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
