import type { Problem } from "../../runtime/contract/errors.ts";
import { isReservedTopic, resolveTopicSpaceTemplate } from "../../runtime/contract/topic/topic-space-template.ts";
import { filtersOverlap } from "../../runtime/contract/topic/overlap.ts";
import { allClients, matchesClientQuery } from "../event-grid/client-query.ts";
import { templateFilter } from "../event-grid/topic-spaces.ts";
import type { TopicSpaceArgs } from "../event-grid/topic-spaces.ts";
import type { PermissionBindingArgs, X509ClientArgs, X509ClientsArgs } from "../event-grid/x509.ts";
import { filterCovers } from "../topic-sets.ts";
import { foldedAuthenticationName } from "./client-limits.ts";
import { byRule } from "./rules.ts";
import type { NeededTopic } from "./topic-coverage.ts";
import { checkPresentedCertificate } from "./x509-certificate.ts";

/** An endpoint with a certificate, at a namespace of which everything is declared. */
export interface X509Access {
  /** The endpoint in the declaration: `eventGridEndpoints.cloud`. */
  readonly path: string;
  /** User name that it sends; `undefined` when it sends none, a stand-in where only the deployment knows it. */
  readonly username: string | undefined;
  readonly isUsernameKnown: boolean;
  readonly hasNameSources: boolean;
  readonly x509: X509ClientsArgs;
  readonly topicSpaces: { readonly [name: string]: TopicSpaceArgs };
  readonly published: readonly NeededTopic[];
  readonly subscribed: readonly NeededTopic[];
  /** The certificate that it presents, where it is known, and the argument that has it. */
  readonly certificate?: { readonly path: string; readonly pem: string } | undefined;
}

/**
 * Lists what an endpoint with a certificate lacks at its namespace: a name that Event Grid knows it by, a CA or a
 * thumbprint that its certificate is judged by, a client, and a permission for each topic of its dataflows.
 * @see Event Grid, MQTT client authentication
 */
export function checkX509Access(access: X509Access): Problem[] {
  const candidates = candidateClients(access);
  return byRule("x509-access", [
    ...checkName(access),
    ...checkTrust(access),
    ...(candidates.length === 0 ? [describeMissingClient(access)] : checkPermissions(access, candidates)),
    ...checkPresented(access, candidates),
  ]);
}

function checkName({ path, username, hasNameSources }: X509Access): Problem[] {
  if (username !== undefined || hasNameSources) return [];
  const problem = "is missing, and the namespace takes the authentication name from no field of the certificate";
  const remedy = "give the authentication name of the client, or list eventGrid.authenticationNameSources";
  return [{ path: `${path}.username`, problem, remedy }];
}

function checkTrust({ x509: { caCertificates, clients } }: X509Access): Problem[] {
  const hasThumbprints = Object.values(clients ?? {}).some(({ validationScheme }) => isThumbprint(validationScheme));
  if (Object.keys(caCertificates ?? {}).length > 0 || hasThumbprints) return [];
  const problem = "is empty, and no client has validation scheme ThumbprintMatch";
  const remedy = "add the CA that signed the clients' certificates, or the thumbprint of each certificate";
  return [{ path: "eventGrid.x509.caCertificates", problem, remedy }];
}

function isThumbprint(scheme: X509ClientArgs["validationScheme"]): boolean {
  return scheme === "ThumbprintMatch";
}

function checkPresented({ certificate }: X509Access, candidates: readonly NamedClient[]): Problem[] {
  const [only, ...others] = candidates;
  if (certificate === undefined || only === undefined || others.length > 0) return [];
  return checkPresentedCertificate({ ...certificate, clientName: only[0], client: only[1] });
}

type NamedClient = readonly [name: string, client: X509ClientArgs];

/** The clients that the endpoint may be; more than one where its authentication name is in the certificate. */
function candidateClients({ username, isUsernameKnown, x509: { clients } }: X509Access): NamedClient[] {
  const enabled = Object.entries(clients ?? {}).filter(([, { state }]) => state !== "Disabled");
  if (username === undefined || !isUsernameKnown) return enabled;
  const wanted = foldedAuthenticationName(username);
  return enabled.filter(([name, { authenticationName = name }]) => {
    return foldedAuthenticationName(authenticationName) === wanted;
  });
}

