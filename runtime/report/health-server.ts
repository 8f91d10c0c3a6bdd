import { describeError } from "../contract/errors.ts";
import { printable } from "../contract/printable.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { maxConnections, plainPage, servePages, type Page, type PageServer } from "./page-server.ts";
import { SharedRendering } from "./shared-rendering.ts";
import type { Relay } from "../relay.ts";

/** What probes and metrics are served with. */
export interface HealthServerOptions {
  /** Address to listen on; omitted: every address, which a pod's probes need. */
  readonly host?: string | undefined;
  /** TCP port; 0: a free one. */
  readonly port: number;
  readonly relay: Pick<Relay, "readiness">;
  readonly metrics: Pick<Metrics, "contentType" | "render">;
  readonly log: Pick<Logger, "warn">;
}

/** Time between two lines about connections that were dropped. */
const reportIntervalMs = 60_000;
const alive = plainPage(200, "ok");
const unknown = plainPage(404, "not found; there are /startupz, /livez, /readyz and /metrics");

/**
 * Serves `/startupz` (the configuration was read), `/livez` (the process answers), `/readyz` (every dataflow is
 * connected at both ends; else 503 with the reasons, a line each) and `/metrics`, within the bounds of {@link servePages}.
 * @throws {Error} when it can't listen, such as EADDRINUSE
 */
export async function startHealthServer({ host, port, relay, metrics, log }: HealthServerOptions): Promise<PageServer> {
  const readiness = new SharedRendering(() => renderReadiness(relay));
  const exposition = new SharedRendering(async (pause) => {
    const body = Buffer.from(await metrics.render(pause));
    return { status: 200, contentType: metrics.contentType, body };
  });
  const findPage = (path: string): Page | Promise<Page> => {
    switch (path) {
      case "/startupz":
      case "/livez":
        return alive;
      case "/readyz":
        return readiness.read();
      case "/metrics":
        return exposition.read();
      default:
        return unknown;
    }
  };
  return servePages({
    host,
    port,
    findPage: async (path) => {
      try {
        return await findPage(path);
      } catch (cause) {
        return plainPage(500, printable(describeError(cause)));
      }
    },
    onDropped: reportDropped(log),
    onError: (cause) => {
      log.warn(
        { event: "port-failed", reason: describeError(cause) },
        "a connection for probes and metrics could not be accepted",
      );
    },
  });
}

function renderReadiness({ readiness: { isReady, reasons } }: Pick<Relay, "readiness">): Page {
  if (isReady) return plainPage(200, "ready");
  return plainPage(503, reasons.map(printable).join("\n") || "stopping");
}

/** Says that somebody has too many connections: the first time, and then how many it were since the last line. */
function reportDropped(log: Pick<Logger, "warn">): (address: string) => void {
  let reportedMs = -Infinity;
  let connections = 0;
  return (address) => {
    connections++;
    if (performance.now() - reportedMs < reportIntervalMs) return;
    log.warn(
      { event: "port-crowded", address, connections, maxConnections },
      "too many connections for probes and metrics, dropping the oldest",
    );
    reportedMs = performance.now();
    connections = 0;
  };
}
