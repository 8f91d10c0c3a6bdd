import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { htmlHeaders, plainHeaders } from "../../../../runtime/report/status/page-headers.ts";
import { encodeEvent } from "../../../../runtime/report/stream-reader.ts";
import type { Scene } from "./scenes.ts";

/** Serves the page as a relay in one situation does, with the header fields of a relay. */
export async function serveScene(
  html: string,
  scene: Scene,
): Promise<{ readonly url: string; readonly close: () => void }> {
  const server = createServer(({ url = "/" }, response) => {
    for (const field of plainHeaders) setField(response, field);
    const { pathname, searchParams } = new URL(url, "http://127.0.0.1");
    switch (pathname) {
      case "/":
        for (const field of htmlHeaders(html)) setField(response, field);
        response.setHeader("Content-Type", "text/html; charset=utf-8");
        response.end(html);
        break;
      case "/api/history":
        response.end(JSON.stringify({ ...scene.history, dataflow: searchParams.get("dataflow") }));
        break;
      case "/api/events":
        response.setHeader("Content-Type", "text/event-stream");
        response.write(scene.events.map((event) => encodeEvent("event", JSON.stringify(event), event.id)).join(""));
        response.write(encodeEvent("status", JSON.stringify(scene.status)));
        break;
      case "/api/tap":
        response.setHeader("Content-Type", "text/event-stream");
        response.write(scene.samples.map((sample) => encodeEvent("message", JSON.stringify(sample))).join(""));
        break;
      default:
        response.statusCode = 404;
        response.end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function setField(response: ServerResponse, field: string): void {
  const colon = field.indexOf(": ");
  response.setHeader(field.slice(0, colon), field.slice(colon + 2));
}
