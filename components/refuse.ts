import * as pulumi from "@pulumi/pulumi";

import { ConfigError } from "../runtime/errors.ts";
import type { Problem } from "../runtime/errors.ts";
import { keepText } from "./keep-text.ts";

/**
 * The error that every component refuses with: all problems in one text, shown under the resource and without a stack.
 */
export function refusal(resource: pulumi.Resource, name: string, problems: readonly Problem[]): pulumi.ResourceError {
  return keepText(new pulumi.ResourceError(new ConfigError(name, problems).message, resource, true));
}

/**
 * Ends the deployment when there are problems.
 * @throws {pulumi.ResourceError} when `problems` is not empty
 */
export function refuse(resource: pulumi.Resource, name: string, problems: readonly Problem[]): void {
  if (problems.length > 0) throw refusal(resource, name, problems);
}

/**
 * Gives what `parse` returns.
 * @throws {pulumi.ResourceError} with the problems, when `parse` throws a {@link ConfigError}
 */
export function refuseInvalid<T>(resource: pulumi.Resource, name: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw error instanceof ConfigError ? refusal(resource, name, error.problems) : error;
  }
}
