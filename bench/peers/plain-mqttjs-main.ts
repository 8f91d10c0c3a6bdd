import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";

import { connect, type IPublishPacket, type MqttClient } from "mqtt";

import type { BrokerSide, Route } from "./peer.ts";

/**
 * The relay that one writes first with mqtt.js: forwards in `handleMessage`, whose callback lets the PUBACK go.
 * Argument: a file with a {@link Route}.
 */
const route = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as Route;

function open({ port, caFile }: BrokerSide, clientId: string): MqttClient {
  return connect({
    protocol: caFile === undefined ? "mqtt" : "mqtts",
    host: "127.0.0.1",
    port,
    protocolVersion: 5,
    clean: false,
    clientId,
    properties: { receiveMaximum: route.window, sessionExpiryInterval: 3600 },
    ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
  });
}

/** What `CreateOrRemap` makes of a message's user properties: what a CloudEvent lacks is added. */
function enrich({ properties }: IPublishPacket, topic: string): Record<string, string | string[]> {
  const present = properties?.userProperties ?? {};
  return {
    specversion: "1.0",
    type: "ms.aio-dataflow.telemetry",
    source: "aio://destination",
    id: randomUUID(),
    subject: topic,
    time: new Date().toISOString(),
    ...present,
  };
}

const destination = open(route.destination, "plain-destination");
const source = open(route.source, "plain-source");
// The callback is called at once: waiting for the destination would leave one message in flight.
source.handleMessage = (packet, callback) => {
  const { payload, qos, retain, properties } = packet;
  if (route.isEnriched) {
    const [, line, point] = packet.topic.split("/");
    const topic = `sites/oslo/${line}/${point}`;
    const userProperties = enrich(packet, topic);
    destination.publish(topic, payload, { qos, retain, properties: { ...properties, userProperties } });
  } else destination.publish(packet.topic, payload, { qos, retain });
  callback();
};
source.on("connect", () => {
  source.subscribe([...route.filters], { qos: route.qos, rap: true });
});
process.on("SIGTERM", () => process.exit(0));
