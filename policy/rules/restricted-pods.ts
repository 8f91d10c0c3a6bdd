import type { Problem } from "../../runtime/contract/errors.ts";
import { fitsPattern, objectAt, objectsAt, say, textAt, textsAt } from "../inputs.ts";
import { containersOf, podOf } from "../pods.ts";
import type { Container, Pod } from "../pods.ts";
import type { Inputs, Rule } from "../rule.ts";

/** Kinds of volumes that a restricted pod may have. */
const volumeKinds = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
];

const seccompTypes = ["RuntimeDefault", "Localhost"];

export const restrictedPods: Rule = {
  name: "restricted-pods",
  description: "Pods keep to the level restricted of the Pod Security Standards.",
  source: "Kubernetes, Pod Security Standards, Restricted (v1.34)",
  enforcementLevel: "mandatory",
  severity: "high",
  configSchema: {
    properties: {
      exemptNamespaces: {
        type: "array",
        items: { type: "string" },
        default: ["kube-system"],
        description: 'Kubernetes namespaces in which pods need more; "*" stands for any characters.',
      },
    },
  },
  check: (resource, config) => {
    const pod = podOf(resource);
    if (pod === undefined || isExempt(pod, textsAt(config, "exemptNamespaces"))) return [];
    const containers = containersOf(pod);
    return [
      ...checkHostAccess(pod),
      ...checkVolumes(pod),
      ...containers.flatMap((container) => [
        ...checkPrivileges(container),
        ...checkCapabilities(container),
        ...checkHostPorts(container),
        ...checkUser(pod, container),
        ...checkSeccomp(pod, container),
      ]),
    ];
  },
};

function isExempt({ namespace = "default" }: Pod, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => fitsPattern(namespace, pattern));
}

function checkHostAccess({ path, spec }: Pod): Problem[] {
  return ["hostNetwork", "hostPID", "hostIPC"]
    .filter((field) => spec[field] === true)
    .map((field) => ({
      path: `${path}.${field}`,
      problem: "is true, which lets the pod out of its box",
      remedy: "remove it",
    }));
}

function checkVolumes({ path, spec }: Pod): Problem[] {
  return objectsAt(spec, "volumes").flatMap((volume, index) => {
    const kind = Object.keys(volume).find((key) => key !== "name" && volume[key] !== undefined);
    if (kind === undefined || volumeKinds.includes(kind)) return [];
    const remedy = `use one of ${volumeKinds.join(", ")}`;
    return [
      { path: `${path}.volumes[${index}].${kind}`, problem: "is no kind of volume for a restricted pod", remedy },
    ];
  });
}

function checkPrivileges({ path, container }: Container): Problem[] {
  const context = objectAt(container, "securityContext");
  const at = `${path}.securityContext`;
  const problems: Problem[] = [];
  if (context["privileged"] === true) {
    problems.push({ path: `${at}.privileged`, problem: "is true", remedy: "remove it" });
  }
  const escalation = context["allowPrivilegeEscalation"];
  if (escalation !== false) {
    problems.push({ path: `${at}.allowPrivilegeEscalation`, problem: say(escalation), remedy: "set it to false" });
  }
  const procMount = context["procMount"];
  if (procMount !== undefined && procMount !== "Default") {
    problems.push({ path: `${at}.procMount`, problem: say(procMount), remedy: "remove it" });
  }
  return problems;
}

function checkCapabilities({ path, container }: Container): Problem[] {
  const capabilities = objectAt(container, "securityContext", "capabilities");
  const at = `${path}.securityContext.capabilities`;
  const added = textsAt(capabilities, "add").filter((name) => name !== "NET_BIND_SERVICE");
  return [
    ...(textsAt(capabilities, "drop").includes("ALL")
      ? []
      : [{ path: `${at}.drop`, problem: "lacks ALL", remedy: 'set it to ["ALL"]' }]),
    ...(added.length === 0
      ? []
      : [{ path: `${at}.add`, problem: `has ${added.join(", ")}`, remedy: "leave NET_BIND_SERVICE at most" }]),
  ];
}

function checkHostPorts({ path, container }: Container): Problem[] {
  return objectsAt(container, "ports").flatMap(({ hostPort }, index) =>
    typeof hostPort !== "number" || hostPort === 0
      ? []
      : [{ path: `${path}.ports[${index}].hostPort`, problem: `is ${hostPort}`, remedy: "remove it; use a Service" }],
  );
}

/** What a container leaves out it has from its pod. */
function settingOf({ spec }: Pod, { container }: Container, name: string): unknown {
  return objectAt(container, "securityContext")[name] ?? objectAt(spec, "securityContext")[name];
}

function checkUser(pod: Pod, container: Container): Problem[] {
  const [runAsNonRoot, runAsUser] = [settingOf(pod, container, "runAsNonRoot"), settingOf(pod, container, "runAsUser")];
  const at = `${container.path}.securityContext`;
  return [
    ...(runAsNonRoot === true
      ? []
      : [{ path: `${at}.runAsNonRoot`, problem: say(runAsNonRoot), remedy: "set it to true, here or for the pod" }]),
    ...(runAsUser === 0
      ? [{ path: `${at}.runAsUser`, problem: "is 0, which is root", remedy: "give the ID of another user" }]
      : []),
  ];
}

function checkSeccomp(pod: Pod, container: Container): Problem[] {
  const type = textAt((settingOf(pod, container, "seccompProfile") ?? {}) as Inputs, "type");
  if (type !== undefined && seccompTypes.includes(type)) return [];
  const path = `${container.path}.securityContext.seccompProfile.type`;
  return [{ path, problem: say(type), remedy: "set it to RuntimeDefault, here or for the pod" }];
}
