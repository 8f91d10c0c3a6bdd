import { between, pick } from "./random.ts";
import type { FlowName } from "./ledger.ts";

/** Instances of the relay at most. */
export const maxInstances = 3;

/** One side of the relay. */
export interface SideScene {
  /** `aio` is the emulator with AIO's rules, which takes tokens and nothing else. */
  readonly broker: "mosquitto" | "eventGrid" | "aio";
  /** Whether a mosquitto keeps its sessions over a restart. */
  readonly isPersistent: boolean;
  /**
   * What the relay shows. A renewed certificate and a renewed access token ask for another connection, a token goes out by
   * AUTH.
   */
  readonly credential: "none" | "certificate" | "accessToken" | "token";
  readonly hasTls: boolean;
  readonly qos: 0 | 1;
}

/** What a schedule has from its beginning to its end. */
export interface Scene {
  readonly source: SideScene;
  readonly destination: SideScene;
  /** Most messages in flight. */
  readonly window: number;
  readonly sourceWindow: number;
  /** Dataflows with a spool. */
  readonly spooled: Readonly<Record<FlowName, boolean>>;
  /** Whether refused messages go to the disk. Where they don't, and nothing is spooled, there is no disk at all. */
  readonly hasDeadLetters: boolean;
  /** Instances at the beginning. */
  readonly instances: number;
  /** Whether their number changes. */
  readonly isScaled: boolean;
  /** Most bytes of a message beyond its number. */
  readonly fillerBytes: number;
  /** Bytes that the system takes from the relay before a socket is full; omitted: as many as it likes, which is all. */
  readonly socketBufferBytes: number | undefined;
}

const share = {
  eventGridSource: 0.25,
  eventGridDestination: 0.3,
  aio: 0.12,
  certificate: 0.25,
  accessToken: 0.25,
  tlsWithAccessToken: 0.7,
  qos0: 0.2,
  scaled: 0.2,
  noDisk: 0.2,
  noDeadLetters: 0.2,
  large: 0.25,
  largeQos0: 0.6,
  smallBuffers: 0.35,
} as const;
const fillerBytes = { small: 60, large: 1500 } as const;
const socketBufferBytes = 4096;

/** Draws a scene. */
export function drawScene(random: () => number): Scene {
  const window = between(random, 5, 300);
  const source = drawSide(random, share.eventGridSource);
  const destination = drawSide(random, share.eventGridDestination);
  const hasDisk = random() >= share.noDisk;
  const isScaled = random() < share.scaled;
  // With QoS 0 it is bytes that wait, and no window bounds them.
  const isLarge = random() < (destination.qos === 0 ? share.largeQos0 : share.large);
  // With QoS 0 they decide whether anything ever waits in the relay.
  const hasSmallBuffers = random() < share.smallBuffers || destination.qos === 0;
  // Event Grid's limits in bytes are another matter.
  const isEventGrid = source.broker === "eventGrid" || destination.broker === "eventGrid";
  return {
    source,
    destination,
    window,
    sourceWindow: between(random, 5, 300),
    spooled: {
      flow: pick(random, [true, true, false]) && hasDisk,
      side: pick(random, [true, false]) && hasDisk,
    },
    hasDeadLetters: random() >= share.noDeadLetters && hasDisk,
    instances: isScaled ? between(random, 1, maxInstances) : 1,
    isScaled,
    fillerBytes: isLarge && !isEventGrid ? fillerBytes.large : fillerBytes.small,
    socketBufferBytes: hasSmallBuffers ? socketBufferBytes : undefined,
  };
}

function drawSide(random: () => number, eventGridShare: number): SideScene {
  const [which, shown, encrypted, quality] = [random(), random(), random(), random()] as const;
  const broker = which < eventGridShare ? "eventGrid" : which < eventGridShare + share.aio ? "aio" : "mosquitto";
  const credential =
    broker === "aio"
      ? "token"
      : shown < share.certificate
        ? "certificate"
        : shown < share.certificate + share.accessToken
          ? "accessToken"
          : "none";
  const hasTls = credential === "accessToken" ? encrypted < share.tlsWithAccessToken : credential !== "none";
  return { broker, isPersistent: random() < 0.5, credential, hasTls, qos: quality < share.qos0 ? 0 : 1 };
}

const credentialNames = {
  none: "no credentials",
  certificate: "client certificate",
  accessToken: "access token",
  token: "service account token",
} as const;

/** What a scene has, as the report counts it. */
export function describeScene(scene: Scene): string[] {
  const {
    source,
    destination,
    spooled,
    hasDeadLetters,
    isScaled,
    fillerBytes: filler,
    socketBufferBytes: buffer,
  } = scene;
  const hasSpool = spooled.flow || spooled.side;
  return [
    `source: ${credentialNames[source.credential]}${source.hasTls ? ", TLS" : ""}`,
    `destination: ${credentialNames[destination.credential]}${destination.hasTls ? ", TLS" : ""}`,
    `QoS ${source.qos} → ${destination.qos}`,
    hasSpool ? "spool" : hasDeadLetters ? "dead letters on the disk, no spool" : "no disk",
    ...(hasSpool && source.broker === "eventGrid" ? ["spool, source Event Grid"] : []),
    ...(isScaled ? ["instances come and go"] : []),
    ...(filler > fillerBytes.small ? [`messages of up to ${filler} bytes`] : []),
    ...(buffer === undefined ? [] : ["small socket buffers"]),
  ];
}
