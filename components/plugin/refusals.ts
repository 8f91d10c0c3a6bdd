import { AsyncLocalStorage } from "node:async_hooks";

import * as pulumi from "@pulumi/pulumi";

/** One component that is being constructed for the engine. */
interface Construction {
  refuse: ((error: Error) => void) | undefined;
  /** Whether the engine has been told of a refusal: an output may fail after the constructor has. */
  isRefused: boolean;
}

/**
 * Answers the engine's request for a component with the first refusal in it, wherever it comes from.
 *
 * A component refuses in its constructor, or later in an output. The latter the host of a plugin would see as several
 * unhandled rejections of the same error, and would log each of them with a stack; the engine shows all of that.
 */
export class Refusals {
  readonly #constructions = new AsyncLocalStorage<Construction>();
  readonly #answered = new WeakSet<object>();

  /** Creates the error to throw, and ends the construction that it is thrown in. */
  create(message: string): Error {
    const error = refusalWithoutStack(message);
    const construction = this.#constructions.getStore();
    if (construction === undefined) return error;
    if (construction.refuse !== undefined) {
      construction.isRefused = true;
      // Another error than the one thrown: Pulumi goes on to write into that one's message.
      construction.refuse(refusalWithoutStack(message));
    }
    if (construction.isRefused) this.#answered.add(error);
    return error;
  }

  /** Gives what `construct` does, or fails with the first refusal in the meantime. */
  async answering<T>(construct: () => Promise<T>): Promise<T> {
    const construction: Construction = { refuse: undefined, isRefused: false };
    const refused = new Promise<never>((_, reject) => {
      construction.refuse = reject;
    });
    // Either of the two may fail after the other has answered.
    refused.catch(() => undefined);
    const constructed = this.#constructions.run(construction, construct);
    constructed.catch(() => undefined);
    try {
      return await Promise.race([refused, constructed]);
    } finally {
      construction.refuse = undefined;
    }
  }

  /** Tells whether the engine has been told of an error, so that nobody else needs to be. */
  isAnswered(error: unknown): boolean {
    return typeof error === "object" && error !== null && this.#answered.has(error);
  }
}

/** The engine would print the value of each property that it is told of, a secret too, so it gets the text alone. */
function refusalWithoutStack(message: string): Error {
  const error = new pulumi.InputPropertiesError({ message, errors: [] });
  error.stack = message;
  return error;
}
