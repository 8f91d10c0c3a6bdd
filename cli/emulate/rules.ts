import { list, nearestName } from "../../runtime/contract/config/field.ts";
import { quote, type Problem } from "../../runtime/contract/errors.ts";
import { topicSpaceTemplateProblem } from "../../runtime/contract/topic/topic-space-template.ts";

/** How clients of a profile may prove who they are. */
const authenticationOf: Readonly<Record<string, readonly string[]>> = {
  "event-grid": ["certificate", "token"],
  aio: ["certificate", "token"],
  plain: ["certificate", "password"],
};

type Fields = Readonly<Record<string, unknown>>;

/** Lists what is wrong between the fields of a file, whatever else is wrong with them. */
export function checkEmulation(document: unknown): Problem[] {
  const file = fieldsOf(document);
  const profile = typeof file["profile"] === "string" ? file["profile"] : "event-grid";
  return [
    ...checkClients(profile, fieldsOf(file["clients"])),
    ...checkTls(profile, file),
    ...reservedNames(file),
    ...(profile === "event-grid" ? [...checkTemplates(file), ...checkBindings(file)] : checkUnused(profile, file)),
  ];
}

function checkClients(profile: string, clients: Fields): Problem[] {
  const allowed = authenticationOf[profile];
  const seen = new Map<string, string>();
  return Object.entries(clients).flatMap(([name, client]) => {
    const problems: Problem[] = [];
    const { authentication } = fieldsOf(client);
    if (allowed !== undefined && isKnownMethod(authentication) && !allowed.includes(authentication)) {
      const problem = `is ${quote(authentication)}, which profile ${profile} has not`;
      const remedy = `use one of ${list(allowed)}`;
      problems.push({ path: `clients.${name}.authentication`, problem, remedy });
    }
    const other = seen.get(name.toLowerCase());
    seen.set(name.toLowerCase(), name);
    if (other !== undefined) {
      const problem = `differs from client ${quote(other)} in upper and lower case only`;
      problems.push({ path: `clients.${name}`, problem, remedy: "give it another name" });
    }
    return problems;
  });
}

function isKnownMethod(value: unknown): value is string {
  return value === "certificate" || value === "token" || value === "password";
}

function checkTls(profile: string, { tls, clients, anonymousAllowed }: Fields): Problem[] {
  const problems: Problem[] = [];
  const hasCertificates = Object.values(fieldsOf(clients)).some(
    (client) => fieldsOf(client)["authentication"] === "certificate",
  );
  if (tls === false && (profile === "event-grid" || hasCertificates)) {
    const why = profile === "event-grid" ? "profile event-grid has TLS only" : "a client has a certificate";
    problems.push({ path: "tls", problem: `is false, and ${why}`, remedy: "give true, or leave it out" });
  }
  if (anonymousAllowed === true && profile !== "plain") {
    const problem = `is true, and profile ${profile} takes no anonymous clients`;
    problems.push({ path: "anonymousAllowed", problem, remedy: "remove it, or use profile plain" });
  }
  return problems;
}

/** Names that objects have a meaning for; the schema's library leaves them out without a word. */
function reservedNames(file: Fields): Problem[] {
  return ["clients", "topicSpaces"].flatMap((part) =>
    ["__proto__", "prototype", "constructor"]
      .filter((name) => Object.hasOwn(fieldsOf(file[part]), name))
      .map((name) => ({ path: `${part}.${name}`, problem: "is a reserved name", remedy: "give it another name" })),
  );
}

function checkTemplates({ topicSpaces }: Fields): Problem[] {
  return Object.entries(fieldsOf(topicSpaces)).flatMap(([name, space]) =>
    listOf(fieldsOf(space)["topicTemplates"]).flatMap((template, index) => {
      const problem = typeof template === "string" ? topicSpaceTemplateProblem(template) : undefined;
      if (problem === undefined) return [];
      const path = `topicSpaces.${name}.topicTemplates[${index}]`;
      return [{ path, problem: `is ${quote(String(template))}, which ${problem}`, remedy: "correct the template" }];
    }),
  );
}

function checkBindings({ permissionBindings, clients, topicSpaces }: Fields): Problem[] {
  const clientNames = Object.keys(fieldsOf(clients));
  const spaceNames = Object.keys(fieldsOf(topicSpaces));
  return listOf(permissionBindings).flatMap((binding, index) => {
    const { client, topicSpace } = fieldsOf(binding);
    const path = `permissionBindings[${index}]`;
    return [
      ...unknownName(`${path}.client`, client, "client", clientNames),
      ...unknownName(`${path}.topicSpace`, topicSpace, "topic space", spaceNames),
    ];
  });
}

function unknownName(path: string, name: unknown, noun: string, known: readonly string[]): Problem[] {
  if (typeof name !== "string" || known.includes(name)) return [];
  const nearest = nearestName(name, known);
  const remedy = nearest === undefined ? `use one of ${list(known)}` : `did you mean "${nearest}"?`;
  return [{ path, problem: `is ${quote(name)}, and the file has no such ${noun}`, remedy }];
}

/** Only Event Grid has topic spaces: elsewhere they would look as if they protected something. */
function checkUnused(profile: string, file: Fields): Problem[] {
  if (authenticationOf[profile] === undefined) return [];
  return ["topicSpaces", "permissionBindings"]
    .filter((field) => file[field] !== undefined)
    .map((path) => ({
      path,
      problem: `is given, and profile ${profile} has none: its clients may use every topic`,
      remedy: "remove it, or use profile event-grid",
    }));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
