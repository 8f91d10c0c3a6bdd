import { matchesTopicFilter } from "../../runtime/contract/topic/filter.ts";
import {
  resolveTopicSpaceTemplate,
  topicSpaceTemplateProblem,
} from "../../runtime/contract/topic/topic-space-template.ts";
import type { Identity } from "../authentication/authenticator.ts";
import { x509Method } from "../authentication/client-certificate.ts";
import { coversFilter } from "../../runtime/contract/topic/covers-filter.ts";

/** What a client may do with the topics of a topic space. */
export type Permission = "publisher" | "subscriber";

/** A set of topics; a namespace has 10, with 10 templates each. @see Event Grid, Quotas and limits (2025-07-30) */
export interface TopicSpace {
  readonly name: string;
  /** Topic filters with Event Grid's variables: `"site/${client.authenticationName}/#"`, `"area/${client.attributes.area}/#"`. */
  readonly topicTemplates: readonly string[];
}

/** A role *EventGrid TopicSpaces Publisher* or *Subscriber*. @see Event Grid, Microsoft Entra JWT authentication */
export interface RoleAssignment {
  readonly principalId: string;
  readonly role: Permission;
  /** Name of a topic space; absent: the whole namespace. */
  readonly topicSpace?: string;
}

/** How the certificate of a client is judged. @see Azure REST API, Clients (2025-02-15) */
export type ValidationScheme =
  `${"Subject" | "Dns" | "Uri" | "Ip" | "Email"}MatchesAuthenticationName` | "ThumbprintMatch";

/** A client that comes with a certificate. @see Event Grid, Client certificate authentication */
export interface RegisteredClient {
  /** Unique in the namespace. Upper and lower case are the same when a client connects; variables have it as it is here. */
  readonly authenticationName: string;
  /** What variables of topic templates may ask for: `{ "area": "section1" }`. */
  readonly attributes?: { readonly [key: string]: unknown };
  /**
   * What of its certificate has to be the authentication name, or that it is known by its thumbprint.
   * @default "SubjectMatchesAuthenticationName"
   */
  readonly validationScheme?: ValidationScheme;
  /** ThumbprintMatch: SHA-1 or SHA-256 of its certificates, in hexadecimal digits. */
  readonly allowedThumbprints?: readonly string[];
  readonly permissionBindings: readonly { readonly topicSpace: string; readonly permission: Permission }[];
}

export interface TopicSpaceAccessOptions {
  readonly topicSpaces: readonly TopicSpace[];
  readonly roleAssignments?: readonly RoleAssignment[];
  readonly clients?: readonly RegisteredClient[];
}

/** Decides who may publish to and subscribe to what. Roles can change while the broker runs. */
export class TopicSpaceAccess {
  readonly #spaces: readonly TopicSpace[];
  readonly #clients: ReadonlyMap<string, RegisteredClient>;
  #assignments: RoleAssignment[];
  /** Templates by identity and permission. */
  readonly #templates = new Map<string, readonly string[]>();

  /** @throws when a template is not a topic filter, or a topic space is not known */
  constructor({ topicSpaces, roleAssignments = [], clients = [] }: TopicSpaceAccessOptions) {
    this.#spaces = topicSpaces;
    this.#clients = new Map(clients.map((client) => [client.authenticationName.toLowerCase(), client]));
    this.#assignments = [...roleAssignments];
    const bindings = clients.flatMap(({ permissionBindings }) => permissionBindings);
    const problems = [
      ...templateProblems(topicSpaces),
      ...this.#unknownSpaces([...roleAssignments, ...bindings]),
      ...(this.#clients.size < clients.length
        ? ["two clients have one authentication name; upper and lower case are the same"]
        : []),
    ];
    if (problems.length > 0) throw new Error(problems.join("; "));
  }

  /** The client of an authentication name, in whatever case. @see Event Grid, MQTT clients */
  client(authenticationName: string): RegisteredClient | undefined {
    return this.#clients.get(authenticationName.toLowerCase());
  }

  mayPublish(identity: Identity, topic: string): boolean {
    return this.#templatesFor(identity, "publisher").some((template) => matchesTopicFilter(template, topic));
  }

  /** The filter is without `$share/<group>/`. One template has to cover it whole. */
  maySubscribe(identity: Identity, filter: string): boolean {
    return this.#templatesFor(identity, "subscriber").some((template) => coversFilter(template, filter));
  }

  /** Adds a role from now on. In Azure it takes minutes to arrive. */
  assignRole(assignment: RoleAssignment): void {
    const problems = this.#unknownSpaces([assignment]);
    if (problems.length > 0) throw new Error(problems.join("; "));
    this.#assignments.push(assignment);
    this.#templates.clear();
  }

  /** Takes a role away from now on; what was subscribed stays. */
  removeRole({ principalId, role, topicSpace }: RoleAssignment): void {
    this.#assignments = this.#assignments.filter(
      (known) => known.principalId !== principalId || known.role !== role || known.topicSpace !== topicSpace,
    );
    this.#templates.clear();
  }

  #templatesFor({ authenticationName, method }: Identity, permission: Permission): readonly string[] {
    const key = `${method} ${permission} ${authenticationName}`;
    const known = this.#templates.get(key);
    if (known) return known;
    // Attributes are those of registered clients; an identity of Microsoft Entra has none.
    const attributes = method === x509Method ? this.client(authenticationName)?.attributes : undefined;
    const client = { authenticationName, ...(attributes === undefined ? {} : { attributes }) };
    const names =
      method === x509Method
        ? this.#boundSpaces(authenticationName, permission)
        : this.#assignedSpaces(authenticationName, permission);
    const templates = this.#spaces
      .filter(({ name }) => names.has(name))
      .flatMap(({ topicTemplates }) => topicTemplates)
      .flatMap((template) => resolveTopicSpaceTemplate(template, client) ?? []);
    this.#templates.set(key, templates);
    return templates;
  }

  #boundSpaces(authenticationName: string, permission: Permission): ReadonlySet<string> {
    const bindings = this.client(authenticationName)?.permissionBindings ?? [];
    return new Set(bindings.filter((binding) => binding.permission === permission).map(({ topicSpace }) => topicSpace));
  }

  #assignedSpaces(principalId: string, role: Permission): ReadonlySet<string> {
    const own = this.#assignments.filter((known) => known.principalId === principalId && known.role === role);
    const all = this.#spaces.map(({ name }) => name);
    return new Set(own.flatMap(({ topicSpace }) => (topicSpace === undefined ? all : [topicSpace])));
  }

  #unknownSpaces(references: readonly { readonly topicSpace?: string }[]): string[] {
    const known = new Set(this.#spaces.map(({ name }) => name));
    return references
      .map(({ topicSpace }) => topicSpace)
      .filter((name) => name !== undefined && !known.has(name))
      .map((name) => `topic space "${name}" does not exist; add it to topicSpaces`);
  }
}

function templateProblems(spaces: readonly TopicSpace[]): string[] {
  return spaces.flatMap(({ name, topicTemplates }) =>
    topicTemplates.flatMap((template) => {
      const problem = topicSpaceTemplateProblem(template);
      return problem === undefined ? [] : [`topic space "${name}": topic template "${template}" ${problem}`];
    }),
  );
}
