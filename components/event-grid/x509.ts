import type * as eventgrid from "@pulumi/azure-native/eventgrid/index.js";
import type * as pulumi from "@pulumi/pulumi";

import type { Problem } from "../../runtime/contract/errors.ts";
import { checkClientLimits } from "../checks/client-limits.ts";
import { judgeClientCas } from "../certificates.ts";
import { isPem } from "../checks/pem-content.ts";
import { byRule } from "../checks/rules.ts";
import { findTwins } from "../checks/twin-names.ts";
import type { ClientPermission, ClientState, ClientValidationScheme } from "../enumerations.ts";
import { allClients } from "./client-query.ts";
import { eventGridName, eventGridNameRule, namespaceQuotas } from "./quotas.ts";

/** A CA whose certificates clients may present. */
export interface CaCertificateArgs {
  /**
   * The CA that signed the client certificates itself, in PEM format: the intermediate one, not the chain above it. A preview refuses
   * one that has ended, and warns of one that ends within 30 days.
   */
  certificate: pulumi.Input<string>;
  /** What the CA is for. */
  description?: pulumi.Input<string>;
}

/** A client that authenticates with a certificate. */
export interface X509ClientArgs {
  /**
   * Name that the client authenticates with: its MQTT user name, or the certificate's field that the namespace takes it from.
   * 1 to 128 characters, another one for each client of the namespace; upper and lower case are the same. Azure can't change it:
   * a change replaces the client, which is deleted first.
   * @default the client's name
   */
  authenticationName?: string;
  /**
   * Which field of the certificate has to be the authentication name; `"ThumbprintMatch"` for self-signed certificates.
   * @default "SubjectMatchesAuthenticationName"
   */
  validationScheme?: ClientValidationScheme;
  /** ThumbprintMatch: 1 or 2 thumbprints of certificates, in hexadecimal digits. The second one lets a certificate be renewed. */
  allowedThumbprints?: string[];
  /**
   * Attributes that client groups select by: texts, whole numbers, true or false, lists of texts. Their keys have letters, digits
   * and `_`; all of them together have less than 4096 bytes.
   * Plain values, because they decide which groups the client is in.
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what Azure takes is a union that Pulumi's schema has no word for
  attributes?: { [name: string]: any };
  /**
   * Whether the client may connect.
   * @default "Enabled"
   */
  state?: ClientState;
  /** What the client is. */
  description?: pulumi.Input<string>;
  /**
   * Name that the client had in an earlier deployment. With it a client that is renamed is replaced: the old one is deleted
   * first. Without, the new one is created while the old one still has its authentication name, which Azure refuses.
   * It may stay or be removed once it is deployed.
   */
  previousName?: string;
}

/** A group of clients that permissions are given to. */
export interface ClientGroupArgs {
  /** Which clients are in it, such as `"attributes.type IN ['relay']"`. */
  query: string;
  /** What the group is for. */
  description?: pulumi.Input<string>;
}

/** What the clients of a group may do in a topic space. */
export interface PermissionBindingArgs {
  /** Name of the client group, or `"$all"` for every client of the namespace. */
  clientGroup: string;
  /** Name of the topic space. */
  topicSpace: string;
  /** What they may do. */
  permission: ClientPermission;
  /** What the permission is for. */
  description?: pulumi.Input<string>;
}

/** All that a namespace has to know of clients with certificates, each by name; the names are plain, since they decide what exists. */
export interface X509ClientsArgs {
  /** CAs, 10 at most. Omitted: only clients with ThumbprintMatch can connect. */
  caCertificates?: { [name: string]: CaCertificateArgs };
  /** Clients. No two names of one list are the same but for upper and lower case. */
  clients?: { [name: string]: X509ClientArgs };
  /** Client groups, 10 at most. The group `$all` exists without being declared. */
  clientGroups?: { [name: string]: ClientGroupArgs };
  /** Permissions, 100 at most. */
  permissionBindings?: { [name: string]: PermissionBindingArgs };
}

/** Names of clients, which may also hold what host names and serial numbers are made of. @see Event Grid, MQTT clients */
const clientName = /^[A-Za-z0-9._:-]{1,128}$/;

const thumbprintScheme = "ThumbprintMatch";
const defaultScheme = "SubjectMatchesAuthenticationName";

/**
 * Lists what Event Grid would refuse, or what no client could connect with; `topicSpaces` are the names that are known to exist.
 * @param topicSpacesField argument that lists them
 */
export function checkX509Clients(
  args: X509ClientsArgs,
  topicSpaces: readonly string[] | undefined,
  topicSpacesField = "topicSpaces",
): Problem[] {
  const ofClients = byRule("x509-clients", [
    ...checkQuotas(args),
    ...checkNames(args),
    ...Object.entries(args.clients ?? {}).flatMap(([name, client]) => checkClient(`clients.${name}`, client)),
    ...checkClientLimits(args.clients ?? {}),
    ...Object.entries(args.permissionBindings ?? {}).flatMap(([name, binding]) =>
      checkBinding(`permissionBindings.${name}`, binding, Object.keys(args.clientGroups ?? {}), {
        names: topicSpaces,
        field: topicSpacesField,
      }),
    ),
  ]);
  return [...ofClients, ...judgeClientCas("", args).problems];
}

