import { connect, type MqttClient } from "mqtt";

/**
 * The relay that one writes first with mqtt.js: forwards in `handleMessage`, whose callback lets the PUBACK go.
 * Arguments: source port, destination port, topic filter, topic prefix.
 */
const [sourcePort, destinationPort, filter = "#", prefix = ""] = process.argv.slice(2);

function open(port: string | undefined, clientId: string): MqttClient {
  return connect({
    host: "127.0.0.1",
    port: Number(port),
    protocolVersion: 5,
    clean: false,
    clientId,
    properties: { receiveMaximum: 1000, sessionExpiryInterval: 3600 },
  });
}

const destination = open(destinationPort, "plain-destination");
const source = open(sourcePort, "plain-source");
// The callback is called at once: waiting for the destination would leave one message in flight.
source.handleMessage = ({ topic, payload, qos, retain }, callback) => {
  destination.publish(`${prefix}${topic}`, payload, { qos, retain });
  callback();
};
source.on("connect", () => {
  source.subscribe(filter, { qos: 1, rap: true });
});
process.on("SIGTERM", () => process.exit(0));
