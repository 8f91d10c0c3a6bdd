import * as pulumi from "@pulumi/pulumi";

import type { Problem } from "../runtime/contract/errors.ts";
import { areCheckedArgs, givenValue } from "./arguments/declared.ts";
import { byRule } from "./checks/rules.ts";
import { isKnown } from "./known.ts";
import { programOf } from "./program.ts";
import { refusal } from "./refuse.ts";

/** A resource that a component is going to create under a name that no other resource can have. */
export interface Claim {
  /** Where the operator wrote the name. */
  readonly path: string;
  /** The resource in words, with no value that only the deployment tells: `the Secret "historian"`. */
  readonly subject: string;
  /**
   * What makes it one resource, from the outside in: texts without regard to case, and providers by themselves. Two resources with the
   * same parts are one.
   */
  readonly parts: readonly (pulumi.Input<string> | pulumi.ProviderResource)[];
  /** What to do where another component has it. */
  readonly remedy: string;
}

/** A component that creates resources. */
export interface Owner {
  /** Its type and name, for messages: `MqttBridge "oslo"`. */
  readonly title: string;
  /** Refuses what turns out wrong once a value is known. */
  readonly refuse: (problems: Problem[]) => never;
}

interface Claimed {
  readonly claim: Claim;
  readonly owner: Owner;
}

/**
 * The resources that the components of one program create, by what Azure or Kubernetes knows them by. Two components that create
 * the same one preview clean and fail in the middle of an update.
 */
export class Owners {
  readonly #claimed = new Map<string, Claimed>();
  readonly #numbers = new WeakMap<object, number>();
  #count = 0;

  /**
   * Claims resources for a component, and lists those that another one has. Values that are not known yet are compared by which output
   * they are, and once more when they are known.
   */
  claim(owner: Owner, claims: readonly Claim[]): Problem[] {
    return claims.flatMap((claim) => {
      const problems = this.#claim(this.#keyOf(claim.parts), { claim, owner }, true);
      if (problems.length === 0) this.#claimLater({ claim, owner });
      return problems;
    });
  }

  /** @param isOwnFine whether the component may have said the same twice: its own checks are about that */
  #claim(key: string, claimed: Claimed, isOwnFine: boolean): Problem[] {
    const first = this.#claimed.get(key);
    if (first === undefined) this.#claimed.set(key, claimed);
    if (first === undefined || first.claim === claimed.claim) return [];
    if (isOwnFine && first.owner === claimed.owner) return [];
    const { path, subject, remedy } = claimed.claim;
    const problem = `creates ${subject}, which ${first.owner.title} creates too (${first.claim.path})`;
    return byRule("one-owner", [{ path, problem, remedy }]);
  }

  #claimLater(claimed: Claimed): void {
    const { parts } = claimed.claim;
    if (!parts.some(isLate)) return;
    const known = parts.map((part) => (isLate(part) ? part : "")) as pulumi.Input<string>[];
    pulumi.all(known).apply((values) => {
      const all = parts.map((part, index) => (isLate(part) ? (values[index] ?? "") : part));
      const problems = this.#claim(this.#keyOf(all), claimed, false);
      if (problems.length > 0) claimed.owner.refuse(problems);
    });
  }

  #keyOf(parts: Claim["parts"]): string {
    return parts.map((part) => (typeof part === "string" ? part.toLowerCase() : this.#numberOf(part))).join("/");
  }

  #numberOf(value: object): string {
    const given = givenValue(value);
    const number = this.#numbers.get(given) ?? (this.#count += 1);
    this.#numbers.set(given, number);
    return `#${number}`;
  }
}

function isLate(part: Claim["parts"][number]): boolean {
  return !isKnown(part);
}

const registries = new WeakMap<object, Owners>();

/** The owners of a program, told by an object that each has of its own. */
export function ownersOf(program: object): Owners {
  const owners = registries.get(program) ?? new Owners();
  registries.set(program, owners);
  return owners;
}

/** A component as the owner of resources. */
export function ownerOf(component: pulumi.Resource | undefined, typeToken: string, name: string): Owner {
  return {
    title: `${typeToken.split(":").at(-1)} "${name}"`,
    refuse: (problems) => {
      throw refusal(component, name, problems);
    },
  };
}

/** Claims the resources of a component that no other component of this package has built: that one claims for all within it. */
export function claimResources(
  component: pulumi.Resource,
  typeToken: string,
  name: string,
  args: object,
  listClaims: () => readonly Claim[],
): Problem[] {
  if (areCheckedArgs(args)) return [];
  return ownersOf(programOf()).claim(ownerOf(component, typeToken, name), listClaims());
}
