import { TlsMode } from "../../components/enumerations.ts";
import { isAzureType, objectAt } from "../inputs.ts";
import type { CheckedResource, Inputs, Rule } from "../rule.ts";

/** The custom resource, as any version of its API has it. */
const customResource = /^kubernetes:connectivity\.iotoperations\.azure\.com\/\w+:DataflowEndpoint$/;

/** Blocks of settings that have TLS settings of their own. */
const blocks = ["mqttSettings", "kafkaSettings", "openTelemetrySettings"];

export const endpointTls: Rule = {
  name: "dataflow-endpoint-tls",
  description: "Dataflow endpoints encrypt their connections.",
  source: "Specification, TLS mode; Azure IoT Operations, Configure MQTT data flow endpoints (2025-06-13)",
  enforcementLevel: "mandatory",
  severity: "high",
  check: (resource) =>
    blocks.flatMap((block) => {
      const { at, settings } = settingsOf(resource);
      if (objectAt(settings, block, "tls")["mode"] !== TlsMode.Disabled) return [];
      const problem = `is ${TlsMode.Disabled}, so messages and credentials cross the network in clear`;
      return [{ path: `${at}.${block}.tls.mode`, problem, remedy: `set it to ${TlsMode.Enabled}` }];
    }),
};

function settingsOf({ type, props }: CheckedResource): { readonly at: string; readonly settings: Inputs } {
  if (isAzureType(type, "iotoperations:DataflowEndpoint")) {
    return { at: "properties", settings: objectAt(props, "properties") };
  }
  return { at: "spec", settings: customResource.test(type) ? objectAt(props, "spec") : {} };
}
