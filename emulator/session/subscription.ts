/** What one session asked for with one topic filter. @see MQTT 5.0 §3.8.3.1 */
export interface Subscription {
  /** As the client wrote it, `$share/<group>/` included. */
  readonly filter: string;
  /** The granted QoS. */
  readonly qos: number;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  /** 0: send retained messages; 1: only when the subscription is new; 2: never. */
  readonly retainHandling: number;
  /** Subscription Identifier; 0 when there is none. */
  readonly identifier: number;
}
