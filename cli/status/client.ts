import { printable } from "../../runtime/contract/printable.ts";
import type { MessageSample, RelayEvent, StatusDocument } from "../../runtime/contract/status/schema.ts";
import { statusVersion } from "../../runtime/contract/status/schema.ts";

/** A running relay, as its status page tells of it. */
export interface RelayClient {
  /** @throws {Error} that says what to do when there is no answer, or one that can't be understood */
  readonly status: (signal?: AbortSignal) => Promise<StatusDocument>;
  /** Events as they happen, those that are kept first. Ends with `signal`, or with the relay. */
  readonly events: (signal: AbortSignal) => AsyncIterable<RelayEvent>;
  /** Messages of a dataflow as they pass. @throws {Error} when the relay does not show them */
  readonly tap: (dataflow: string, withPayload: boolean, signal: AbortSignal) => AsyncIterable<MessageSample>;
}

const answerTimeoutMs = 10_000;

/** Asks the status page at an address, such as `http://127.0.0.1:9601`. */
export function createRelayClient(address: string): RelayClient {
  return {
    status: async (signal) => {
      const timeout = AbortSignal.timeout(answerTimeoutMs);
      const answer = await ask(
        `${address}/api/status`,
        signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      );
      const status = (await answer.json()) as { readonly version?: unknown };
      if (status.version !== statusVersion) {
        const problem = `its status has version ${printable(JSON.stringify(status.version ?? null))}, and this command reads ${statusVersion}`;
        throw new Error(`${address}: ${problem}; use the command of the relay's release`);
      }
      return status as StatusDocument;
    },
    events: (signal) => readEvents<RelayEvent>(`${address}/api/events`, "event", signal),
    tap: (dataflow, withPayload, signal) => {
      const query = new URLSearchParams({ dataflow, ...(withPayload ? { payload: "1" } : {}) });
      return readEvents<MessageSample>(`${address}/api/tap?${query.toString()}`, "message", signal);
    },
  };
}

async function ask(url: string, signal: AbortSignal): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(url, { signal });
  } catch (cause) {
    if (signal.aborted && !(signal.reason instanceof DOMException && signal.reason.name === "TimeoutError"))
      throw cause;
    const { origin } = new URL(url);
    throw new Error(
      `${origin}: no relay answers there; give its port with --port, or its pod with --pod NAMESPACE/NAME`,
      {
        cause,
      },
    );
  }
  if (answer.ok) return answer;
  throw new Error(printable((await answer.text()).trim()) || `${url}: answers ${answer.status}`);
}

/** Reads server-sent events of one name. @see WHATWG HTML, Server-sent events */
async function* readEvents<T>(url: string, wanted: string, signal: AbortSignal): AsyncGenerator<T> {
  const { body } = await ask(url, signal);
  if (body === null) return;
  let text = "";
  try {
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      const blocks = (text + chunk).split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const lines = block.split("\n");
        if (!lines.includes(`event: ${wanted}`)) continue;
        const data = lines.find((line) => line.startsWith("data: "))?.slice("data: ".length);
        if (data !== undefined) yield JSON.parse(data) as T;
      }
    }
  } catch (cause) {
    if (!signal.aborted) throw cause;
  }
}
