import type { AuthenticationMethod } from "../../runtime/contract/config/authentication.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { byRule } from "./rules.ts";

/** Fields that only some methods use, and of each method those that it needs and those that it may have. */
const fieldsOf: Readonly<Record<AuthenticationMethod, { needs: readonly string[]; takes: readonly string[] }>> = {
  SystemAssignedManagedIdentity: { needs: [], takes: ["audience"] },
  UserAssignedManagedIdentity: { needs: ["clientId", "tenantId"], takes: ["scope"] },
  ServiceAccountToken: { needs: [], takes: ["audience"] },
  X509Certificate: { needs: ["secretRef"], takes: ["username"] },
  AccessToken: { needs: ["secretRef"], takes: ["username"] },
  Anonymous: { needs: [], takes: [] },
  UsernamePassword: { needs: ["secretRef"], takes: [] },
};

const methodFields = new Set(Object.values(fieldsOf).flatMap(({ needs, takes }) => [...needs, ...takes]));

/** Fields that an authentication method can't do without. */
export function neededFields(method: AuthenticationMethod): readonly string[] {
  return fieldsOf[method].needs;
}

/**
 * Lists the fields of other methods that are given, and those of this method that are not.
 * Only their presence counts, so that a value which is not known yet is no obstacle.
 */
export function checkAuthenticationFields(
  path: string,
  method: AuthenticationMethod | undefined,
  given: readonly string[],
): Problem[] {
  // A program in JavaScript may leave it out, whatever the type says.
  if (method === undefined || !Object.hasOwn(fieldsOf, method)) {
    const problem = method === undefined ? "is missing" : `is ${JSON.stringify(method)}`;
    return [
      { path: `${path}authenticationMethod`, problem, remedy: `give one of ${Object.keys(fieldsOf).join(", ")}` },
    ];
  }
  const { needs, takes } = fieldsOf[method];
  const foreign = given.filter((field) => methodFields.has(field) && !needs.includes(field) && !takes.includes(field));
  const missing = needs.filter((field) => !given.includes(field));
  return byRule("authentication-fields", [
    ...foreign.map((field) => ({
      path: `${path}${field}`,
      problem: `is set, and authentication method ${method} does not use it`,
      remedy: "remove it, or set another authenticationMethod",
    })),
    ...missing.map((field) => ({
      path: `${path}${field}`,
      problem: `is missing, and authentication method ${method} needs it`,
      remedy: "add it",
    })),
  ]);
}
