import { isDeepStrictEqual } from "node:util";

import sdk from "@pulumi/azure-native/package.json" with { type: "json" };

import type { ConfiguredProvider, ProviderPlugin, ResourceName, ResourceState } from "../provider-server.ts";
import { digitsFrom } from "../random-name.ts";
import { compareValues, hasUnknown, isValues, textOf, unknown } from "../values.ts";
import type { Value, Values } from "../values.ts";
import { valueAt } from "./rules.ts";
import type { ArmStore } from "./store.ts";
import { armTypes, guidFrom, subscription } from "./types.ts";
import type { ArmType } from "./types.ts";

/**
 * Answers to what components ask Azure beside the resources of known types (`get<Type>`), by token such as
 * `azure-native:authorization:getClientConfig`.
 */
export interface ArmAnswers {
  readonly [token: string]: (args: Values, store: ArmStore) => Values;
}

/**
 * A stand-in for Pulumi's azure-native provider and the Azure Resource Manager behind it. As the provider, it shows in
 * the preview of a change every output but `name` and `location` as unknown, deletes before it replaces, and refuses to
 * create what is there already.
 */
export function createArmProvider(store: ArmStore, answers: ArmAnswers = {}): ProviderPlugin {
  const configured: ConfiguredProvider = {
    check: (resource, before, inputs) => check(resource, before, inputs),
    diff: (resource, before, inputs) => {
      const { replacing } = describeType(resource.type);
      const differences = compareValues(before.inputs, inputs).map(({ path, kind }) => {
        const replaces = replacing.some(
          (replacingPath) => path === replacingPath || path.startsWith(`${replacingPath}.`),
        );
        return { path, kind, replaces, isOfInputs: true };
      });
      return { differences, deleteBeforeReplace: differences.some(({ replaces }) => replaces) };
    },
    create: async (resource, inputs, isPreview) => {
      if (isPreview) return { id: "", outputs: previewOutputs(resource, inputs) };
      const id = idOf(resource.type, inputs);
      if (store.get(id) !== undefined) throw new Error(`cannot create already existing resource "${id}"`);
      checkParent(store, id);
      checkLocks(store, id, "write");
      return { id, outputs: put(store, resource, id, inputs) };
    },
    update: async (resource, { id, outputs }, inputs, isPreview) => {
      if (!isPreview) {
        checkLocks(store, id, "write");
        return put(store, resource, id, inputs);
      }
      const { name = null, location } = outputs;
      return { ...previewOutputs(resource, inputs), name, ...(location === undefined ? {} : { location }) };
    },
    read: async (resource, before) => {
      const outputs = store.get(before.id);
      if (outputs === undefined) return undefined;
      const isImport = Object.keys(before.inputs).length === 0;
      const inputs = isImport ? importInputs(resource, before.id, outputs) : readInputs(resource, before, outputs);
      return { id: before.id, outputs, inputs };
    },
    delete: async (_, { id }) => {
      if (store.get(id) === undefined) throw new Error(armError(404, `ResourceNotFound: ${id} was not found.`));
      checkLocks(store, id, "delete");
      const held = store.ids.filter((other) => other.toLowerCase().startsWith(`${id.toLowerCase()}/`));
      // Azure takes with a resource what is in it.
      for (const gone of [id, ...held]) store.delete(gone);
    },
    invoke: async (token, args) => {
      const answer = answers[token];
      return answer === undefined ? getResource(store, token, args) : answer(args, store);
    },
  };
  return {
    name: "azure-native",
    keepsSecrets: false,
    version: sdk.version,
    schema: JSON.stringify(schema),
    isElsewhere: (before, after) => before["subscriptionId"] !== after["subscriptionId"],
    configure: () => configured,
  };
}

const text = { type: "string" };

/** What programs in YAML need to know of the one resource that the examples create beside a bridge. */
const schema = {
  name: "azure-native",
  version: sdk.version,
  resources: {
    "azure-native:managedidentity:UserAssignedIdentity": {
      inputProperties: { resourceGroupName: text, resourceName: text, location: text },
      requiredInputs: ["resourceGroupName"],
      properties: { name: text, clientId: text, tenantId: text, principalId: text },
      required: ["name", "clientId", "tenantId", "principalId"],
    },
  },
};

