/** What a running relay says of one dataflow. */
export interface RelaySaying {
  readonly received: number;
  readonly delivered: number;
  /** Why the dataflow is not ready; omitted: it is. */
  readonly unready?: string;
}

const timeoutMs = 3000;
/** Bytes of a page that are read at most. */
const maxBytes = 16_777_216;

/**
 * Asks a relay's port of probes and metrics about a dataflow; `undefined` when none answers there, or it has no such dataflow.
 * @param url such as `http://127.0.0.1:9600`
 */
export async function askRelay(url: string, dataflow: string): Promise<RelaySaying | undefined> {
  const [metrics, readiness] = await Promise.all([read(`${url}/metrics`), read(`${url}/readyz`)]);
  if (metrics === undefined) return undefined;
  const received = counter(metrics, "relay_messages_received_total", dataflow);
  const delivered = counter(metrics, "relay_messages_delivered_total", dataflow);
  if (received === undefined || delivered === undefined) return undefined;
  const unready = readiness?.split("\n").find((line) => line.startsWith(`${dataflow}: `));
  return { received, delivered, ...(unready === undefined ? {} : { unready: unready.slice(dataflow.length + 2) }) };
}

async function read(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    return (await response.text()).slice(0, maxBytes);
  } catch {
    return undefined;
  }
}

/** Finds a counter in Prometheus' text format. */
function counter(exposition: string, name: string, dataflow: string): number | undefined {
  const line = exposition
    .split("\n")
    .find((each) => each.startsWith(`${name}{`) && each.includes(`dataflow="${dataflow}"`));
  const value = Number(line?.slice(line.lastIndexOf(" ") + 1));
  return line === undefined || Number.isNaN(value) ? undefined : value;
}
