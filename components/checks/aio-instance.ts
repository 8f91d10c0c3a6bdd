import type { Problem } from "../../runtime/contract/errors.ts";
import type { AioInstanceArgs } from "../endpoint/settings.ts";
import { isKnown } from "../known.ts";
import { byRule } from "./rules.ts";

/** A custom location's ID taken apart. */
export interface CustomLocation {
  readonly resourceGroupName: string;
  readonly name: string;
}

/** Takes the ID of a custom location apart; `undefined` when it is none. Azure tells no case apart in it. */
export function parseCustomLocation(id: string): CustomLocation | undefined {
  const pattern =
    /^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)\/providers\/Microsoft\.ExtendedLocation\/customLocations\/([^/]+)$/i;
  const [, resourceGroupName, name] = pattern.exec(id) ?? [];
  return resourceGroupName === undefined || name === undefined ? undefined : { resourceGroupName, name };
}

/** Refuses what is no custom location. @see Azure REST API, DataflowEndpoint, extendedLocation */
export function checkCustomLocation(path: string, id: string): Problem[] {
  if (parseCustomLocation(id) !== undefined) return [];
  const problem = `is "${id}", which is no resource ID of a custom location`;
  const remedy =
    'give "/subscriptions/<id>/resourceGroups/<name>/providers/Microsoft.ExtendedLocation/customLocations/<name>"';
  return byRule("aio-instance", [{ path, problem, remedy }]);
}

/** Refuses an instance that resources can't be created in, as far as it is known. */
export function checkAioInstance(path: string, instance: AioInstanceArgs | undefined): Problem[] {
  if (instance === undefined) return [];
  const { customLocationId, laterApiVersion } = instance;
  const isVersion = laterApiVersion === undefined || /^\d{4}-\d{2}-\d{2}(-preview)?$/.test(laterApiVersion);
  const version = {
    path: `${path}.laterApiVersion`,
    problem: `is "${laterApiVersion}", which is no API version`,
    remedy: 'give one of Microsoft.IoTOperations, such as "2026-10-01"',
  };
  return [
    ...(isKnown(customLocationId) ? checkCustomLocation(`${path}.customLocationId`, customLocationId) : []),
    ...byRule("aio-instance", isVersion ? [] : [version]),
  ];
}