function checkQuotas(args: X509ClientsArgs): Problem[] {
  return (["caCertificates", "clientGroups", "permissionBindings"] as const).flatMap((field) => {
    const count = Object.keys(args[field] ?? {}).length;
    if (count <= namespaceQuotas[field]) return [];
    const problem = `lists ${count}, more than the ${namespaceQuotas[field]} of a namespace`;
    return [{ path: field, problem, remedy: "let one serve several clients, or use another namespace" }];
  });
}

function checkNames({ caCertificates, clients, clientGroups, permissionBindings }: X509ClientsArgs): Problem[] {
  const parts = { caCertificates, clientGroups, permissionBindings };
  const named = Object.entries(parts).flatMap(([part, entries]) =>
    Object.keys(entries ?? {})
      .filter((name) => !eventGridName.test(name))
      .map((name) => ({
        path: `${part}.${name}`,
        problem: `is no name that Event Grid takes ("${name}")`,
        remedy: `name it with ${eventGridNameRule}`,
      })),
  );
  const unnamed = Object.keys(clients ?? {})
    .filter((name) => !clientName.test(name))
    .map((name) => ({
      path: `clients.${name}`,
      problem: `is no name for a client ("${name}")`,
      remedy: 'name it with at most 128 letters, digits, "-", ".", "_" and ":"',
    }));
  const all = { ...parts, clients };
  const twins = Object.entries(all).flatMap(([part, entries]) => findTwins(part, Object.keys(entries ?? {})));
  return [...named, ...unnamed, ...twins];
}

function checkClient(path: string, { validationScheme, allowedThumbprints }: X509ClientArgs): Problem[] {
  const at = `${path}.allowedThumbprints`;
  if (validationScheme !== thumbprintScheme) {
    if (allowedThumbprints === undefined) return [];
    const problem = `is set, and validation scheme ${validationScheme ?? defaultScheme} does not use it`;
    return [{ path: at, problem, remedy: `remove it, or set validationScheme to "${thumbprintScheme}"` }];
  }
  if (allowedThumbprints === undefined || allowedThumbprints.length === 0) {
    const problem = `is empty, and validation scheme ${thumbprintScheme} compares with it`;
    return [{ path: at, problem, remedy: "add the thumbprint of the client's certificate" }];
  }
  return allowedThumbprints.flatMap((thumbprint, index) =>
    /^([0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})$/.test(thumbprint)
      ? []
      : [
          {
            path: `${at}[${index}]`,
            problem: isPem(thumbprint) ? "is a certificate or a key in PEM format" : `is "${thumbprint}"`,
            remedy: "give 40 or 64 hexadecimal digits without colons",
          },
        ],
  );
}

function checkBinding(
  path: string,
  { clientGroup, topicSpace }: PermissionBindingArgs,
  groups: readonly string[],
  { names: topicSpaces, field }: { readonly names: readonly string[] | undefined; readonly field: string },
): Problem[] {
  const problems: Problem[] = [];
  if (clientGroup !== allClients && !groups.includes(clientGroup)) {
    const remedy = `use "${allClients}", or add it to clientGroups`;
    problems.push({
      path: `${path}.clientGroup`,
      problem: `is "${clientGroup}", which is no client group here`,
      remedy,
    });
  }
  if (topicSpaces !== undefined && !topicSpaces.includes(topicSpace)) {
    const known = topicSpaces.map((name) => `"${name}"`).join(", ");
    const remedy = known === "" ? `add it to ${field}` : `use one of ${known}, or add it to ${field}`;
    problems.push({ path: `${path}.topicSpace`, problem: `is "${topicSpace}", which is no topic space here`, remedy });
  }
  return problems;
}

/** Where the resources are created. */
export interface NamespaceReference {
  readonly resourceGroupName: pulumi.Input<string>;
  readonly namespaceName: pulumi.Input<string>;
}

export function buildCaCertificate(
  namespace: NamespaceReference,
  caCertificateName: string,
  { certificate, description }: CaCertificateArgs,
): eventgrid.CaCertificateArgs {
  return { ...namespace, caCertificateName, encodedCertificate: certificate, ...optional({ description }) };
}

export function buildClient(
  namespace: NamespaceReference,
  clientName: string,
  { authenticationName, validationScheme, allowedThumbprints, attributes, state, description }: X509ClientArgs,
): eventgrid.ClientArgs {
  return {
    ...namespace,
    clientName,
    authenticationName: authenticationName ?? clientName,
    clientCertificateAuthentication: {
      validationScheme: validationScheme ?? defaultScheme,
      ...optional({ allowedThumbprints: allowedThumbprints?.map((digits) => digits.toUpperCase()) }),
    },
    attributes: attributes ?? {},
    state: state ?? "Enabled",
    ...optional({ description }),
  };
}

export function buildClientGroup(
  namespace: NamespaceReference,
  clientGroupName: string,
  { query, description }: ClientGroupArgs,
): eventgrid.ClientGroupArgs {
  return { ...namespace, clientGroupName, query, ...optional({ description }) };
}

function optional<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
