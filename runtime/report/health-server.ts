import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { describeError } from "../contract/errors.ts";
import type { Metrics } from "./metrics.ts";
import type { Relay } from "../relay.ts";

/** A running server of probes and metrics. */
export interface HealthServer {
  readonly port: number;
  readonly close: () => void;
}

/**
 * Serves `/startupz` (the configuration was read), `/livez` (the process answers), `/readyz` (every dataflow is
 * connected at both ends; else 503 with the reasons, a line each) and `/metrics`.
 */
export async function startHealthServer(port: number, relay: Relay, metrics: Metrics): Promise<HealthServer> {
  const server = createServer((request, response) => {
    respond(request.url ?? "/", response, relay, metrics).catch((cause: unknown) => {
      response.writeHead(500).end(`${describeError(cause)}\n`);
    });
  });
  await listen(server, port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function respond(url: string, response: ServerResponse, relay: Relay, metrics: Metrics): Promise<void> {
  const plain = (status: number, text: string) =>
    response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${text}\n`);
  switch (url.split("?")[0]) {
    case "/startupz":
    case "/livez":
      plain(200, "ok");
      break;
    case "/readyz": {
      const { isReady, reasons } = relay.readiness;
      plain(isReady ? 200 : 503, isReady ? "ready" : reasons.join("\n") || "stopping");
      break;
    }
    case "/metrics": {
      const text = await metrics.render();
      response.writeHead(200, { "content-type": metrics.contentType }).end(text);
      break;
    }
    default:
      plain(404, "not found; there are /startupz, /livez, /readyz and /metrics");
  }
}
