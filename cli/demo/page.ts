import { once } from "node:events";
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { loadPage } from "../../runtime/page/html.ts";
import { htmlHeaders, plainHeaders } from "../../runtime/report/status/page-headers.ts";
import { refuseForeign } from "../../runtime/report/status/request-guard.ts";
import type { Faults } from "./faults.ts";

/** The status page of the demo: the relay's own, with buttons for faults. */
export interface DemoPage {
  readonly address: string;
  /** From here on it shows the relay whose status page has this port. */
  readonly show: (relayPort: number, faults: Faults) => void;
  readonly close: () => void;
}

/** What is shown. */
interface Shown {
  readonly relayPort: number;
  readonly faults: Faults;
}

const loopback = "127.0.0.1";
/** The relay's own port by default, so that `mqtt-dataflow status` finds the demo; another one where that is taken. */
const usualPort = 9601;
const maxBodyBytes = 1024;
/** Tells the page that it is the demo's. */
const demoMark = '<meta name="mqtt-dataflow-demo" content="1" />';

/** Serves the page on loopback. It has nothing to show until {@link DemoPage.show}. */
export async function serveDemoPage(): Promise<DemoPage> {
  let shown: Shown | undefined;
  const server = createServer((asked, answer) => {
    respond(asked, answer, shown).catch(() => answer.destroy());
  });
  await listen(server, usualPort).catch(() => listen(server, 0));
  return {
    address: `http://${loopback}:${(server.address() as AddressInfo).port}/`,
    show: (relayPort, faults) => {
      shown = { relayPort, faults };
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, loopback);
  await once(server, "listening");
}

async function respond(asked: IncomingMessage, answer: ServerResponse, shown: Shown | undefined): Promise<void> {
  const [path = "/"] = (asked.url ?? "/").split("?", 1);
  for (const field of plainHeaders) answer.setHeader(...splitField(field));
  const refused = refuseForeign({ head: headOf(asked), path });
  if (refused !== undefined) say(answer, refused.status, refused.body.toString());
  else if (path === "/demo/faults") await answerFaults(asked, answer, shown?.faults);
  else if (asked.method !== "GET" && asked.method !== "HEAD") say(answer, 405, "use GET");
  else if (path === "/") await answerPage(answer);
  else if (shown === undefined) say(answer, 503, "the relay has not started yet");
  else passOn(asked, answer, shown.relayPort);
}

async function answerPage(answer: ServerResponse): Promise<void> {
  const html = (await loadPage()).replace("<head>", () => `<head>${demoMark}`);
  for (const field of htmlHeaders(html)) answer.setHeader(...splitField(field));
  answer.setHeader("Content-Type", "text/html; charset=utf-8");
  answer.end(html);
}

/** Lists the faults; a POST makes one or takes it back. Its content type is one that no other page may send here. */
async function answerFaults(asked: IncomingMessage, answer: ServerResponse, faults: Faults | undefined): Promise<void> {
  if (asked.method === "POST") {
    if (asked.headers["content-type"] !== "application/json") {
      say(answer, 415, "send JSON");
      return;
    }
    const { id, isOn } = await readBody(asked);
    if (typeof id !== "string" || typeof isOn !== "boolean" || faults?.set(id, isOn) !== true) {
      say(answer, 400, 'send {"id": one of the faults, "isOn": true or false}');
      return;
    }
  }
  answer.setHeader("Content-Type", "application/json");
  answer.end(JSON.stringify(faults?.list() ?? []));
}

async function readBody(asked: IncomingMessage): Promise<{ readonly id?: unknown; readonly isOn?: unknown }> {
  let text = "";
  for await (const chunk of asked as AsyncIterable<Buffer>) {
    text += chunk.toString("utf8");
    if (text.length > maxBodyBytes) break;
  }
  try {
    return (JSON.parse(text) ?? {}) as { readonly id?: unknown };
  } catch {
    return {};
  }
}

/** The relay's answer as it is; a stream ends with its reader. */
function passOn(asked: IncomingMessage, answer: ServerResponse, port: number): void {
  const last = asked.headers["last-event-id"];
  const headers = last === undefined ? {} : { "last-event-id": last };
  const passed = request({ host: loopback, port, path: asked.url, method: asked.method, headers }, (given) => {
    answer.writeHead(given.statusCode ?? 502, { "content-type": given.headers["content-type"] ?? "text/plain" });
    given.on("error", () => answer.destroy());
    given.pipe(answer);
  });
  passed.on("error", () => {
    if (answer.headersSent) answer.destroy();
    else say(answer, 503, "the relay does not answer");
  });
  answer.on("close", () => passed.destroy());
  passed.end();
}

function say(answer: ServerResponse, status: number, text: string): void {
  answer.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${text.trim()}\n`);
}

function headOf({ rawHeaders }: IncomingMessage): string {
  return rawHeaders
    .map((part, index) => (index % 2 === 0 ? `\r\n${part}: ${rawHeaders[index + 1] ?? ""}` : ""))
    .join("");
}

function splitField(field: string): [name: string, value: string] {
  const at = field.indexOf(": ");
  return [field.slice(0, at), field.slice(at + 2)];
}
