import { resourceName, resourceNameRule } from "../../runtime/contract/config/field.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import type { DataflowProfileArgs } from "../aio/profile.ts";
import { givenFields } from "../known.ts";
import { byRule } from "./rules.ts";

/** Bounds of Azure's, inclusive. @see Azure REST API, DataflowProfile (2026-10-01) */
const instanceCountBounds = { min: 1, max: 20 } as const;
const maxPort = 65_535;

/** @see Azure IoT Operations, Configure data flow profile, default data flow profile */
const defaultProfileName = "default";

/** Refuses a profile that Azure would refuse, and settings for one that is not created. */
export function checkProfile(path: string, profileName: string, profile: DataflowProfileArgs): Problem[] {
  const { instanceCount = 1, prometheusPort = 0, existing = false } = profile;
  const { min, max } = instanceCountBounds;
  const isCount = Number.isInteger(instanceCount) && instanceCount >= min && instanceCount <= max;
  const isPort = Number.isInteger(prometheusPort) && prometheusPort >= 0 && prometheusPort <= maxPort;
  const unused = existing ? givenFields(profile).filter((field) => settingsOfNew.includes(field)) : [];
  return byRule("aio-profile", [
    ...(resourceName.test(profileName)
      ? []
      : [
          {
            path: `${path}.profileName`,
            problem: `is "${profileName}", which is no name for a profile`,
            remedy: `name it with ${resourceNameRule}`,
          },
        ]),
    ...(profileName === defaultProfileName && !existing
      ? [
          {
            path: `${path}.profileName`,
            problem: `is "${profileName}", the profile that AIO comes with, which can't be created again`,
            remedy: "set existing to run with it as it is, or give another name",
          },
        ]
      : []),
    ...(isCount
      ? []
      : [
          {
            path: `${path}.instanceCount`,
            problem: `is ${instanceCount}`,
            remedy: `give a whole number from ${min} to ${max} instances`,
          },
        ]),
    ...(isPort
      ? []
      : [
          {
            path: `${path}.prometheusPort`,
            problem: `is ${prometheusPort}`,
            remedy: `give a port from 0 to ${maxPort}`,
          },
        ]),
    ...unused.map((field) => ({
      path: `${path}.${field}`,
      problem: `is set, and the profile "${profileName}" exists already`,
      remedy: "remove it, or leave existing out and name a profile to create",
    })),
  ]);
}

const settingsOfNew: readonly string[] = ["logLevel", "prometheusPort"];
