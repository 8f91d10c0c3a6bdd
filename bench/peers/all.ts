import { bento } from "./bento.ts";
import { limitNode, limitRust } from "./limit.ts";
import { mosquitto } from "./mosquitto.ts";
import { nodeRed } from "./node-red.ts";
import { paho } from "./paho.ts";
import type { Peer, PeerName } from "./peer.ts";
import { plainMqttjs } from "./plain-mqttjs.ts";
import { relay } from "./relay.ts";
import { rumqttc } from "./rumqttc.ts";

/** The relay and its peers, in the order of the tables. */
export const allPeers: Readonly<Record<PeerName, Peer>> = {
  relay,
  "plain-mqttjs": plainMqttjs,
  mosquitto,
  rumqttc,
  paho,
  "node-red": nodeRed,
  bento,
  "limit-node": limitNode,
  "limit-rust": limitRust,
};
