/** Fields of an object of which nothing is certain: the engine's events repeat what programs and providers wrote. */
export interface Fields {
  readonly [name: string]: unknown;
}

/** What the engine writes where a value gets known only during the deployment. @see pulumi/pulumi, sdk/go/common/resource/plugin/rpc.go */
const unknownValues: ReadonlySet<unknown> = new Set([
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", // a truth value
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421", // a number
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9", // a text
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2", // a list
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff", // an object
  "030794c1-ac77-496b-92df-f27374a8bd58", // an asset
  "e48ece36-62e2-4504-bad9-02848725956a", // an archive
]);

/** Key and value that mark an object as a secret, whose content the engine has taken out. @see pulumi/pulumi, sdk/go/common/resource/sig */
const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

export const shownUnknown = "[unknown]";
export const shownSecret = "[secret]";

/** Tells whether a value, or a value within it, gets known only during the deployment. */
export function hasUnknown(value: unknown): boolean {
  if (typeof value === "string") return unknownValues.has(value);
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(hasUnknown);
}

export function isUnknown(value: unknown): boolean {
  return unknownValues.has(value);
}

/** Tells whether the engine has taken a secret out of this place, or a key stands here in clear: neither is ever repeated. */
export function isSecret(value: unknown): boolean {
  if (typeof value === "string") return value === shownSecret || value.includes("PRIVATE KEY-----");
  return isFields(value) && value[signatureKey] === secretSignature;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object within an object; one without fields where there is none. */
export function fieldsAt(value: unknown, ...names: readonly string[]): Fields {
  const found = valueAt(value, names);
  return isFields(found) ? found : {};
}

/** A text that is known and no secret. */
export function textAt(value: unknown, ...names: readonly string[]): string | undefined {
  const found = valueAt(value, names);
  return typeof found === "string" && !isUnknown(found) && !isSecret(found) ? found : undefined;
}

export function numberAt(value: unknown, ...names: readonly string[]): number | undefined {
  const found = valueAt(value, names);
  return typeof found === "number" ? found : undefined;
}

/** Texts of a list; what is no text is left out. */
export function textsAt(value: unknown, ...names: readonly string[]): string[] {
  const found = valueAt(value, names);
  return Array.isArray(found) ? found.filter((item): item is string => typeof item === "string") : [];
}

/** Objects of a list. */
export function listAt(value: unknown, ...names: readonly string[]): Fields[] {
  const found = valueAt(value, names);
  return Array.isArray(found) ? (found as readonly unknown[]).filter(isFields) : [];
}

export function valueAt(value: unknown, names: readonly string[]): unknown {
  let found = value;
  for (const name of names) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Fields)[name];
  }
  return found;
}

/** Reads JSON that may be none: `undefined` then. */
export function parseFields(text: string | undefined): Fields | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Text in the order of code units, the same on every machine. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
