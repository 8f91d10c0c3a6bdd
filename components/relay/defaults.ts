import * as v from "valibot";

import { dataflowRelaySchema } from "../../runtime/contract/config/dataflow-relay.ts";
import { profileSchema, relaySchema } from "../../runtime/contract/config/document.ts";

/** Namespace that AIO is deployed to. @see Azure IoT Operations, Configure data flow endpoints */
export const aioNamespace = "azure-iot-operations";

/** What the relay's own schema has as defaults and the pod depends on too. */
export function relayDefaults(): RelayDefaults {
  defaults ??= readDefaults();
  return defaults;
}

let defaults: RelayDefaults | undefined;

type RelayDefaults = Readonly<ReturnType<typeof readDefaults>>;

function readDefaults() {
  const profile = v.parse(profileSchema, {});
  const { mountPath, spoolPath, drainTimeoutSeconds } = v.parse(relaySchema, {});
  return {
    mountPath,
    spoolPath,
    spoolBytes: v.parse(dataflowRelaySchema, {}).spool.maxBytes,
    drainTimeoutSeconds,
    instanceCount: profile.instanceCount,
    metricsPort: profile.diagnostics.metrics.prometheusPort,
  };
}

/** Name of the relay: of its image, and of its workloads by the label `app.kubernetes.io/name`. */
export const relayName = "mqtt-dataflow-relay";

/** Time in seconds that a pod has beyond draining, to close its connections and end. */
export const shutdownMarginSeconds = 10;

/** What a pod has by default. */
export const podDefaults = { memoryMebibytes: 256, cpuMillicores: 100 } as const;
