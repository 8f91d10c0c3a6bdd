import { HostType, type Endpoint } from "../../runtime/contract/config/endpoint.ts";
import { unsharedFilter } from "../../runtime/contract/topic/overlap.ts";
import { spacesForFilter, spacesForTopic, type DeclaredTopicSpace } from "./topic-spaces.ts";

/** What a broker has to allow for a message to pass. */
export interface Right {
  readonly endpoint: string;
  readonly act: "subscribe" | "publish";
  /** Topic filter that is subscribed to, without its share; or the topic that is published to. */
  readonly topic: string;
  /** Who has to be allowed, as far as the configuration says it. */
  readonly identity: string;
  /** Role or permission that gives the right. */
  readonly grant: string;
  /** Topic spaces that take the topic in; omitted: no file tells which there are, or the broker has none. */
  readonly topicSpaces?: readonly string[];
}

/** Says what the broker of an endpoint has to allow. */
export function rightOf(
  endpoint: { readonly name: string; readonly settings: Endpoint },
  act: Right["act"],
  topicOrFilter: string,
  spaces: readonly DeclaredTopicSpace[] | undefined,
): Right {
  const { name, settings } = endpoint;
  const topic = act === "subscribe" ? unsharedFilter(topicOrFilter) : topicOrFilter;
  const found =
    settings.hostType !== HostType.EventGrid || spaces === undefined || spaces.length === 0
      ? undefined
      : (act === "subscribe" ? spacesForFilter : spacesForTopic)(spaces, topic).map((space) => space.name);
  return {
    endpoint: name,
    act,
    topic,
    identity: identityOf(name, settings),
    grant: grantOf(settings, act),
    ...(found === undefined ? {} : { topicSpaces: found }),
  };
}

/** Who a client of this endpoint is at its broker. */
export function identityOf(name: string, { mqttSettings: { authentication }, relay }: Endpoint): string {
  switch (authentication.method) {
    case "SystemAssignedManagedIdentity":
      return "the system-assigned managed identity of the node";
    case "UserAssignedManagedIdentity":
      return `the managed identity with client ID ${authentication.userAssignedManagedIdentitySettings.clientId}`;
    case "ServiceAccountToken":
      return `the service account of the relay's pod (token "${name}")`;
    case "X509Certificate": {
      const secret = `the certificate of Secret "${authentication.x509CertificateSettings.secretRef}"`;
      return relay.username === undefined ? secret : `the client "${relay.username}" with ${secret}`;
    }
    case "AccessToken":
      return `the access token of Secret "${authentication.accessTokenSettings.secretRef}"`;
    case "UsernamePassword":
      return `the user of Secret "${authentication.usernamePasswordSettings.secretRef}"`;
    case "Anonymous":
      return "anybody (Anonymous)";
  }
}

/** @see Event Grid, Microsoft Entra JWT authentication; Event Grid, access control for MQTT clients */
function grantOf({ hostType, mqttSettings: { authentication } }: Endpoint, act: Right["act"]): string {
  const role = act === "subscribe" ? "Subscriber" : "Publisher";
  if (hostType !== HostType.EventGrid) {
    const verb = act === "subscribe" ? "reading" : "writing";
    return hostType === HostType.LocalBroker
      ? `${verb} in the BrokerAuthorization of the listener, where it has one`
      : `${verb} in the broker's access control, where it has any`;
  }
  return authentication.method === "X509Certificate"
    ? `a permission binding "${role}" of a client group with this client, on the topic space`
    : `the role "EventGrid TopicSpaces ${role}" on the topic space, or on what holds it`;
}
