import type { ConnectPacket } from "./packet/connect-packet.ts";
import type {
  AuthPacket,
  DisconnectPacket,
  PubackPacket,
  SubscribePacket,
  UnsubscribePacket,
} from "./packet/control-packets.ts";
import type { Authenticator, Identity } from "./authentication/authenticator.ts";
import type { Limits } from "./limits.ts";
import type { PublishPacket } from "./packet/publish.ts";

/** What is wrong with a packet, and the reason code that answers it. */
export interface Violation {
  readonly reasonCode: number;
  readonly why: string;
}

/** The packets that a rule can be about, and how a violation is answered. */
export interface CheckedPackets {
  /** CONNACK with the reason code. */
  connect: ConnectPacket;
  /** PUBACK with the reason code; QoS 0 is dropped. */
  publish: PublishPacket;
  /** DISCONNECT with the reason code. */
  puback: PubackPacket;
  /** SUBACK with the reason code for every filter. */
  subscribe: SubscribePacket;
  /** SUBACK with the reason code for this filter. The filter is without `$share/<group>/`. */
  filter: string;
  /** UNSUBACK with the reason code for every filter. */
  unsubscribe: UnsubscribePacket;
  /** DISCONNECT with the reason code. */
  auth: AuthPacket;
  /** DISCONNECT with the reason code; the will is published. */
  disconnect: DisconnectPacket;
}

interface RuleLabel {
  /** What the rule says, unique in its profile. */
  readonly name: string;
  /** Public pages and standards that say so, with the date of a page: `"Event Grid, MQTT support (2025-07-30)"`. */
  readonly source: string;
}

export interface LimitRule extends RuleLabel {
  readonly about: "limits";
  readonly limits: Partial<Limits>;
}

/** A rule about TLS: `serverName` is the host name that the client named (SNI). */
export interface TlsRule extends RuleLabel {
  readonly about: "tls";
  readonly isRequired: boolean;
  isServerNameAccepted(serverName: string | undefined): boolean;
}

/** A rule about one kind of packet. The identity is absent in CONNECT, which comes before authentication. */
export type PacketRule<K extends keyof CheckedPackets = keyof CheckedPackets> = {
  [P in K]: RuleLabel & {
    readonly about: P;
    check(packet: CheckedPackets[P], identity: Identity | undefined): Violation | undefined;
  };
}[K];

export type Rule = LimitRule | TlsRule | PacketRule;

/** What a broker stands in for: a table of rules, and how clients authenticate. */
export interface Profile {
  readonly name: string;
  readonly rules: readonly Rule[];
  /** In the order they are tried. */
  readonly authenticators: readonly Authenticator[];
}

/** The rules of a profile, sorted by what they are about. */
export class RuleBook {
  readonly tls: readonly TlsRule[];
  /** The limits of all rules, later ones winning. */
  readonly limits: Partial<Limits>;
  readonly #byPacket = new Map<string, PacketRule[]>();

  constructor(rules: readonly Rule[]) {
    this.tls = rules.filter((rule) => rule.about === "tls");
    this.limits = rules.reduce<Partial<Limits>>(
      (limits, rule) => (rule.about === "limits" ? { ...limits, ...rule.limits } : limits),
      {},
    );
    for (const rule of rules) {
      if (rule.about === "limits" || rule.about === "tls") continue;
      this.#byPacket.set(rule.about, [...(this.#byPacket.get(rule.about) ?? []), rule]);
    }
  }

  /** The first rule that the packet breaks. */
  violation<K extends keyof CheckedPackets>(
    about: K,
    packet: CheckedPackets[K],
    identity?: Identity,
  ): Violation | undefined {
    // The map's key is the rule's "about", so these rules take this packet.
    for (const rule of (this.#byPacket.get(about) ?? []) as unknown as PacketRule<K>[]) {
      const violation = rule.check(packet, identity);
      if (violation) return violation;
    }
    return undefined;
  }
}
