import type * as inputs from "@pulumi/azure-native/types/input.js";

import { LogLevel } from "../enumerations.ts";

/** The profile that AIO's engine runs dataflows with. */
export interface DataflowProfileArgs {
  /**
   * Name of the profile; 3 to 63 lower-case letters, digits and `-`. A change replaces the profile and its dataflows.
   * @default the name of the component that creates it
   */
  profileName?: string;
  /**
   * States that the instance has a profile of this name already, such as the `default` that AIO comes with: none is
   * created. Plain, because it decides whether there is a resource.
   * @default false
   */
  existing?: boolean;
  /**
   * Instances of each dataflow, 1 to 20; of an existing profile, how many it has. Above 1 AIO makes every source a
   * shared subscription, which promises no order; a change while messages flow may lose some.
   * @default 1
   */
  instanceCount?: number;
  /**
   * Least severe level that is logged.
   * @default "info"
   */
  logLevel?: LogLevel;
  /**
   * Port of the metrics, 0 to 65535.
   * @default 9600
   */
  prometheusPort?: number;
  /**
   * States that AIO and the namespace support shared subscriptions, so that several instances may have Event Grid as
   * their source. AIO's documentation says that such dataflows fail to start.
   * @default false
   */
  allowSharedSubscriptions?: boolean;
}

/** What a profile has by default. @see Azure REST API, DataflowProfile (2026-10-01) */
const profileDefaults = { instanceCount: 1, logLevel: LogLevel.Info, prometheusPort: 9600 } as const;

export function profileInstanceCount(profile: DataflowProfileArgs | undefined): number {
  return profile?.instanceCount ?? profileDefaults.instanceCount;
}

/** `properties` of a `DataflowProfile`, with every default explicit. */
export function buildProfile({
  instanceCount,
  logLevel,
  prometheusPort,
}: DataflowProfileArgs): inputs.iotoperations.DataflowProfilePropertiesArgs {
  return {
    instanceCount: instanceCount ?? profileDefaults.instanceCount,
    diagnostics: {
      logs: { level: logLevel ?? profileDefaults.logLevel },
      metrics: { prometheusPort: prometheusPort ?? profileDefaults.prometheusPort },
    },
  };
}