function describeMissingClient({ path, username, isUsernameKnown }: X509Access): Problem {
  const isNamed = username !== undefined && isUsernameKnown;
  const problem = isNamed
    ? `is "${username}", which is the authentication name of no enabled client in eventGrid.x509.clients`
    : "is X509Certificate, and eventGrid.x509.clients has no enabled client";
  const field = isNamed ? "username" : "authenticationMethod";
  return { path: `${path}.${field}`, problem, remedy: "add the client there" };
}

/** Topics of a dataflow with the permission that they take. */
interface Need extends NeededTopic {
  readonly permission: PermissionBindingArgs["permission"];
}

/** No permission can give topics that Event Grid reserves: another rule refuses them. */
function needsOf({ published, subscribed }: X509Access): Need[] {
  return [
    ...published.map((topic) => ({ ...topic, permission: "Publisher" as const })),
    ...subscribed.map((topic) => ({ ...topic, permission: "Subscriber" as const })),
  ].filter(({ filter }) => !isReservedTopic(filter));
}

/** Refuses topics of which the client may use none; which of them its messages have, only their source decides. */
function checkPermissions(access: X509Access, candidates: readonly NamedClient[]): Problem[] {
  return needsOf(access)
    .filter((need) => !isGranted(access, candidates, need, filtersOverlap))
    .map((need) => describeNeed(need, candidates, "which no permission binding gives"));
}

/**
 * Finds topics of which a permission binding gives some, though the topic spaces have them all: Event Grid refuses the
 * rest. Topics that the topic spaces lack are `checkTopicCoverage`'s to tell.
 */
export function findPartialPermissions(access: X509Access): Problem[] {
  const candidates = candidateClients(access);
  const spaces = Object.values(access.topicSpaces);
  const partial = needsOf(access)
    .filter((need) => isGranted(access, candidates, need, filtersOverlap))
    .filter((need) => !isGranted(access, candidates, need, filterCovers))
    .filter(({ filter }) => spaces.some((space) => hasTopics(space, filter, filterCovers)));
  const finding = "which permission bindings give only in part, so that Event Grid refuses the rest";
  return byRule(
    "x509-access",
    partial.map((need) => describeNeed(need, candidates, finding)),
  );
}

function describeNeed({ path, filter, permission }: Need, candidates: readonly NamedClient[], finding: string) {
  const who = candidates.map(([name]) => `"${name}"`).join(" or ");
  const problem = `needs ${permission} of "${filter}" for client ${who}, ${finding}`;
  const remedy = `add one to eventGrid.x509.permissionBindings: a client group with the client, a topic space with these topics, "${permission}"`;
  return { path, problem, remedy };
}

/** How a topic template and needed topics have to fit: the one takes in the other, or they share some. */
type Fit = (template: string, filter: string) => boolean;

function isGranted(
  { x509, topicSpaces }: X509Access,
  candidates: readonly NamedClient[],
  need: Need,
  fit: Fit,
): boolean {
  return Object.values(x509.permissionBindings ?? {})
    .filter(({ permission }) => permission === need.permission)
    .some((binding) =>
      candidates.some((client) => {
        return mayBeIn(x509, binding, client) && hasTopics(topicSpaces[binding.topicSpace], need.filter, fit, client);
      }),
    );
}

function hasTopics(space: TopicSpaceArgs | undefined, filter: string, fit: Fit, client?: NamedClient): boolean {
  return space?.topicTemplates.some((template) => fit(filterFor(template, client), filter)) ?? false;
}

/** A template with the client's own values in it; what is not known of the client may be any level. */
function filterFor(template: string, client: NamedClient | undefined): string {
  if (client === undefined) return templateFilter(template);
  const [name, { authenticationName = name, attributes = {} }] = client;
  return resolveTopicSpaceTemplate(template, { authenticationName, attributes }) ?? templateFilter(template);
}

/** Only what is surely no member is none: Azure reads more of the query language than we do. */
function mayBeIn(
  { clientGroups }: X509ClientsArgs,
  { clientGroup }: PermissionBindingArgs,
  [name, { authenticationName = name, attributes = {} }]: NamedClient,
): boolean {
  if (clientGroup === allClients) return true;
  const group = clientGroups?.[clientGroup];
  return group !== undefined && matchesClientQuery(group.query, { authenticationName, attributes }) !== false;
}
