import type { IncomingMessage } from "node:http";

/** Calls back with the whole body of a request. One that ends early, as those that are under way at a test's end, has none. */
export function onBody(request: IncomingMessage, use: (body: string) => void): void {
  request.toArray().then(
    (chunks) => {
      use(Buffer.concat(chunks as Buffer[]).toString());
    },
    () => undefined,
  );
}
