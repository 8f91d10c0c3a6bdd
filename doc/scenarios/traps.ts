import { tests, type Scenario } from "./scenario.ts";

const runtime = (file: string, ...names: string[]) => tests(`runtime/${file}.test.ts`, ...names);
const mqtt = (file: string, ...names: string[]) => tests(`runtime/mqtt/${file}.test.ts`, ...names);

/** Fourteen ways in which a client that forwards on bytes loses, stalls or breaks something; found by experiment. */
export const traps: readonly Scenario[] = [
  {
    id: "1 Late PUBACK",
    behaviour:
      "A PUBACK of an ended connection never goes out on the next one, where it would acknowledge another message",
    tests: [
      ...runtime(
        "queue/forwarder",
        "never acknowledges on another connection, where the packet identifier is another message's",
      ),
      ...runtime(
        "dataflow",
        "an acknowledgement that comes late stays off the new connection, where it would be another message's",
      ),
      ...mqtt("connection", "a PUBACK that was gathered when the connection broke goes nowhere"),
    ],
  },
  {
    id: "2 Resubscribe",
    behaviour: "SUBSCRIBE is sent at every connect until its SUBACK has come, and the granted QoS is checked",
    tests: [
      ...runtime("dataflow", "subscribes again though its session was kept: the SUBACK of before may have been lost"),
      ...runtime("connection/link", "subscribes again in a kept session when the SUBACK never came"),
      ...runtime(
        "connection/subscriptions",
        "a filter with a lower QoS than asked for delivers, is named with its remedy, and is asked for again",
      ),
    ],
  },
  {
    id: "3 Interleaved bytes",
    behaviour: "Each packet reaches the socket in one piece, whatever waits there",
    tests: [
      ...mqtt(
        "control-packets",
        "encodeControlPacket gives one piece of bytes, so that nothing gets between its parts",
      ),
      ...mqtt("batch-writer", "never puts a packet into another one, also over TLS with writes that wait"),
    ],
  },
  {
    id: "4 Runs of packets",
    behaviour: "A run of PUBLISHes ends at every other packet and at every PUBLISH of QoS 0",
    tests: mqtt("packet-reader", "ends a run of PUBLISHes at each other packet and at each PUBLISH of QoS 0"),
  },
  {
    id: "5 Gathering",
    behaviour: "Writes are gathered, reads are not held back; WebSocket frames are a stream of bytes",
    tests: [
      ...mqtt("batch-writer", "joins the packets of one turn into one write, in their order"),
      ...mqtt("packet-reader", "hands over the same packets whatever the chunks are"),
      ...tests(
        "runtime/transport/open-stream.test.ts",
        "%s: carries a stream of bytes under the subprotocol mqtt, uncompressed, at /mqtt",
      ),
    ],
  },
  {
    id: "6 Backpressure",
    behaviour:
      "Receive Maximum keeps the source quiet; reading stops only above a bound in bytes, and a paused peer is not taken for a silent one",
    tests: [
      ...runtime("dataflow", "connects to its destination first and announces to the source what that takes"),
      ...runtime(
        "queue/forwarder",
        "is read no further shortly before 16 MB are in memory, and again when half of it is gone",
      ),
      ...mqtt("connection", "does not take a server for silent that it does not listen to"),
    ],
  },
  {
    id: "7 Keep-alive",
    behaviour:
      "PINGREQ by the last write, time-out by the last read or the progress of a write; Server Keep Alive is honoured",
    tests: [
      ...mqtt(
        "keep-alive",
        "takes no slow uplink for a dead one as long as waiting bytes leave",
        "sends no ping while messages go both ways",
      ),
      ...mqtt("connection", "keeps to the server's keep alive where it says one"),
    ],
  },
  {
    id: "8 Reconnect",
    behaviour:
      "Messages right behind CONNACK are taken; waits grow and differ from client to client; a refused CONNACK is retried; two clients of one identifier meet every few minutes at most",
    tests: [
      ...mqtt("connection", "hands messages in the same chunk as CONNACK over after it has reported the connection"),
      ...runtime(
        "connection/link",
        "waits longer and longer, between the bounds",
        "tries again when the broker refuses it with code %d",
      ),
      ...runtime(
        "contract/backoff",
        "differs from client to client, so that they don't come back all at once",
        "two relays that share a client identifier end each other's connections every few minutes at last",
      ),
      ...runtime(
        "dataflow",
        "waits with the next attempt when another client takes its session at the %s over, and comes back",
      ),
    ],
  },
  {
    id: "9 Ending",
    behaviour: "The end sends what was written, DISCONNECT and FIN, and comes by a deadline",
    tests: mqtt(
      "connection",
      "sends what was written, then DISCONNECT without properties, and ends",
      "cuts a connection that the server does not close after DISCONNECT",
    ),
  },
  {
    id: "10 AUTH",
    behaviour: "AUTH after CONNACK is the relay's own, its shortest form included",
    tests: [
      ...mqtt("reauthentication", "%s that nobody waits for ends the connection"),
      ...mqtt("reauthentication", "takes an AUTH of two bytes for a success"),
    ],
  },
  {
    id: "11 Malformed packets",
    behaviour: "A malformed packet ends the connection, with a reason",
    tests: [
      ...runtime(
        "queue/hostile-bytes",
        "a connection takes any bytes in any chunks: it ends with a reason or goes on, and nothing is thrown",
      ),
      ...mqtt("connection", "says in its DISCONNECT what the server did wrong: %s"),
    ],
  },
  {
    id: "12 Large packets",
    behaviour:
      "A packet that comes in pieces is gathered in time proportional to its length, in memory for what has come",
    tests: mqtt(
      "packet-reader",
      "of %d bytes is gathered without joining chunks",
      "allocates for a packet no more than a small one takes, or its gate has granted, whatever a header promises",
    ),
  },
  {
    id: "13 Maximum Packet Size",
    behaviour: "It is not announced: larger messages would vanish at the source",
    tests: mqtt("connect", "announces no Maximum Packet Size: larger messages would vanish at the source"),
  },
  {
    id: "14 Identifiers, session expiry, topic aliases",
    behaviour:
      "SUBSCRIBE and messages never share a packet identifier; Session Expiry is set; no Topic Alias Maximum is",
    tests: [
      ...mqtt("control-packets", "control packets have identifiers of their own, at the end of the range"),
      ...runtime(
        "queue/destination/in-flight",
        "never runs out of identifiers, and keeps out of those of control packets",
      ),
      ...mqtt(
        "connect",
        "writes MQTT 5's CONNECT and nothing that was not asked for",
        "sends no user properties, which Event Grid refuses in CONNECT, and takes no topic aliases",
      ),
    ],
  },
];
