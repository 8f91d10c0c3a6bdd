import { isEngineOnly } from "../config/dataflow.ts";
import { judgeDocument, type Judgement, type RawDocument } from "../config/judge-document.ts";
import { firstLines, type Problem } from "../errors.ts";
import { choose, endpointsOf, type Choice } from "./choose.ts";
import { checkNames } from "./names.ts";
import type { Findings, Resource, Spot } from "./resource.ts";
import { tolerate } from "./tolerance.ts";

/** What became of AIO's resources. Problems and warnings have the places where they stand. */
export interface JudgedResources extends Omit<Judgement, "problems" | "warnings"> {
  readonly problems: readonly PlacedProblem[];
  readonly warnings: readonly PlacedProblem[];
}

/** A problem, with its place where it has one in a document. */
export interface PlacedProblem {
  readonly problem: Problem;
  readonly spot?: Spot;
}

/**
 * Judges AIO's resources by the same schema and rules as this project's own form. What no relay can run is taken out first and
 * added to `skipped`: dataflows that ask for what only AIO's own engine can, and endpoints with problems that no dataflow
 * uses. What is left has to be right: a mistake in a dataflow or its endpoints is a problem, and is never skipped.
 */
export function judgeResources(findings: Findings, choice: Choice): JudgedResources {
  const chosen = choose(findings, choice);
  const draft = build(chosen.endpoints, chosen.dataflows, chosen.profile);
  const dataflows = chosen.dataflows.filter((dataflow) => isRunnable(dataflow, draft, findings));
  const used = new Set(dataflows.flatMap(({ spec }) => endpointsOf(spec)));
  const endpoints = chosen.endpoints.filter(
    (endpoint) => used.has(endpoint.name) || isFaultless(endpoint, draft, findings),
  );
  const whole = build(endpoints, dataflows, chosen.profile);
  const { config, problems, warnings } = whole.judgement;
  noteDefault(userOfDefault(endpoints, dataflows), findings);
  for (const resource of whole.parts) findings.notes.push(...tolerate(resource).notes);
  return {
    config,
    problems: [
      ...chosen.problems.map((problem) => ({ problem })),
      ...findings.problems.map((found) => place(found.spot, found)),
      ...checkNames([...endpoints, ...dataflows], findings).map((found) => place(found.spot, found)),
      // Where nothing is left it is said with the reasons.
      ...(dataflows.length === 0 ? [] : problems.map((problem) => whole.place(problem))),
    ],
    warnings: warnings.map((warning) => whole.place(warning)),
  };
}

interface Build {
  readonly parts: readonly Resource[];
  readonly judgement: Judgement;
  readonly problemsOf: (resource: Resource) => readonly Problem[];
  readonly place: (problem: Problem) => PlacedProblem;
}

/** Begins the path of each part, with its number: names may hold what paths are made of. */
const mark = "#";

