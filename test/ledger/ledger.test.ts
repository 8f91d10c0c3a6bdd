import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";
import { Ledger } from "./ledger.ts";
import { encodeConnect, Framer, writePublish } from "./packets.ts";

afterEach(removeTemporaryFolders);

/** A ledger without a spool, with one connection, 1, on each side. */
function open(messages = 10) {
  const ledger = new Ledger({ messages, spoolFolder: createTemporaryFolder("judge"), window: 2 });
  ledger.spooled.flow = false;
  const pass = (
    side: "source" | "destination",
    direction: "toRelay" | "toBroker",
    packet: Buffer,
    connection: number,
  ) => {
    new Framer().push(packet, (bytes, start, body, end) => {
      ledger[side].filter({ bytes, start, body, end }, direction, connection);
    });
  };
  const connect = (side: "source" | "destination", connection = 1) => {
    pass(side, "toBroker", encodeConnect(`flow-0-${side}`), connection);
  };
  const publish = (message: number) => {
    const packet = Buffer.alloc(100);
    const load = { topic: Buffer.from("t"), packetId: message + 1, message, fillerBytes: 0, hasExpiry: true };
    return packet.subarray(0, writePublish(packet, 0, load));
  };
  const puback = (message: number) => Buffer.from([0x40, 2, 0, message + 1]);
  connect("source");
  connect("destination");
  return {
    ledger,
    connect,
    comes: (message: number, connection = 1) => {
      ledger.notePublished(message + 1);
      ledger.noteAccepted(message);
      pass("source", "toRelay", publish(message), connection);
    },
    isSent: (message: number, connection = 1) => {
      pass("destination", "toBroker", publish(message), connection);
    },
    isTaken: (message: number, connection = 1) => {
      pass("destination", "toRelay", puback(message), connection);
    },
    isAcknowledged: (message: number, connection = 1) => {
      pass("source", "toBroker", puback(message), connection);
    },
  };
}

const nothing = { early: [], lost: [], outOfOrder: [], unexplained: [], missing: [] };

describe("Ledger", () => {
  test("a message that is acknowledged once the destination has taken it is in order", () => {
    const { ledger, comes, isSent, isTaken, isAcknowledged } = open();
    comes(0);
    isSent(0);
    isTaken(0);
    isAcknowledged(0);

    expect(ledger.close()).toMatchObject({ ...nothing, acknowledged: 1, delivered: 1, duplicates: 0, outstanding: 0 });
  });

  test("one that is acknowledged before the destination's PUBACK is early, though it arrives", () => {
    const { ledger, comes, isSent, isTaken, isAcknowledged } = open();
    comes(0);
    isSent(0);
    isAcknowledged(0);
    isTaken(0);

    expect(ledger.close()).toMatchObject({ ...nothing, early: [0] });
  });

  test("one whose PUBACK was swallowed counts as not delivered: the relay can't know", () => {
    const { ledger, comes, isSent, isTaken, isAcknowledged } = open();
    ledger.faults.dropPubacks = 1;
    comes(0);
    isSent(0);
    isTaken(0);
    isAcknowledged(0);

    expect(ledger.close()).toMatchObject({ early: [0], lost: [0] });
  });

  test("one that its broker owes and that never comes is missing, unless it went with a session before the next SUBACK", () => {
    const { ledger } = open();
    ledger.notePublished(2);
    ledger.noteAccepted(0);
    ledger.noteAccepted(1);
    expect(ledger.close().missing).toEqual([0, 1]);

    const other = open();
    other.ledger.notePublished(1);
    other.ledger.noteAccepted(0);
    other.ledger.noteSessionLost(["flow"], 1);
    other.connect("source", 2);
    other.ledger.source.filter({ bytes: Buffer.from([0x90, 2, 0, 1]), start: 0, body: 2, end: 4 }, "toRelay", 2);
    other.ledger.notePublished(2);
    other.ledger.noteAccepted(1);

    expect(other.ledger.close()).toMatchObject({ missing: [1], discarded: 1 });
  });

  test("a duplicate is explained by a connection that ended with the message outstanding, once", () => {
    const { ledger, connect, comes, isSent, isTaken } = open();
    comes(0);
    isSent(0);
    ledger.destination.onEnd(1);
    connect("destination", 2);
    isSent(0, 2);
    isTaken(0, 2);
    expect(ledger.close()).toMatchObject({ ...nothing, duplicates: 1, outstanding: 1 });

    isSent(0, 2);

    expect(ledger.close()).toMatchObject({ unexplained: [0], duplicates: 2 });
  });

  test("what the source was told of after the destination's PUBACK is not outstanding when the connection ends", () => {
    const { ledger, connect, comes, isSent, isTaken, isAcknowledged } = open();
    comes(0);
    isSent(0);
    isTaken(0);
    isAcknowledged(0);
    ledger.destination.onEnd(1);
    connect("destination", 2);
    isSent(0, 2);

    expect(ledger.close().unexplained).toEqual([0]);
  });

  test("what comes again, since the source did not get that PUBACK, is outstanding anew", () => {
    const { ledger, connect, comes, isSent, isTaken, isAcknowledged } = open();
    comes(0);
    isSent(0);
    isTaken(0);
    isAcknowledged(0);
    connect("source", 2);
    comes(0, 2);
    isSent(0);
    isTaken(0);
    ledger.destination.onEnd(1); // perhaps before the relay has read the second PUBACK
    connect("destination", 2);
    isSent(0, 2);

    expect(ledger.close()).toMatchObject({ ...nothing, duplicates: 2 });
  });

  test("messages of a topic are in the order in which they came, those of two topics in any", () => {
    const { ledger, comes, isSent } = open();
    for (const message of [0, 1, 5]) comes(message);
    for (const message of [1, 5, 0]) isSent(message);

    expect(ledger.close().outOfOrder).toEqual([0]);
  });
});
