import type { Language } from "./example-program.ts";

/** A mistake in an example: in its declaration, a text instead of another in each language; or in a setting. */
export interface Mistake {
  readonly title: string;
  readonly example: "custom-broker" | "site";
  readonly edit?: Readonly<Record<Language, readonly [text: string, instead: string]>>;
  /** A setting that is set to what the page says. */
  readonly setting?: readonly [name: string, value: string];
}

export const mistakes: readonly Mistake[] = [
  {
    title: "A dataflow names an endpoint that is not declared",
    example: "custom-broker",
    edit: {
      typescript: ['destination: "historian"', 'destination: "historain"'],
      yaml: ["destination: historian", "destination: historain"],
      python: ['destination="historian"', 'destination="historain"'],
    },
  },
  {
    title: "A topic filter goes on after `#`",
    example: "custom-broker",
    edit: {
      typescript: ["plant/+/telemetry/#", "plant/#/telemetry"],
      yaml: ["plant/+/telemetry/#", "plant/#/telemetry"],
      python: ["plant/+/telemetry/#", "plant/#/telemetry"],
    },
  },
  {
    title: "A destination has a wildcard",
    example: "custom-broker",
    edit: {
      typescript: ["dataDestination: `${site}/\\${inputTopic}`", "dataDestination: `${site}/+`"],
      yaml: ["dataDestination: ${site}/$${inputTopic}", "dataDestination: ${site}/+"],
      python: ['data_destination=f"{site}/${{inputTopic}}"', 'data_destination=f"{site}/+"'],
    },
  },
  {
    title: "A number is out of its bounds",
    example: "custom-broker",
    edit: {
      typescript: ["retain: MqttRetain.Keep,", "retain: MqttRetain.Keep, keepAliveSeconds: 70000,"],
      yaml: ["retain: Keep", "retain: Keep\n          keepAliveSeconds: 70000"],
      python: ["retain=mqtt.MqttRetain.KEEP,", "retain=mqtt.MqttRetain.KEEP, keep_alive_seconds=70000,"],
    },
  },
  {
    title: "An endpoint has an authentication method that there isn't",
    example: "custom-broker",
    edit: {
      typescript: ["CustomAuthenticationMethod.X509Certificate", '"Password" as never'],
      yaml: ["authenticationMethod: X509Certificate", "authenticationMethod: Password"],
      python: ["mqtt.CustomAuthenticationMethod.X509_CERTIFICATE", '"Password"'],
    },
  },
  {
    title: "The name of a Secret is misspelt",
    example: "custom-broker",
    edit: {
      typescript: ['secretRef: "historian-client"', 'secretRef: "historian-clent"'],
      yaml: ["secretRef: historian-client", "secretRef: historian-clent"],
      python: ['secret_ref="historian-client"', 'secret_ref="historian-clent"'],
    },
  },
  { title: "A broker's host has no port", example: "custom-broker", setting: ["brokerHost", "historian.example"] },
  {
    title: "A setting has the path of a file instead of what is in it",
    example: "custom-broker",
    setting: ["brokerCa", "./ca.pem"],
  },
  {
    title: "The client certificate is in the place of its key",
    example: "custom-broker",
    setting: ["clientKey", "(the content of client.pem)"],
  },
  {
    title: "No topic space has the topics of a dataflow",
    example: "site",
    edit: {
      typescript: ["`sites/${site}/telemetry/#`", "`sites/${site}/measurements/#`"],
      yaml: ['"sites/${site}/telemetry/#"', '"sites/${site}/measurements/#"'],
      python: ['f"sites/{site}/telemetry/#"', 'f"sites/{site}/measurements/#"'],
    },
  },
];