/** Puts resources into this project's own form, and judges it. */
function build(endpoints: readonly Resource[], dataflows: readonly Resource[], profile: Resource | undefined): Build {
  const parts = [...endpoints, ...dataflows, ...(profile === undefined ? [] : [profile])];
  const valueOf = (resource: Resource) => [resource.name, tolerate(resource).value] as const;
  const numbers = new Map(parts.map((resource, index) => [`${resource.kind} ${resource.name}`, index]));
  const numberOf = (kind: string, name: string | undefined) => numbers.get(`${kind} ${name ?? ""}`);
  const raw: RawDocument = {
    document: {
      endpoints: Object.fromEntries([...defaultEndpoints(endpoints, dataflows), ...endpoints.map(valueOf)]),
      ...(profile === undefined ? {} : { profile: tolerate(profile).value }),
      dataflows: Object.fromEntries(dataflows.map(valueOf)),
    },
    hasJudgedNames: true,
    pathOf: (part, name) => {
      const kind = { endpoints: "DataflowEndpoint", dataflows: "Dataflow", profile: "DataflowProfile" }[part];
      const number = part === "profile" ? numberOf(kind, profile?.name) : numberOf(kind, name);
      return number === undefined ? "document" : `${mark}${number}`;
    },
  };
  const judgement = judgeDocument(raw);
  const partOf = ({ path }: Problem) => parts[Number(/^#(?<number>\d+)/.exec(path)?.groups?.["number"] ?? Number.NaN)];
  const byPart = Map.groupBy(judgement.problems, partOf);
  return {
    parts,
    judgement,
    problemsOf: (resource) => byPart.get(resource) ?? [],
    place: (problem) => {
      const part = partOf(problem);
      if (part === undefined) return { problem };
      return place(
        { document: part.spot.document, path: `${part.spot.path}${innerPath(problem)}`.replace(/^\./, "") },
        problem,
      );
    },
  };
}

/** Path within a part: `.mqttSettings.host`. */
function innerPath({ path }: Problem): string {
  return path.replace(/^#\d+/, "");
}

function place(spot: Spot, problem: Omit<Problem, "path">): PlacedProblem {
  const { problem: text, remedy, rule } = problem;
  const path = spot.path === "" ? "document" : spot.path;
  return { problem: { path, problem: text, remedy, ...(rule === undefined ? {} : { rule }) }, spot };
}

function isRunnable(dataflow: Resource, { problemsOf }: Build, findings: Findings): boolean {
  const reasons = problemsOf(dataflow).filter(isEngineOnly);
  if (reasons.length === 0) return true;
  const { spot, name } = dataflow;
  const lines = reasons.slice(0, 3).map((problem) => `${innerPath(problem).slice(1)} ${problem.problem}`);
  const path = `${spot.path}${innerPath(reasons[0] ?? { path: "", problem: "", remedy: "" })}`.replace(/^\./, "");
  const text = `dataflow "${name}": ${firstLines(lines, String).join("; ")}`;
  findings.skipped.push({ spot: { document: spot.document, path }, text, dataflow: name });
  return false;
}

/** An endpoint that no dataflow uses does no harm; with problems it is left out. */
function isFaultless(endpoint: Resource, { problemsOf }: Build, findings: Findings): boolean {
  const [first] = [...problemsOf(endpoint), ...checkNames([endpoint], findings)];
  if (first === undefined) return true;
  const inner = "path" in first ? `${innerPath(first).slice(1)} ` : "its name ";
  const text = `endpoint "${endpoint.name}" is used by no dataflow, and can't be: ${inner}${first.problem}`;
  findings.skipped.push({ spot: endpoint.spot, text });
  return false;
}

/**
 * The endpoint that AIO makes with every instance, where dataflows use it and the files don't have it.
 * @see Specification, Default MQTT broker dataflow endpoint; Azure IoT Operations, MQTT endpoints (2025-06)
 */
const aioDefault = {
  endpointType: "Mqtt",
  mqttSettings: {
    host: "aio-broker:18883",
    authentication: { method: "ServiceAccountToken", serviceAccountTokenSettings: { audience: "aio-internal" } },
    tls: { mode: "Enabled", trustedCaCertificateConfigMapRef: "azure-iot-operations-aio-ca-trust-bundle" },
  },
};
const aioDefaultName = "default";

function defaultEndpoints(endpoints: readonly Resource[], dataflows: readonly Resource[]): [string, object][] {
  return userOfDefault(endpoints, dataflows) === undefined ? [] : [[aioDefaultName, aioDefault]];
}

/** The first dataflow that uses the default endpoint, which is not among those that are there. */
function userOfDefault(endpoints: readonly Resource[], dataflows: readonly Resource[]): Resource | undefined {
  if (endpoints.some(({ name }) => name === aioDefaultName)) return undefined;
  return dataflows.find(({ spec }) => endpointsOf(spec).includes(aioDefaultName));
}

function noteDefault(user: Resource | undefined, { notes }: Findings): void {
  if (user === undefined) return;
  const text = `the endpoint "${aioDefaultName}" is not here; it is taken as AIO makes it: ${aioDefault.mqttSettings.host} with a service account token`;
  notes.push({ spot: user.spot, text });
}
