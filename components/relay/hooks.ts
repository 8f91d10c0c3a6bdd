import * as pulumi from "@pulumi/pulumi";

/**
 * A hook that sees a resource as it was, at a preview too; none where tests with mocks take the engine's place.
 * @param name unique in the program
 */
export function beforeUpdate(name: string, look: (change: pulumi.ResourceHookArgs) => void): pulumi.ResourceHook[] {
  const monitor: object = pulumi.runtime.getMonitor() ?? {};
  return "registerResourceHook" in monitor ? [new pulumi.ResourceHook(name, look, { onDryRun: true })] : [];
}

/** The text at a path; `undefined` where there is none, or where a preview does not know it. */
export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = path.reduce<unknown>((inner, key) => (isRecord(inner) ? inner[key] : undefined), value);
  return typeof found === "string" ? found : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