/** Answers `azure-native:<module>:get<Type>`: what there is under the ID that the arguments make. */
function getResource(store: ArmStore, token: string, args: Values): Values {
  const type = token.replace(/:get(?=[A-Z]\w*$)/, ":");
  if (type === token) throw new Error(`azure-native: the stand-in has no answer to ${token}; give it in armAnswers`);
  const id = idOf(type, args);
  const resource = store.get(id);
  if (resource === undefined) throw new Error(armError(404, `ResourceNotFound: ${id} was not found.`));
  return { id, ...resource };
}

/** A type with what follows from the form of its ID. */
function describeType(type: string) {
  const row: ArmType | undefined = armTypes[type];
  if (row === undefined) throw new Error(`azure-native: the stand-in has no type ${type}; add a row to armTypes`);
  const inId = [...row.id.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "");
  return { ...row, inId, nameInput: inId.at(-1) ?? "", replacing: [...inId, ...(row.replacing ?? [])] };
}

function check(
  { type, name, randomSeed }: ResourceName & { readonly randomSeed: Uint8Array },
  before: Values | undefined,
  given: Values,
): ReturnType<ConfiguredProvider["check"]> {
  const { nameInput, inId, required = [], rules = {}, isNamedByGuid } = describeType(type);
  const digits = digitsFrom(randomSeed, name);
  const madeUp = isNamedByGuid === true ? guidFrom(digits) : `${name}${digits.slice(0, 8)}`;
  const inputs = { [nameInput]: before?.[nameInput] ?? madeUp, ...given };
  const missing = [...inId, ...required]
    .filter((path) => valueAt(inputs, path) === undefined && !isHidden(inputs, path))
    .map((property) => ({ property, reason: `missing required property '${property}'` }));
  const wrong = Object.entries(rules).flatMap(([property, rule]) => {
    const value = valueAt(inputs, property);
    const reason = value === undefined || hasUnknown(value) ? undefined : rule(value);
    return reason === undefined ? [] : [{ property, reason: `'${property}' ${reason}` }];
  });
  return { inputs, failures: [...missing, ...wrong] };
}

/** Tells whether a preview does not know a value, or what it is in. */
function isHidden(inputs: Values, path: string): boolean {
  let value: Value | undefined = inputs;
  for (const name of path.split(".")) {
    if (value === unknown) return true;
    value = isValues(value) ? value[name] : undefined;
  }
  return value === unknown;
}

/** The resource ID, below the subscription unless the inputs begin with one. */
function idOf(type: string, inputs: Values): string {
  const path = describeType(type).id.replaceAll(/\{(\w+)\}/g, (_, name: string) => textOf(inputs[name]));
  const id = path.replaceAll(/\/{2,}/g, "/");
  return id.startsWith("/subscriptions/") ? id : `${subscription}${id}`;
}

/** What is in another resource needs that one; resource groups are not looked at. */
function checkParent(store: ArmStore, id: string): void {
  const [, scope = "", path = ""] = /^(.*)\/providers\/(.*)$/.exec(id) ?? [];
  const [provider = "", ...names] = path.split("/");
  const parents = [
    ...(names.length > 2 ? [`${scope}/providers/${provider}/${names.slice(0, -2).join("/")}`] : []),
    ...(scope.includes("/providers/") ? [scope] : []),
  ];
  for (const parent of parents) {
    if (store.get(parent) === undefined)
      throw new Error(armError(404, `ParentResourceNotFound: ${parent} was not found.`));
  }
}

/**
 * A lock holds for its resource, and for all that is in it or attached to it; other locks excepted.
 * @see Azure Resource Manager, Lock your resources, Lock inheritance
 */
function checkLocks(store: ArmStore, id: string, operation: "write" | "delete"): void {
  const form = /^(.*)\/providers\/Microsoft\.Authorization\/locks\/[^/]+$/i;
  if (form.test(id)) return;
  const [lock] = store.ids.filter((one) => {
    const scope = form.exec(one)?.[1]?.toLowerCase();
    if (scope === undefined || !`${id.toLowerCase()}/`.startsWith(`${scope}/`)) return false;
    return operation === "delete" || store.get(one)?.["level"] === "ReadOnly";
  });
  if (lock === undefined) return;
  const message = `ScopeLocked: The scope '${id}' cannot perform ${operation} operation because of the lock '${lock}'.`;
  throw new Error(armError(409, message));
}

