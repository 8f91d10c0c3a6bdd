import type * as pulumi from "@pulumi/pulumi";

import { formatRelayConfig } from "../../runtime/contract/config.ts";
import type { Endpoint } from "../../runtime/contract/config/endpoint.ts";
import type { BrokerType } from "../enumerations.ts";
import { mapInput } from "../known.ts";
import type { EndpointFieldInputs } from "./check-endpoint.ts";
import { mountsOf, portOf } from "./mounts.ts";
import type { EndpointMounts } from "./mounts.ts";

/** What every endpoint component tells the relay; plain where it is known. */
export interface EndpointOutputs extends EndpointMounts {
  readonly config: pulumi.Input<string>;
  readonly hostType: BrokerType;
  readonly port: pulumi.Input<number>;
}

/** What the relay needs to know of an endpoint. */
export function outputsOf(
  hostType: BrokerType,
  fields: EndpointFieldInputs,
  endpoint: pulumi.Input<Endpoint>,
): EndpointOutputs {
  return {
    config: mapInput(endpoint, formatRelayConfig),
    hostType,
    port: mapInput(endpoint, portOf),
    ...mountsOf(fields),
  };
}
