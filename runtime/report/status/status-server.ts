import { describeError } from "../../contract/errors.ts";
import { printable } from "../../contract/printable.ts";
import { every } from "../../event-loop/every.ts";
import { loadPage } from "../../page/html.ts";
import type { Logger } from "../log.ts";
import {
  plainPage,
  servePages,
  type Page,
  type PageRequest,
  type PageServer,
  type PageServerOptions,
} from "../page-server.ts";
import { SharedRendering } from "../shared-rendering.ts";
import type { Relay } from "../../relay.ts";
import { buildStatus } from "./document.ts";
import type { EventRecorder } from "./event-recorder.ts";
import { EventStreams } from "./event-streams.ts";
import { History, stepMs } from "./history.ts";
import { renderHistory } from "./history-page.ts";
import { htmlHeaders, plainHeaders } from "./page-headers.ts";
import { refuseForeign } from "./request-guard.ts";
import { TapStreams } from "./tap-stream.ts";

/** What the status page is served with. */
export interface StatusServerOptions {
  /** TCP port on 127.0.0.1; 0: a free one. */
  readonly port: number;
  readonly relay: Relay;
  readonly recorder: EventRecorder;
  readonly log: Pick<Logger, "warn">;
  /** Memory that the process may use, in bytes. */
  readonly limitBytes?: number | undefined;
  /** Makes the HTML of the page; omitted: what was built with the relay. */
  readonly loadHtml?: () => Promise<string>;
}

/** Only this machine, and whoever forwards the port to his own, such as `kubectl port-forward`. */
const loopback = "127.0.0.1";
const paths = ["/", "/api/status", "/api/history", "/api/events", "/api/tap"] as const;
const unknown = plainPage(404, `not found; there are ${paths.join(", ")}`);

/**
 * Serves the status page and its JSON on loopback, within the bounds of {@link servePages}: to requests for this host only, for
 * GET and HEAD only. What nobody looks at costs a look at the counters every 5 s.
 * @throws {Error} when it can't listen, such as EADDRINUSE
 */
export async function startStatusServer(options: StatusServerOptions): Promise<PageServer> {
  const { port, relay, log } = options;
  const history = new History(relay.dataflows);
  const endSampling = every(stepMs, () => {
    history.sample();
  });
  const { findPage, close } = createPages(options, history);
  const end = () => {
    endSampling();
    close();
  };
  try {
    const server = await servePages({
      host: loopback,
      port,
      findPage,
      onDropped: () => undefined,
      onError: (cause) => {
        log.warn(
          { event: "page-failed", reason: describeError(cause) },
          "a connection for the status page could not be accepted",
        );
      },
    });
    return {
      port: server.port,
      get connections() {
        return server.connections;
      },
      close: () => {
        end();
        server.close();
      },
    };
  } catch (cause) {
    end();
    throw cause;
  }
}

/** What is answered, and how it ends. */
interface Pages {
  readonly findPage: PageServerOptions["findPage"];
  readonly close: () => void;
}

function createPages(
  { relay, recorder, limitBytes, loadHtml = loadPage }: StatusServerOptions,
  history: History,
): Pages {
  const status = new SharedRendering(async (pause) =>
    Buffer.from(JSON.stringify(await buildStatus({ relay, history, recorder, limitBytes }, pause))),
  );
  const streams = new EventStreams({ readStatus: () => status.read(), recorder });
  const taps = new TapStreams(relay);
  const pages: Readonly<Record<(typeof paths)[number], (request: PageRequest) => Page | Promise<Page>>> = {
    "/": () => loadHtml().then(htmlPage),
    "/api/status": () => status.read().then(jsonPage),
    "/api/history": ({ query }) => renderHistory(history, query),
    "/api/events": (request) => streams.open(request),
    "/api/tap": ({ query }) => taps.open(query),
  };
  return {
    findPage: async (path, request) => {
      try {
        const known = paths.find((one) => one === path);
        return secured(refuseForeign(request) ?? (known === undefined ? unknown : await pages[known](request)));
      } catch (cause) {
        return secured(plainPage(500, printable(describeError(cause))));
      }
    },
    close: () => {
      streams.close();
    },
  };
}

function jsonPage(body: Buffer): Page {
  return { status: 200, contentType: "application/json; charset=utf-8", body };
}

function htmlPage(html: string): Page {
  return { status: 200, contentType: "text/html; charset=utf-8", body: Buffer.from(html), headers: htmlHeaders(html) };
}

function secured(page: Page): Page {
  return { ...page, headers: [...(page.headers ?? []), ...plainHeaders] };
}