function put(store: ArmStore, { type }: ResourceName, id: string, inputs: Values): Values {
  const { defaults = {}, computed = {}, immutable = [], refuses, conflicts } = describeType(type);
  const before = store.get(id);
  const changed = before && immutable.find((path) => !isDeepStrictEqual(valueAt(before, path), valueAt(inputs, path)));
  if (changed !== undefined) throw new Error(armError(400, `BadRequest: ${changed} can't be changed.`));
  const conflict = conflicts && siblingsOf(store, id).flatMap((other) => conflicts(inputs, other) ?? [])[0];
  if (conflict !== undefined) throw new Error(armError(409, conflict));
  const refusal = refuses?.(inputs, before, store);
  if (refusal !== undefined) throw new Error(armError(refusal.startsWith("RoleAssignmentExists") ? 409 : 400, refusal));
  let resource: Values = { ...inputs, name: id.split("/").at(-1) ?? "" };
  for (const [path, value] of Object.entries(defaults))
    resource = setAt(resource, path, valueAt(resource, path) ?? value);
  for (const [path, compute] of Object.entries(computed)) resource = setAt(resource, path, compute(resource, id));
  store.set(id, resource);
  return resource;
}

/** The resources of the same type in the same place. */
function siblingsOf(store: ArmStore, id: string): Values[] {
  const place = (one: string) => one.toLowerCase().replace(/[^/]*$/, "");
  const others = store.ids.filter((other) => place(other) === place(id) && other.toLowerCase() !== id.toLowerCase());
  return others.map((other) => store.get(other)).filter((other) => other !== undefined);
}

function previewOutputs({ type }: ResourceName, inputs: Values): Values {
  const { defaults = {}, computed = {} } = describeType(type);
  const hidden = ["name", ...Object.keys(computed), ...Object.keys(defaults).filter((path) => !valueAt(inputs, path))];
  return hidden.reduce((outputs, path) => setAt(outputs, path, unknown), inputs);
}

/** The inputs that would have made what is there: those of the program with what has changed in Azure since. */
function readInputs({ type }: ResourceName, before: ResourceState, outputs: Values): Values {
  const { computed = {} } = describeType(type);
  const changes = compareValues(before.outputs, outputs).filter(({ path }) => computed[path] === undefined);
  const changed = new Set(changes.map(({ names }) => String(names[0])).filter((name) => name !== "name"));
  return [...changed].reduce<Values>((inputs, name) => {
    const value = outputs[name];
    const known = inputs[name];
    if (value === undefined) return Object.fromEntries(Object.entries(inputs).filter(([key]) => key !== name));
    if (!isValues(value) || !isValues(known)) return { ...inputs, [name]: value };
    return { ...inputs, [name]: projectOn(known, value, isValues(before.outputs[name]) ? before.outputs[name] : {}) };
  }, before.inputs);
}

/** What the provider knows of a resource that it imports: the names in its ID, and all that Azure has not computed. */
function importInputs({ type }: ResourceName, id: string, outputs: Values): Values {
  const { id: template, inId, computed = {} } = describeType(type);
  const pattern = new RegExp(`${template.replaceAll(/\{\w+\}/g, "([^/]+)")}$`, "i");
  const names = pattern.exec(id)?.slice(1) ?? [];
  const { name, ...given } = Object.keys(computed).reduce(withoutAt, outputs);
  return { ...given, ...Object.fromEntries(inId.map((input, index) => [input, names[index] ?? null])) };
}

function withoutAt(values: Values, path: string): Values {
  const [name = "", ...rest] = path.split(".");
  const { [name]: inner, ...others } = values;
  if (rest.length === 0 || !isValues(inner)) return others;
  return { ...others, [name]: withoutAt(inner, rest.join(".")) };
}

/** Takes over what the inputs have and what was changed; the rest are Azure's own defaults. */
function projectOn(inputs: Values, outputs: Values, before: Values): Values {
  return Object.fromEntries(
    Object.entries(outputs).filter(
      ([name, value]) => inputs[name] !== undefined || JSON.stringify(before[name]) !== JSON.stringify(value),
    ),
  );
}

function setAt(values: Values, path: string, value: Value): Values {
  const [name = "", ...rest] = path.split(".");
  if (rest.length === 0) return { ...values, [name]: value };
  const inner = values[name];
  // Below what a preview does not know, nothing is known.
  if (inner === unknown) return values;
  return { ...values, [name]: setAt(isValues(inner) ? inner : {}, rest.join("."), value) };
}

/** An error as the Azure SDK prints it. */
function armError(status: number, text: string): string {
  const [, code = "", message = ""] = /^(\w+): (.*)$/s.exec(text) ?? [];
  return `Status=${status} Code="${code}" Message="${message}"`;
}
