import type { Problem } from "../../runtime/contract/errors.ts";
import { isKnown } from "../known.ts";
import type { SecretContentArgs } from "../relay/settings.ts";
import { byRule } from "./rules.ts";

/** The fields of a Secret that nobody else may know. */
const secretFields = ["clientKey", "accessToken", "password"] as const;

/**
 * Finds secrets that a program has as plain text: Pulumi keeps them encrypted from here on, and nothing hides them where the
 * program has them from.
 */
export function findPlainSecrets(
  path: string,
  secrets: { readonly [secretRef: string]: SecretContentArgs },
): Problem[] {
  const problem = "is plain text in the program, though the state keeps it encrypted: its source or settings show it";
  const remedy =
    "give it as a secret output: config.requireSecret(...), or pulumi.secret(...) of what is read elsewhere";
  return byRule(
    "plain-secrets",
    Object.entries(secrets).flatMap(([name, content]) =>
      secretFields
        .filter((field) => typeof content[field] === "string" && isKnown(content[field]))
        .map((field) => ({ path: `${path}secrets.${name}.${field}`, problem, remedy })),
    ),
  );
}
