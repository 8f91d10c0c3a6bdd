import * as pulumi from "@pulumi/pulumi";

/** Values by field name, with what becomes known only during the deployment replaced or left out. */
export type KnownFields<T> = { [K in keyof T]?: pulumi.Unwrap<T[K]> };

/**
 * The fields that are known before the deployment, so that a preview can check them at once.
 * A field that is an output or a promise becomes its stand-in, or is left out where there is none.
 */
export function knownFields<T extends object>(args: T, standIns: KnownFields<T> = {}): KnownFields<T> {
  const entries = Object.entries(args).flatMap(([key, value]: [string, unknown]) => {
    if (value === undefined) return [];
    if (isKnown(value)) return [[key, value] as const];
    const standIn = standIns[key as keyof T];
    return standIn === undefined ? [] : [[key, standIn] as const];
  });
  return Object.fromEntries(entries) as KnownFields<T>;
}

/** Tells whether an input is a plain value. */
export function isKnown<T>(value: pulumi.Input<T>): value is T {
  return !pulumi.Output.isInstance(value) && !(value instanceof Promise);
}

/** The fields that are given, whether or not their values are known. */
export function givenFields(args: object): string[] {
  return Object.entries(args).flatMap(([key, value]) => (value === undefined ? [] : [key]));
}

/** The fields that are given, so that an explicit `undefined` hides no default. */
export function withoutUndefined<T extends object>(args: T): T {
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined)) as T;
}
