import type { EncodedPublish } from "../mqtt/encoded-publish.ts";
import type { PublishView } from "../mqtt/publish-view.ts";

/** Messages of a dataflow that are shown in a second at most, however many watch. */
export const maxSamplesPerSecond = 10;

/** Takes a message while it is there: what arrived, and what is sent of it or why nothing is. The view is not used after the call. */
export type TapWatcher = (view: PublishView, sent: EncodedPublish | { readonly undeliverable: string }) => void;

/**
 * Shows some messages of a dataflow to those who watch. While nobody does, it costs a message the reading of one field; and
 * never more than {@link maxSamplesPerSecond} messages a second cost more than that.
 */
export class Tap {
  /** Whether the next message is to be given to {@link take}. */
  wantsOne = false;
  readonly #watchers = new Set<TapWatcher>();
  #timer: NodeJS.Timeout | undefined;

  /** @returns a function that ends it */
  watch(watcher: TapWatcher): () => void {
    const own: TapWatcher = (view, sent) => {
      watcher(view, sent); // the same function may be given twice
    };
    this.#watchers.add(own);
    this.#timer ??= setInterval(() => (this.wantsOne = true), 1000 / maxSamplesPerSecond).unref();
    return () => {
      this.#watchers.delete(own);
      if (this.#watchers.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
      this.wantsOne = false;
    };
  }

  /** Shows one message. Never throws: a message must not be lost for somebody who only looks. */
  take(view: PublishView, sent: EncodedPublish | { readonly undeliverable: string }): void {
    this.wantsOne = false;
    for (const watcher of this.#watchers) {
      try {
        watcher(view, sent);
      } catch {
        // Such as a malformed message: it is reported where it is dealt with.
      }
    }
  }
}
