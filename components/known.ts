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

/**
 * Applies a function to an input: at once where all of it is known, and else when it gets known. An output costs a program
 * more than most of what is computed here, and a program may have hundreds of sites.
 */
export function mapInput<T, R>(input: T, map: (value: pulumi.Unwrap<T>) => pulumi.Input<R>): pulumi.Input<R> {
  if (isWhollyKnown(input)) return map(input as pulumi.Unwrap<T>);
  const output = (pulumi.Output.isInstance(input) ? input : pulumi.output(input)) as pulumi.Output<pulumi.Unwrap<T>>;
  return output.apply(map) as pulumi.Output<R>;
}

/** Tells whether an input is known with all that is in it. */
function isWhollyKnown(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return isKnown(value) && Object.values(value).every(isWhollyKnown);
}

/** An input as an output; one that is an output already is the same one. */
export function asOutput<T>(input: pulumi.Input<T>): pulumi.Output<T> {
  return (pulumi.Output.isInstance(input) ? input : pulumi.output(input)) as pulumi.Output<T>;
}

/** The fields that are given, whether or not their values are known. */
export function givenFields(args: object): string[] {
  return Object.entries(args).flatMap(([key, value]) => (value === undefined ? [] : [key]));
}

/** The fields that are given, so that an explicit `undefined` hides no default. */
export function withoutUndefined<T extends object>(args: T): T {
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined)) as T;
}

/** Applies a function to each value of an object. */
export function mapValues<T, R>(
  values: { readonly [name: string]: T },
  map: (value: T, name: string) => R,
): { [name: string]: R } {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value, name)]));
}
