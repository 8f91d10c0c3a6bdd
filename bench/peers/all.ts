import { bento } from "./bento.ts";
import { mosquitto } from "./mosquitto.ts";
import { nodeRed } from "./node-red.ts";
import type { Peer, PeerName } from "./peer.ts";
import { plainMqttjs } from "./plain-mqttjs.ts";
import { relay } from "./relay.ts";
import { rumqttd } from "./rumqttd.ts";

/** The relay and its peers, in the order of the tables. */
export const allPeers: Readonly<Record<PeerName, Peer>> = {
  relay,
  "plain-mqttjs": plainMqttjs,
  mosquitto,
  "node-red": nodeRed,
  bento,
  rumqttd,
};
