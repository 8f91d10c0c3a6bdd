import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/**
 * A crowd at the port of probes and metrics, in a process of its own: connections whose request never ends, each opened
 * again some time after it was closed, and readers that ask for `/metrics` again and again. Ends with its parent.
 *
 * Arguments: port, half-open connections, readers, milliseconds until a closed one is opened again.
 */
const [port = 0, halfOpen = 0, readers = 0, reopenMs = 0] = process.argv.slice(2).map(Number);

/** Addresses of their own, as pods have them. */
const halfOpenAddress = "127.0.0.2";
const readerAddress = "127.0.0.3";
/** So that this process has its hands free for the readers. */
const openedAtOnce = 100;
const readDeadlineMs = 15_000;

/** What the crowd has come to. */
export interface CrowdCounts {
  /** Half-open connections that the kernel holds open now. */
  open: number;
  /** Opened so far, those included that were opened again. */
  opened: number;
  pages: number;
  /** Readers that were refused, cut off or not answered in time. */
  failed: number;
  /** Sum of the time to a page, in ms. */
  pageMs: number;
}

const counts: CrowdCounts = { open: 0, opened: 0, pages: 0, failed: 0, pageMs: 0 };

function openHalf(): void {
  const socket = connect({ host: "127.0.0.1", port, localAddress: halfOpenAddress });
  socket.on("error", () => undefined);
  socket.once("connect", () => {
    counts.opened++;
    counts.open++;
    socket.once("close", () => counts.open--);
    socket.write("GET /metrics HTTP/1.1\r\nHost: relay\r\n");
  });
  socket.once("close", () => setTimeout(openHalf, reopenMs));
}

async function read(): Promise<void> {
  for (;;) {
    const startMs = performance.now();
    const isWhole = await readPage();
    counts[isWhole ? "pages" : "failed"]++;
    if (isWhole) counts.pageMs += performance.now() - startMs;
    else await delay(100);
  }
}

function readPage(): Promise<boolean> {
  return new Promise((resolve) => {
    let head = "";
    let isRead = false;
    const socket = connect({ host: "127.0.0.1", port, localAddress: readerAddress });
    const timer = setTimeout(() => socket.destroy(), readDeadlineMs);
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      if (head === "") head = chunk.toString("latin1", 0, 20);
    });
    socket.on("end", () => {
      isRead = head.startsWith("HTTP/1.1 200 ");
    });
    socket.once("close", () => {
      clearTimeout(timer);
      resolve(isRead);
    });
    socket.write("GET /metrics HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\r\n");
  });
}

process.on("message", () => process.send?.(counts));
process.on("disconnect", () => process.exit());
for (let index = 0; index < readers; index++) void read();
for (let index = 0; index < halfOpen; index++) {
  openHalf();
  if (index % openedAtOnce === openedAtOnce - 1) await delay(10);
}
