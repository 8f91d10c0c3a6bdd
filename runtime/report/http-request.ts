/** Longest request line with all header fields, in bytes: kubelet's and Prometheus' have less than 1 kB. */
const maxHeadBytes = 8192;
const endOfHead = "\r\n\r\n";

/** What is asked for, or why there is no answer to it. */
export type HttpRequest =
  | {
      readonly kind: "page";
      /** Without its query. */
      readonly path: string;
      /** Behind the question mark; empty without one. */
      readonly query: string;
      readonly isHead: boolean;
      /** The header fields as they came, for {@link headerFields}. */
      readonly head: string;
    }
  | { readonly kind: "refused"; readonly status: 400 | 405 | 431 };

/**
 * Reads the one request of a connection, at a cost that the client does not decide. Node's own parser would take every
 * request of a 64 kB read at once: 2,000 of them in one packet stop all dataflows for 26 ms.
 */
export class HttpRequestReader {
  /** A text and no Buffer: those of thousands of connections would lie outside the heap until its next whole collection. */
  #head = "";

  /** Takes bytes as they come; `undefined` until the request is complete. Whoever asks for header fields reads them; no body is read. */
  push(chunk: Buffer): HttpRequest | undefined {
    this.#head += chunk.toString("latin1", 0, maxHeadBytes - this.#head.length);
    if (this.#head.includes(endOfHead)) {
      const lineEnd = this.#head.indexOf("\r\n");
      return parseRequestLine(this.#head.slice(0, lineEnd), this.#head.slice(lineEnd, this.#head.indexOf(endOfHead)));
    }
    return this.#head.length < maxHeadBytes ? undefined : { kind: "refused", status: 431 };
  }
}

/** @see RFC 9112 §3; §3.2.2 has a server take the whole URL as a target too */
function parseRequestLine(line: string, head: string): HttpRequest {
  const [method, target, version, ...more] = line.split(" ");
  if (target === undefined || !/^HTTP\/1\.[01]$/.test(version ?? "") || more.length > 0)
    return { kind: "refused", status: 400 };
  if (method !== "GET" && method !== "HEAD") return { kind: "refused", status: 405 };
  const page = target.replace(/^https?:\/\/[^/?]+/i, "");
  if (!page.startsWith("/")) return { kind: "refused", status: 400 };
  const [path = "/"] = page.split("?", 1);
  return { kind: "page", path, query: page.slice(path.length + 1), isHead: method === "HEAD", head };
}

/** The values of a header field, in their order; empty when it is not there. */
export function headerFields(head: string, name: string): string[] {
  return head
    .split("\r\n")
    .filter((line) => line.slice(0, line.indexOf(":")).toLowerCase() === name)
    .map((line) => line.slice(line.indexOf(":") + 1).trim());
}
