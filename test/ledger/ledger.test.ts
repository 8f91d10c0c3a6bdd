import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";
import { Ledger } from "./ledger.ts";
import { clientIdOf, encodeConnect, Framer, writePublish } from "./packets.ts";

afterEach(removeTemporaryFolders);

/** A ledger without a spool, with one connection, 1, on each side; of two instances the first has them. */
function open({ messages = 10, source = 1, destination = 1 } = {}) {
  const ledger = new Ledger({
    messages,
    spoolFolders: [createTemporaryFolder("judge"), createTemporaryFolder("judge")],
    window: 2,
    qos: { source, destination },
    spooled: { flow: false, side: false },
    hasDeadLetters: true,
    drainTimeoutMs: 50,
  });
  const sides = [0, 1].map((instance) => ({
    source: ledger.source(instance),
    destination: ledger.destination(instance),
  }));
  ledger.noteProcessStart(0);
  const pass = (
    side: "source" | "destination",
    direction: "toRelay" | "toBroker",
    packet: Buffer,
    connection: number,
    instance = 0,
  ) => {
    new Framer().push(packet, (bytes, start, body, end) => {
      sides[instance]?.[side].filter({ bytes, start, body, end }, direction, connection);
    });
  };
  const connect = (side: "source" | "destination", connection = 1, instance = 0) => {
    pass(side, "toBroker", encodeConnect(`flow-${instance}-${side}`), connection, instance);
  };
  const publish = (message: number, { isDup = false, qos = 1, packetId = message + 1 } = {}) => {
    const packet = Buffer.alloc(100);
    const load = { topic: Buffer.from("t"), packetId, message, fillerBytes: 0, hasExpiry: true, qos, isDup };
    return packet.subarray(0, writePublish(packet, 0, load));
  };
  const puback = (message: number) => Buffer.from([0x40, 2, 0, message + 1]);
  connect("source");
  connect("destination");
  return {
    ledger,
    connect,
    pass,
    ends: (side: "source" | "destination", connection = 1, isByRelay = false) => {
      sides[0]?.[side].onEnd(connection, isByRelay);
    },
    publishes: (message: number) => {
      ledger.notePublished(message);
      ledger.noteAccepted(message);
    },
    comes: (message: number, connection = 1, instance = 0) => {
      ledger.notePublished(message);
      ledger.noteAccepted(message);
      pass("source", "toRelay", publish(message, { qos: source }), connection, instance);
    },
    comesAgain: (message: number, connection = 1) => {
      pass("source", "toRelay", publish(message, { isDup: true }), connection);
    },
    /** As an earlier filter of the session brings it. */
    comesAsCopy: (message: number, connection = 1) => {
      pass("source", "toRelay", publish(message, { packetId: message + 100 }), connection);
    },
    copyIsAcknowledged: (message: number, connection = 1) => {
      pass("source", "toBroker", Buffer.from([0x40, 2, 0, message + 100]), connection);
    },
    isSent: (message: number, connection = 1, instance = 0) => {
      pass("destination", "toBroker", publish(message, { qos: destination }), connection, instance);
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
    const { ledger, publishes } = open();
    for (const message of [0, 1]) publishes(message);
    expect(ledger.close().missing).toEqual([0, 1]);

    const other = open();
    for (const message of [0, 1]) other.publishes(message);
    other.ledger.noteSessionLost(["flow"], 1, 1);
    other.connect("source", 2);
    other.pass("source", "toRelay", Buffer.from([0x90, 2, 0, 1]), 2);
    other.publishes(2);

    expect(other.ledger.close()).toMatchObject({ missing: [0, 2], discarded: 1 });
  });

  test("a duplicate is explained by a connection that ended with the message outstanding, once", () => {
    const { ledger, connect, comes, ends, isSent, isTaken } = open();
    comes(0);
    isSent(0);
    ends("destination");
    connect("destination", 2);
    isSent(0, 2);
    isTaken(0, 2);
    expect(ledger.close()).toMatchObject({ ...nothing, duplicates: 1, outstanding: 1 });

    isSent(0, 2);

    expect(ledger.close()).toMatchObject({ unexplained: [0], duplicates: 2 });
  });

  test("what the source was told of after the destination's PUBACK is not outstanding when the connection ends", () => {
    const { ledger, connect, comes, ends, isSent, isTaken, isAcknowledged } = open();
    comes(0);
    isSent(0);
    isTaken(0);
    isAcknowledged(0);
    ends("destination");
    connect("destination", 2);
    isSent(0, 2);

    expect(ledger.close().unexplained).toEqual([0]);
  });

  test("what comes again, since the source did not get that PUBACK, is outstanding anew", () => {
    const { ledger, connect, comes, comesAgain, ends, isSent, isTaken, isAcknowledged } = open();
    comes(0);
    isSent(0);
    isTaken(0);
    isAcknowledged(0);
    connect("source", 2);
    comesAgain(0, 2);
    isSent(0);
    isTaken(0);
    ends("destination"); // perhaps before the relay has read the second PUBACK
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

  test("with QoS 0 one that comes again, since its PUBACK was lost, has its place and is no measure for those behind it", () => {
    const { ledger, comes, comesAgain, isSent, connect } = open({ destination: 0 });
    comes(0);
    comes(5);
    connect("source", 2);
    comesAgain(0, 2); // the relay has the first copy still
    isSent(0);
    isSent(5);

    expect(ledger.close().outOfOrder).toEqual([]);
  });

  test("a copy that an earlier filter of the session brings has no credit, unless filters were just changed", () => {
    const { ledger, comes, comesAsCopy, isSent, isTaken } = open();
    comes(0);
    comesAsCopy(0);
    isSent(0);
    isTaken(0);
    isSent(0);
    expect(ledger.close()).toMatchObject({ unexplained: [0], copies: 1 });

    const changed = open();
    changed.ledger.noteChange();
    changed.comes(0);
    changed.comesAsCopy(0);
    changed.ledger.noteSettled();
    changed.isSent(0);
    changed.isSent(0);
    expect(changed.ledger.close()).toMatchObject({ unexplained: [] });
  });

  test("a copy may be acknowledged before its message is delivered, where the message itself is there or comes", () => {
    const { ledger, comes, comesAsCopy, copyIsAcknowledged, isSent, isTaken, isAcknowledged } = open();
    ledger.noteChange();
    ledger.noteSettled();
    comes(0);
    comesAsCopy(0);
    copyIsAcknowledged(0);
    isSent(0);
    isTaken(0);
    isAcknowledged(0);
    comes(1);
    isAcknowledged(1);

    expect(ledger.close()).toMatchObject({ early: [1], lost: [1] });
  });

  test("each instance has credits of its own, and the order of what came to it", () => {
    const { ledger, connect, comes, isSent } = open();
    ledger.noteProcessStart(1);
    connect("source", 2, 1);
    connect("destination", 2, 1);
    comes(0);
    comes(5, 2, 1);
    isSent(5, 2, 1);
    isSent(0);
    expect(ledger.close()).toMatchObject({ outOfOrder: [], unexplained: [] });

    isSent(0, 2, 1);
    expect(ledger.close()).toMatchObject({ unexplained: [0] });
  });
});

describe("Ledger with QoS 0 at the destination", () => {
  /** Three messages that were acknowledged, and the second of them was never seen. */
  function loseOne() {
    const all = open({ destination: 0 });
    for (const message of [0, 1, 2]) all.comes(message);
    for (const message of [0, 1, 2]) all.isAcknowledged(message);
    all.isSent(0);
    return all;
  }

  test("what was acknowledged and is missing between two messages of a connection is lost by the relay", () => {
    const { ledger, isSent } = loseOne();
    isSent(2);

    expect(ledger.close()).toMatchObject({ lost: [1], lostWithQos0: 0 });
  });

  test("what is missing where a connection broke is explained", () => {
    const { ledger, ends, connect, isSent } = loseOne();
    ends("destination");
    connect("destination", 2);
    isSent(2, 2);

    expect(ledger.close()).toMatchObject({ lost: [], lostWithQos0: 1 });
  });

  test.each([
    [
      "said good-bye",
      ({ pass }: ReturnType<typeof open>) => pass("destination", "toBroker", Buffer.from([0xe0, 0]), 1),
    ],
    ["ended the connection without a word", () => undefined],
    ["was replacing the connection", ({ ledger }: ReturnType<typeof open>) => ledger.noteReplacing()],
  ])("what is missing where the relay %s is not", (_, act) => {
    const all = loseOne();
    act(all);
    all.ends("destination", 1, true);
    all.connect("destination", 2);
    all.isSent(2, 2);

    expect(all.ledger.close()).toMatchObject({ lost: [1], lostWithQos0: 0 });
  });

  test.each([
    ["was killed", ({ ledger }: ReturnType<typeof open>) => ledger.noteKilled(0)],
    ["was dismissed", ({ pass }: ReturnType<typeof open>) => pass("destination", "toRelay", Buffer.from([0xe0, 0]), 1)],
  ])("what is missing where the relay %s is explained", (_, act) => {
    const all = loseOne();
    act(all);
    all.ends("destination", 1, true);

    expect(all.ledger.close()).toMatchObject({ lost: [], lostWithQos0: 2 });
  });

  test.each([
    ["its connection broke, whatever a new process sends before it", true],
    ["it said good-bye, and the new process sends others", false],
  ])("what a process took with it is explained where %s", (_, isBroken) => {
    const all = open({ destination: 0 });
    for (const message of [0, 1, 2]) all.comes(message);
    for (const message of [0, 1, 2]) all.isAcknowledged(message);
    if (!isBroken) all.pass("destination", "toBroker", Buffer.from([0xe0, 0]), 1);
    all.ends("destination");
    all.ledger.noteProcessEnd(0);
    all.ledger.noteProcessStart(0);
    all.connect("destination", 2);
    all.isSent(0, 2);
    all.isSent(2, 2);

    expect(all.ledger.close()).toMatchObject(isBroken ? { lost: [], lostWithQos0: 1 } : { lost: [1], lostWithQos0: 0 });
  });

  test("a stop that took all the time that it has explains what was left", () => {
    const { ledger, ends } = loseOne();
    ends("destination", 1, true);
    ledger.noteLateStop(0);

    expect(ledger.close()).toMatchObject({ lost: [], lostWithQos0: 2 });
  });
});

describe("Ledger with QoS 0 at the source", () => {
  test("what never came is not owed, and what came is, while its process and connection are there", () => {
    const { ledger, publishes, comes } = open({ source: 0 });
    publishes(0);
    comes(1);

    expect(ledger.incomplete).toBe("message 1 is missing");
    expect(ledger.close()).toMatchObject({ missing: [1], discarded: 1 });
  });

  test("the end of its process explains a loss, that of its connection only where nothing behind it was sent", () => {
    const { ledger, comes, ends, isSent, isTaken } = open({ source: 0 });
    for (const message of [0, 1, 2]) comes(message);
    isSent(1);
    isTaken(1);
    ends("source");
    expect(ledger.close()).toMatchObject({ missing: [0], lostWithQos0: 1 });

    ledger.noteProcessEnd(0);
    expect(ledger.close()).toMatchObject({ missing: [], lostWithQos0: 2 });
  });

  test("what is published when nothing happens any more has to arrive", () => {
    const { ledger, publishes } = open({ source: 0 });
    publishes(0);
    ledger.noteCalm();
    publishes(1);

    expect(ledger.close()).toMatchObject({ missing: [1], discarded: 1 });
  });
});

test("a stream that is out of step is shown with its bytes", () => {
  expect(() => clientIdOf(Buffer.from("10050004aaaaaa", "hex"), 2)).toThrow(
    "a stream is out of step: no CONNECT at 2 of 7 bytes, 10050004aaaaaa",
  );
});
