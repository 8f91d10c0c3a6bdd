import { request, type ClientRequest } from "node:http";

/** Server-sent events as they came. */
export interface OpenStream {
  readonly events: readonly { readonly name: string; readonly data: string; readonly id: string | undefined }[];
  readonly closed: Promise<void>;
  readonly close: () => void;
}

const open = new Set<ClientRequest>();

afterEach(() => {
  for (const asking of open) asking.destroy();
});

/** Reads a stream of server-sent events. The test's end closes it. */
export async function openStream(
  port: number,
  path: string,
  headers: Record<string, string> = {},
): Promise<OpenStream> {
  const events: { name: string; data: string; id: string | undefined }[] = [];
  return new Promise((resolve, reject) => {
    const asking = request({ host: "127.0.0.1", port, path, headers }, (response) => {
      if (response.statusCode !== 200) {
        reject(new Error(`${path}: ${response.statusCode}`));
        return;
      }
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        const blocks = (text + chunk).split("\n\n");
        text = blocks.pop() ?? "";
        for (const block of blocks) {
          const field = (name: string) =>
            block
              .split("\n")
              .find((line) => line.startsWith(`${name}: `))
              ?.slice(name.length + 2);
          const name = field("event");
          if (name !== undefined) events.push({ name, data: field("data") ?? "", id: field("id") });
        }
      });
      response.on("error", () => undefined); // a reset, which "close" tells too
      const closed = new Promise<void>((settle) => response.once("close", () => settle()));
      resolve({ events, closed, close: () => asking.destroy() });
    });
    open.add(asking);
    asking.on("error", reject);
    asking.end();
  });
}
