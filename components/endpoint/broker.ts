import * as pulumi from "@pulumi/pulumi";

import type { Endpoint } from "../../runtime/contract/config/endpoint.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { checkLocalBroker } from "../checks/aio-broker.ts";
import { knownFields } from "../known.ts";
import { refuse } from "../refuse.ts";
import type { EndpointFieldInputs } from "./check-endpoint.ts";
import type { AioInstanceArgs } from "./settings.ts";

/** Compares a local endpoint with the broker that the platform tells of, as far as both are known. */
export function checkKnownBroker(
  path: string,
  fields: EndpointFieldInputs,
  instance: AioInstanceArgs | undefined,
): Problem[] {
  if (instance?.broker === undefined) return [];
  // The audience has a default, and would be compared with it where another is only not known yet.
  const { audience, ...broker } = knownFields(instance.broker);
  const known = knownFields(fields);
  const isAudienceKnown = fields.audience === undefined || known.audience !== undefined;
  return checkLocalBroker(path, known, isAudienceKnown && audience !== undefined ? { ...broker, audience } : broker);
}

/** Compares a local endpoint with the broker that the platform tells of once both are known. */
export function compareWithBroker(
  component: pulumi.ComponentResource,
  name: string,
  instance: AioInstanceArgs | undefined,
  fields: EndpointFieldInputs,
  endpoint: pulumi.Input<Endpoint>,
): pulumi.Input<Endpoint> {
  if (instance?.broker === undefined) return endpoint;
  return pulumi.all([endpoint, pulumi.output(fields), pulumi.output(instance.broker)]).apply(([known, own, broker]) => {
    refuse(component, name, checkLocalBroker("", own, broker));
    return known;
  });
}
