interface Emitter {
  once(event: string, listener: (...args: unknown[]) => void): unknown;
  off(event: string, listener: (...args: unknown[]) => void): unknown;
}

/** Waits for the event that says "open"; fails on `error`, on `close` and when `signal` aborts. */
export async function opened(emitter: Emitter, event: string, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const settle = (act: () => void) => () => {
      emitter.off(event, onOpen);
      emitter.off("error", onError);
      emitter.off("close", onClose);
      signal.removeEventListener("abort", onAbort);
      act();
    };
    let failure: unknown;
    const rejectWith = () => {
      // As it is, also when it is an error of another realm: its code says more than its text.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      reject(failure);
    };
    const onOpen = settle(resolve);
    const fail = settle(rejectWith);
    const onError = (error: unknown) => {
      failure = error;
      fail();
    };
    const onClose = () => {
      onError(new Error("the connection was closed at once"));
    };
    const onAbort = () => {
      onError(signal.reason);
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    emitter.once(event, onOpen);
    emitter.once("error", onError);
    emitter.once("close", onClose);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
