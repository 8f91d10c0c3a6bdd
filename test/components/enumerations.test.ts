import * as components from "../../components/index.ts";
import { parseRelayConfig } from "../../runtime/contract/config.ts";
import { methodsByHostType } from "../../runtime/contract/config/endpoint-rules.ts";

test.each([
  ["LocalBroker", components.LocalAuthenticationMethod],
  ["EventGrid", components.EventGridAuthenticationMethod],
  ["CustomMqtt", components.CustomAuthenticationMethod],
] as const)("offers at %s just the authentication methods that it takes", (hostType, methods) => {
  expect(Object.values(methods)).toEqual(methodsByHostType[hostType]);
});

test.each([
  ["protocol", components.MqttProtocol],
  ["qos", components.MqttQos],
  ["retain", components.MqttRetain],
  ["cloudEventAttributes", components.CloudEventAttributes],
  ["tls.mode", components.TlsMode],
] as const)("has for %s the words of the relay's schema", (field, words) => {
  expect(acceptedWords(field)).toEqual(Object.values(words));
});

/** The words that the schema offers when it refuses another one. */
function acceptedWords(field: string): unknown[] {
  const mqttSettings = { authentication: { method: "Anonymous" }, ...nest(field, "other") };
  const document = { endpoints: { edge: { endpointType: "Mqtt", mqttSettings } }, dataflows: {} };
  try {
    parseRelayConfig(JSON.stringify(document), { where: "test" });
  } catch (error) {
    const remedy = new RegExp(`mqttSettings\\.${field}: .*; give (.*)`).exec((error as Error).message)?.[1] ?? "";
    return remedy.split(" or ").map((word) => JSON.parse(word) as unknown);
  }
  return [];
}

function nest(field: string, value: string): object {
  const [outer = "", inner] = field.split(".");
  return { [outer]: inner === undefined ? value : { [inner]: value } };
}
