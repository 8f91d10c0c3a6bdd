/**
 * Largest packet identifier of a PUBLISH that this client sends. Those above it, up to 65,535, are kept for SUBSCRIBE and
 * UNSUBSCRIBE. So it also bounds the messages in flight to one broker: `maxInflightMessages` and a server's Receive Maximum.
 * @see MQTT 5.0 §2.2.1 and §4.9
 */
export const maxPublishPacketId = 64_999;
