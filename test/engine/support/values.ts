import struct from "google-protobuf/google/protobuf/struct_pb.js";
import { runtime } from "@pulumi/pulumi";

/** A value as Pulumi's wire has it, with secrets taken off and unknown values as {@link unknown}. */
export type Value = null | boolean | number | string | readonly Value[] | Values;

/** Properties by name. */
export interface Values {
  readonly [name: string]: Value;
}

/** Stands for a value that a preview does not know. */
export const unknown = runtime.unknownValue;

const { specialSigKey, specialSecretSig } = runtime;

/** Reads properties as the engine sent them. */
export function readValues(properties: struct.Struct | undefined): Values {
  return properties === undefined ? {} : properties.toJavaScript();
}

/** Writes properties for the engine. */
export function writeValues(values: Values): struct.Struct {
  return struct.Struct.fromJavaScript(values);
}

/** The value as a text, when it is one or a number; empty otherwise. */
export function textOf(value: Value | undefined): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** Marks a value as secret: the engine then encrypts it wherever it keeps it. */
export function secret(value: Value): Values {
  return isSecret(value) ? value : { [specialSigKey]: specialSecretSig, value };
}

export function isSecret(value: Value | undefined): value is Values {
  return isValues(value) && value[specialSigKey] === specialSecretSig;
}

export function isValues(value: Value | undefined): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Takes the marks of secrets off, however deep they are. */
export function reveal(value: Value): Value {
  if (Array.isArray(value)) return (value as readonly Value[]).map(reveal);
  if (!isValues(value)) return value;
  return isSecret(value) ? reveal(value["value"] ?? null) : revealValues(value);
}

export function revealValues(values: Values): Values {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, reveal(value)]));
}

/** Tells whether a preview does not know the value or a part of it. */
export function hasUnknown(value: Value): boolean {
  if (value === unknown) return true;
  if (Array.isArray(value)) return (value as readonly Value[]).some(hasUnknown);
  return isValues(value) && Object.values(value).some(hasUnknown);
}

/** How one property changed, by its path as Pulumi writes paths: `spec.containers[0].image`. */
export interface PropertyChange {
  readonly path: string;
  readonly names: readonly (string | number)[];
  readonly kind: "add" | "delete" | "update";
}

/** Lists what differs between two values, each as deep as both have the same shape. */
export function compareValues(
  before: Value | undefined,
  after: Value | undefined,
  names: readonly (string | number)[] = [],
): PropertyChange[] {
  const change = (kind: PropertyChange["kind"]) => [{ path: formatPath(names), names, kind }];
  if (before === undefined && after === undefined) return [];
  if (before === undefined) return change("add");
  if (after === undefined) return change("delete");
  if (Array.isArray(before) && Array.isArray(after)) {
    const [old, changed] = [before as readonly Value[], after as readonly Value[]];
    const indexes = [...Array(Math.max(old.length, changed.length)).keys()];
    return indexes.flatMap((index) => compareValues(old[index], changed[index], [...names, index]));
  }
  if (isValues(before) && isValues(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => compareValues(before[key], after[key], [...names, key]));
  }
  return before === after ? [] : change("update");
}

function formatPath(names: readonly (string | number)[]): string {
  return names.reduce<string>((path, name) => {
    if (typeof name === "number") return `${path}[${name}]`;
    if (/[."[\]]/.test(name)) return `${path}["${name.replaceAll('"', '\\"')}"]`;
    return path === "" ? name : `${path}.${name}`;
  }, "");
}
