import { resourceName, show } from "../config/field.ts";
import type { Findings, Resource, SpottedProblem } from "./resource.ts";

/** Names that the relay can take: labels of Kubernetes, which may be shorter than Azure's. @see RFC 1123, labels */
const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const labelRule = '1 to 63 lower-case letters, digits and "-", first and last no "-"';

/** Lists names that the relay can't take; notes those that Azure doesn't take and the relay does. */
export function checkNames(resources: readonly Resource[], { notes }: Findings): SpottedProblem[] {
  return resources.flatMap(({ kind, name, nameSpot }) => {
    const noun = kind === "DataflowEndpoint" ? "an endpoint" : "a dataflow";
    if (!label.test(name)) {
      const problem = `is no name for ${noun} (${show(name)})`;
      return [{ spot: nameSpot, problem, remedy: `name ${noun} with ${labelRule}` }];
    }
    const text = `the ${kind} "${name}" has a name that Azure takes from 3 characters on; the relay takes it, a declaration of MqttBridge does not`;
    if (!resourceName.test(name) && !notes.some((note) => note.text === text)) notes.push({ spot: nameSpot, text });
    return [];
  });
}
