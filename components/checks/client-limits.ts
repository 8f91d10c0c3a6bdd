import type { Problem } from "../../runtime/contract/errors.ts";
import type { X509ClientArgs } from "../event-grid/x509.ts";
import { isKnown } from "../known.ts";

/** What Event Grid keeps of a client at most. @see Event Grid, MQTT clients */
export const clientLimits = {
  authenticationNameLength: 128,
  thumbprints: 2,
  /** All keys and values together; it has to be less. */
  attributeBytes: 4096,
} as const;

interface Clients {
  readonly [name: string]: X509ClientArgs;
}

/** Refuses what Event Grid does not keep of a client: long names, a third thumbprint, attributes of other forms or sizes. */
export function checkClientLimits(clients: Clients): Problem[] {
  return [
    ...Object.entries(clients).flatMap(([name, client]) => [
      ...checkAuthenticationName(`clients.${name}.authenticationName`, client),
      ...checkThumbprintCount(`clients.${name}.allowedThumbprints`, client),
      ...checkAttributes(`clients.${name}.attributes`, client.attributes ?? {}),
    ]),
    ...findSharedAuthenticationNames(clients),
    ...checkPreviousNames(clients),
  ];
}

/** The authentication name as Event Grid compares it: it keeps upper and lower case, and ignores it in comparisons. */
export function foldedAuthenticationName(name: string): string {
  return name.toLowerCase();
}

function checkAuthenticationName(path: string, { authenticationName }: X509ClientArgs): Problem[] {
  const most = clientLimits.authenticationNameLength;
  if (authenticationName === undefined || (authenticationName !== "" && authenticationName.length <= most)) return [];
  const problem = `is ${authenticationName.length} characters long`;
  return [{ path, problem, remedy: `give 1 to ${most} characters` }];
}

function checkThumbprintCount(path: string, { allowedThumbprints = [] }: X509ClientArgs): Problem[] {
  if (allowedThumbprints.length <= clientLimits.thumbprints) return [];
  const problem = `lists ${allowedThumbprints.length} thumbprints, more than the ${clientLimits.thumbprints} of a client`;
  const remedy = "keep the certificate that is in use and its successor; other certificates need a client of their own";
  return [{ path, problem, remedy }];
}

function checkAttributes(path: string, attributes: { readonly [name: string]: unknown }): Problem[] {
  const keys = Object.keys(attributes)
    .filter((key) => !/^[A-Za-z0-9_]+$/.test(key))
    .map((key) => ({
      path: `${path}.${key}`,
      problem: `is no key for an attribute ("${key}")`,
      remedy: 'name it with letters, digits and "_"',
    }));
  const values = Object.entries(attributes)
    .filter(([, value]) => !isAttributeValue(value))
    .map(([key]) => ({
      path: `${path}.${key}`,
      problem: "is no value that Event Grid keeps",
      remedy: "give a text, a whole number, true or false, or a list of texts",
    }));
  return [...keys, ...values, ...checkAttributeSize(path, attributes)];
}

/** @see Azure REST API, Clients (2025-02-15), attributes: int, bool, string, string[] */
function isAttributeValue(value: unknown): boolean {
  if (!isKnown(value)) return true;
  if (Array.isArray(value)) return value.every((one) => !isKnown(one) || typeof one === "string");
  return typeof value === "string" || typeof value === "boolean" || Number.isSafeInteger(value);
}

/** Counts keys and values alone: how Event Grid counts is not documented, and nothing is refused that it may take. */
function checkAttributeSize(path: string, attributes: { readonly [name: string]: unknown }): Problem[] {
  const texts = Object.entries(attributes).flatMap(([key, value]) => [key, ...[value].flat().filter(isPlain)]);
  const bytes = texts.reduce((sum: number, text) => sum + Buffer.byteLength(String(text)), 0);
  if (bytes < clientLimits.attributeBytes) return [];
  const problem = `has ${bytes} bytes of keys and values`;
  const remedy = `keep it below ${clientLimits.attributeBytes} bytes: leave out what no client group and no topic template asks for`;
  return [{ path, problem, remedy }];
}

function isPlain(value: unknown): value is string | number | boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

/** Two clients of one authentication name: Event Grid refuses the one that is created later. */
function findSharedAuthenticationNames(clients: Clients): Problem[] {
  const first = new Map<string, string>();
  return Object.entries(clients).flatMap(([name, { authenticationName = name }]) => {
    const folded = foldedAuthenticationName(authenticationName);
    const other = first.get(folded);
    first.set(folded, other ?? name);
    // Clients whose own names are the same are told of already.
    if (other === undefined || other.toLowerCase() === name.toLowerCase()) return [];
    const { authenticationName: theirs = other } = clients[other] ?? {};
    const ignored = theirs === authenticationName ? "" : ", but for upper and lower case, which Event Grid ignores";
    const problem = `has the authentication name "${authenticationName}" of clients.${other}${ignored}`;
    return [{ path: `clients.${name}`, problem, remedy: "give each client its own" }];
  });
}

/** A client that is still here, or that another one was before, can't be what this one was. */
function checkPreviousNames(clients: Clients): Problem[] {
  const taken = new Map<string, string>();
  return Object.entries(clients).flatMap(([name, { previousName }]) => {
    if (previousName === undefined || previousName === name) return [];
    const path = `clients.${name}.previousName`;
    const other = taken.get(previousName);
    taken.set(previousName, other ?? name);
    if (Object.hasOwn(clients, previousName)) {
      const problem = `is "${previousName}", and clients.${previousName} still has that name`;
      return [{ path, problem, remedy: "remove it, or remove that client" }];
    }
    if (other === undefined) return [];
    const problem = `is "${previousName}", as clients.${other}.previousName is`;
    return [{ path, problem, remedy: "remove one" }];
  });
}
