import { createBroker } from "../../../emulator/broker.ts";
import type { Broker, BrokerOptions } from "../../../emulator/broker.ts";
import { createCertificateAuthority } from "../../../emulator/certificates/certificate-authority.ts";
import type { BrokerEvent } from "../../../emulator/events.ts";
import type { ListenerAddress } from "../../../emulator/network/listeners.ts";
import { createAioProfile } from "../../../emulator/profiles/aio.ts";
import { takeServerFaults } from "./raw-client.ts";

type EventOf<K extends BrokerEvent["kind"]> = Extract<BrokerEvent, { kind: K }>;

/** A broker whose events a test can wait for. */
export interface TestBroker extends Broker {
  /** The first listener. */
  readonly address: ListenerAddress;
  readonly events: readonly BrokerEvent[];
  /** Waits for an event, one that came before included. */
  until<K extends BrokerEvent["kind"]>(kind: K, isWanted?: (event: EventOf<K>) => boolean): Promise<EventOf<K>>;
}

const running = new Set<Broker>();

/** Starts a broker; without options an AIO one that takes everybody, on TCP. */
export async function startBroker(options: Partial<BrokerOptions> = {}): Promise<TestBroker> {
  const events: BrokerEvent[] = [];
  const wakes = new Set<() => void>();
  const broker = await createBroker({
    profile: createAioProfile({ isAnonymousAllowed: true }),
    listeners: [{ transport: "tcp" }],
    ...options,
    onEvent: (event) => {
      events.push(event);
      for (const wake of wakes) wake();
    },
  });
  running.add(broker);
  const [address] = broker.addresses;
  if (!address) throw new Error("the broker has no listener");
  return {
    ...broker,
    address,
    events,
    until: (kind, isWanted = () => true) => untilEvent(events, wakes, kind, isWanted),
  };
}

async function untilEvent<K extends BrokerEvent["kind"]>(
  events: readonly BrokerEvent[],
  wakes: Set<() => void>,
  kind: K,
  isWanted: (event: EventOf<K>) => boolean,
): Promise<EventOf<K>> {
  for (;;) {
    const found = events.find((event): event is EventOf<K> => event.kind === kind && isWanted(event as EventOf<K>));
    if (found) return found;
    await new Promise<void>((resolve) => {
      const wake = () => {
        wakes.delete(wake);
        resolve();
      };
      wakes.add(wake);
    });
  }
}

/** Closes every broker that was started, and fails if one has sent what no server may send; for `afterEach`. */
export async function closeBrokers(): Promise<void> {
  await Promise.all([...running].map((broker) => broker.close()));
  running.clear();
  expect(takeServerFaults()).toEqual([]);
}

/** One certificate authority and server certificate for a test file. */
export async function createTestTls(hostNames: readonly string[]) {
  const ca = await createCertificateAuthority();
  return { ca, server: await ca.createServerCertificate(hostNames) };
}
