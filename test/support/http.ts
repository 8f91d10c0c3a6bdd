import { request } from "node:http";

/** What is asked for beside the path. */
export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Asks over HTTP with whatever header fields the test wants: `fetch` sets `Host` and others itself. */
export async function ask(
  address: string,
  path: string,
  { method = "GET", headers = {}, body }: Asked = {},
): Promise<{ readonly status: number; readonly headers: Readonly<Record<string, unknown>>; readonly text: string }> {
  const { hostname: host, port } = new URL(address);
  return new Promise((resolve, reject) => {
    const asking = request({ host, port, path, method, headers, agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk) => (text += String(chunk)));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    asking.on("error", reject);
    asking.end(body);
  });
}
