import * as pulumi from "@pulumi/pulumi";

import type { Problem } from "../runtime/contract/errors.ts";
import { areCheckedArgs, givenValue } from "./arguments/declared.ts";
import { byRule } from "./checks/rules.ts";
import { isKnown } from "./known.ts";
import { programOf } from "./program.ts";
import { isPlugin, refusal } from "./refuse.ts";

/** A resource that a component is going to create under a name that no other resource can have. */
export interface Claim {
  /** Where the operator wrote the name. */
  readonly path: string;
  /** The resource in words, with no value that only the deployment tells: `the Secret "historian"`. */
  readonly subject: string;
  /**
   * What makes it one resource, from the outside in, without regard to case. Two resources with the same parts are one.
   */
  readonly parts: readonly pulumi.Input<string>[];
  /** What to do where another component has it. */
  readonly remedy: string;
}

/** A component that creates resources. */
export interface Owner {
  /** Its type and name, for messages: `MqttBridge "oslo"`. */
  readonly title: string;
  /** What tells it from other components; the same when a plugin constructs it once more. */
  readonly identity: unknown;
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
      const problems = this.#claim(this.#keyOf(claim.parts), { claim, owner }, false);
      if (problems.length === 0) this.#claimLater({ claim, owner });
      return problems;
    });
  }

  /** @param isLate whether a value was not known before, so that the component's own checks have not compared it either */
  #claim(key: string, claimed: Claimed, isLate: boolean): Problem[] {
    const first = this.#claimed.get(key);
    const isAgain = first?.owner !== claimed.owner && first?.owner.identity === claimed.owner.identity;
    if (first === undefined || isAgain) this.#claimed.set(key, claimed);
    if (first === undefined || isAgain || first.claim === claimed.claim) return [];
    if (!isLate && first.owner === claimed.owner) return [];
    const { path, subject, remedy } = claimed.claim;
    const problem = `creates ${subject}, which ${first.owner.title} creates too (${first.claim.path})`;
    return byRule("one-owner", [{ path, problem, remedy }]);
  }

  #claimLater(claimed: Claimed): void {
    const { parts } = claimed.claim;
    if (parts.every(isKnown)) return;
    pulumi.all([...parts]).apply((values) => {
      const problems = this.#claim(this.#keyOf(values), claimed, true);
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

const registries = new WeakMap<object, Owners>();

/** The owners of a program, told by an object that each has of its own. */
export function ownersOf(program: object): Owners {
  const owners = registries.get(program) ?? new Owners();
  registries.set(program, owners);
  return owners;
}

/** A component as the owner of resources. */
export function ownerOf(component: pulumi.Resource | undefined, typeToken: string, name: string): Owner {
  const title = `${typeToken.split(":").at(-1)} "${name}"`;
  return {
    title,
    // The port of an engine's monitor may come again in the next program that a plugin serves.
    identity: isPlugin() ? title : (component ?? {}),
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
