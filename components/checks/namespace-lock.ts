import type { Problem } from "../../runtime/contract/errors.ts";
import { LockKind } from "../enumerations.ts";
import type { LockArgs } from "../event-grid/locks.ts";
import type { EventGridBrokerArgs } from "../event-grid/settings.ts";
import { isKnown } from "../known.ts";
import { byRule } from "./rules.ts";

/** Longest name and longest notes of a lock, in characters. @see Azure REST API, Management locks (2020-05-01) */
const longest = { name: 260, notes: 512 } as const;

/** Every lock of a broker, by where the operator wrote it. */
function listLocks({ lock, topics, privateEndpoints }: EventGridBrokerArgs): (readonly [string, LockArgs])[] {
  const of = (path: string, parts: { readonly [name: string]: { readonly lock?: LockArgs } } | undefined) =>
    Object.entries(parts ?? {}).map(([name, part]) => [`${path}.${name}.lock`, part.lock] as const);
  const all = [["lock", lock] as const, ...of("topics", topics), ...of("privateEndpoints", privateEndpoints)];
  return all.flatMap(([path, one]) => (one === undefined ? [] : [[path, one] as const]));
}

/** Lists what Azure refuses of a lock. */
export function checkLocks(args: EventGridBrokerArgs): Problem[] {
  return byRule(
    "namespace-lock",
    listLocks(args).flatMap(([path, lock]) => checkLock(path, lock)),
  );
}

function checkLock(path: string, { name, notes }: LockArgs): Problem[] {
  const problems: Problem[] = [];
  if (name !== undefined && isKnown(name) && (/[<>%&:\\?/\u0000-\u001f]/.test(name) || !isWithin(name, longest.name))) {
    const problem = "is no name for a lock";
    const remedy = `name it with 1 to ${longest.name} characters other than < > % & : \\ ? / and control characters`;
    problems.push({ path: `${path}.name`, problem, remedy });
  }
  if (notes !== undefined && isKnown(notes) && notes.length > longest.notes) {
    const problem = `has ${notes.length} characters, more than the ${longest.notes} that Azure keeps`;
    problems.push({ path: `${path}.notes`, problem, remedy: "shorten it" });
  }
  return problems;
}

function isWithin(text: string, most: number): boolean {
  return text.length > 0 && text.length <= most;
}

/** Lists locks that stop the next deployment too. */
export function lockWarnings(args: EventGridBrokerArgs): Problem[] {
  const readOnly = listLocks(args).filter(([, { kind }]) => kind === LockKind.ReadOnly);
  const problem =
    "is ReadOnly, so that Azure refuses every later change to what it holds for, those of this program too";
  const remedy = 'use "CanNotDelete", or before each change deploy once with "None"';
  return byRule(
    "namespace-lock",
    readOnly.map(([path]) => ({ path: `${path}.kind`, problem, remedy })),
  );
}
