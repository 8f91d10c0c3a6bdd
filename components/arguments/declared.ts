import * as pulumi from "@pulumi/pulumi";

import { refusal, refuse } from "../refuse.ts";
import { argumentSchema } from "./schema.ts";
import { ShapeCheck } from "./shape.ts";
import type { LateProperty } from "./shape.ts";

const checked = new WeakSet();
/** The values that only the deployment tells, as they were given, by what became of them here. */
const given = new WeakMap<object, object>();

/** Marks arguments that a component of this package builds for another one, out of what it was given and has checked. */
export function checkedArgs<T extends object>(args: T): T {
  checked.add(args);
  return args;
}

/** Tells whether another component of this package has built these arguments, and has checked them. */
export function areCheckedArgs(args: object): boolean {
  return checked.has(args);
}

/** A value that only the deployment tells as the program gave it, so that the same one can be told in two components' arguments. */
export function givenValue(value: object): object {
  return given.get(value) ?? value;
}

/** Values that wait to be compared, by component. */
const waiting = new WeakMap<pulumi.Resource, pulumi.Output<unknown>[]>();

/** The arguments of a component that are compared when they are known: each fails with what is wrong with it. */
export function lateArgs(component: pulumi.Resource): readonly pulumi.Output<unknown>[] {
  return waiting.get(component) ?? [];
}

/**
 * The arguments of a component, once their shape is right: what is known is compared with the package's schema before anything
 * else looks at it, and what only the deployment tells when it is known. A value that comes to nothing, such as an output
 * that another stack does not have, then fails here and not in a resource that was given it.
 * @throws {pulumi.ResourceError} with every problem of shape; in a plugin {@link pulumi.InputPropertiesError}
 */
export function declaredArgs<T>(component: pulumi.Resource, typeToken: string, name: string, args: T): T {
  if (typeof args === "object" && args !== null && checked.has(args)) return args;
  const late = (value: unknown, property: LateProperty, path: string) => {
    const checkedLater = (pulumi.output(value) as pulumi.Output<unknown>).apply((known) => {
      const { problems } = new ShapeCheck(argumentSchema(), (within) => within).property(property, known, path);
      if (problems.length > 0) throw refusal(component, name, problems);
      return known;
    });
    if (typeof value === "object" && value !== null) given.set(checkedLater, givenValue(value));
    waiting.set(component, [...(waiting.get(component) ?? []), checkedLater]);
    return checkedLater;
  };
  const { problems, value } = new ShapeCheck(argumentSchema(), late).component(typeToken, args);
  refuse(component, name, problems);
  return value as T;
}
