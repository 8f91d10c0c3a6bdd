import * as pulumi from "@pulumi/pulumi";

import { depthProblem } from "../runtime/contract/config/limits.ts";
import { ConfigError } from "../runtime/contract/errors.ts";
import type { Problem } from "../runtime/contract/errors.ts";
import { keepText } from "./keep-text.ts";

/** The error that a plugin refuses with; in the program of a stack there is none. */
let createPluginError: ((message: string) => Error) | undefined;

/** Makes this process refuse as a plugin for other languages does, which no error of a program's kind can; called once. */
export function refuseAsPlugin(createError: (message: string) => Error): void {
  createPluginError = createError;
}

/** Tells whether this process is a plugin for other languages. */
export function isPlugin(): boolean {
  return createPluginError !== undefined;
}

/**
 * The error that every component refuses with: all problems in one text, shown under the resource and without a stack.
 */
export function refusal(resource: pulumi.Resource | undefined, name: string, problems: readonly Problem[]): Error {
  const { message } = new ConfigError(name, problems);
  const error = createPluginError?.(message);
  if (error !== undefined) return error;
  const refused = keepText(new pulumi.ResourceError(message, resource, true));
  // What is found after the program's last line Pulumi shows by its stack, whatever was asked for.
  refused.stack = message;
  return refused;
}

/**
 * Ends the deployment when there are problems.
 * @throws {pulumi.ResourceError} when `problems` is not empty; in a plugin {@link pulumi.InputPropertiesError}
 */
export function refuse(resource: pulumi.Resource, name: string, problems: readonly Problem[]): void {
  if (problems.length > 0) throw refusal(resource, name, problems);
}

/**
 * Gives a component's arguments to Pulumi's own constructor, which writes all of them down: what stands too deep for that, or within
 * itself, would take the stack or the memory of the program. There is no resource yet that could show the problem.
 * @throws {pulumi.ResourceError} naming the first fields on the way there; in a plugin {@link pulumi.InputPropertiesError}
 */
export function readable<T>(name: string, args: T): T {
  const isObject = typeof args === "object" && args !== null;
  const problem = isObject
    ? depthProblem(args, "args")
    : { path: "args", problem: "are no object", remedy: "give one" };
  if (problem !== undefined) throw refusal(undefined, name, [problem]);
  return args;
}

/**
 * Gives what `parse` returns.
 * @throws {pulumi.ResourceError} with the problems, when `parse` throws a {@link ConfigError}; in a plugin {@link pulumi.InputPropertiesError}
 */
export function refuseInvalid<T>(resource: pulumi.Resource, name: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw error instanceof ConfigError ? refusal(resource, name, error.problems) : error;
  }
}
