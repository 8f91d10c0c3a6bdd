import { relayDefaults, relayName, shutdownMarginSeconds } from "../../components/relay/defaults.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { fitsPattern, say, textAt, textsAt } from "../inputs.ts";
import { containersOf, podOf } from "../pods.ts";
import type { Pod } from "../pods.ts";
import type { CheckedResource, Inputs, Rule } from "../rule.ts";

const relayImages = {
  type: "array",
  items: { type: "string" },
  default: [`*${relayName}*`],
  description: 'Images of the relay; "*" stands for any characters.',
} as const;

export const relayStatefulSet: Rule = {
  name: "relay-stateful-set",
  description:
    "The relay runs in a StatefulSet: each client identifier has one pod at a time, and the same after a restart.",
  source: "doc/adr/0001-mqtt-session.md; MQTT 5.0 §3.1.4, a second connection with a client identifier ends the first",
  enforcementLevel: "mandatory",
  severity: "high",
  configSchema: { properties: { relayImages } },
  check: (resource, config) => {
    const pod = relayPodOf(resource, config);
    if (pod === undefined || pod.kind === "StatefulSet") return [];
    const problem = `runs the relay's image in a ${pod.kind}, whose next pod takes over the sessions of the last one`;
    return [{ path: pod.path, problem, remedy: "use a StatefulSet, or the component Relay" }];
  },
};

export const relayGracePeriod: Rule = {
  name: "relay-grace-period",
  description: "A relay has the time to have its messages in flight acknowledged before its pod is killed.",
  source: "The relay's drainTimeoutSeconds, and what it takes to close its connections after that",
  enforcementLevel: "mandatory",
  severity: "medium",
  configSchema: {
    properties: {
      relayImages,
      drainTimeoutSeconds: {
        type: "integer",
        minimum: 1,
        maximum: 3600,
        default: relayDefaults().drainTimeoutSeconds,
        description: "The relays' drainTimeoutSeconds.",
      },
    },
  },
  check: (resource, config) => {
    const pod = relayPodOf(resource, config);
    return pod === undefined ? [] : checkGracePeriod(pod, Number(config["drainTimeoutSeconds"]));
  },
};

/** What Kubernetes fills in. @see Kubernetes, PodSpec v1 core */
const defaultGracePeriodSeconds = 30;

function checkGracePeriod({ path, spec }: Pod, drainTimeoutSeconds: number): Problem[] {
  const given = spec["terminationGracePeriodSeconds"];
  const seconds = typeof given === "number" ? given : defaultGracePeriodSeconds;
  const needed = drainTimeoutSeconds + shutdownMarginSeconds;
  if (seconds >= needed) return [];
  const filledIn = given === undefined ? `, so it is ${seconds} s` : " s";
  const problem = `${say(given)}${filledIn}, and draining takes up to ${drainTimeoutSeconds} s`;
  return [{ path: `${path}.terminationGracePeriodSeconds`, problem, remedy: `set it to ${needed} s or more` }];
}

function relayPodOf(resource: CheckedResource, config: Inputs): Pod | undefined {
  const pod = podOf(resource);
  if (pod === undefined) return undefined;
  const patterns = textsAt(config, "relayImages");
  const isRelay = containersOf(pod).some(({ container }) => {
    const image = textAt(container, "image") ?? "";
    return patterns.some((pattern) => fitsPattern(image, pattern));
  });
  return isRelay || pod.labels["app.kubernetes.io/name"] === relayName ? pod : undefined;
}
