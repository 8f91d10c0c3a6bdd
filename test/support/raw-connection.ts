import { connect, type Socket } from "node:net";

/** A connection whose bytes a test chooses. */
export interface RawConnection {
  readonly socket: Socket;
  /** All that came so far. */
  readonly received: string;
  /** Settles with all that came once the connection is closed, in whatever way. */
  readonly closed: Promise<string>;
  readonly isClosed: boolean;
}

const open = new Set<Socket>();

afterEach(() => {
  for (const socket of open) socket.destroy();
});

/** Connects and sends `text`. The test's end closes it. */
export async function openConnection(
  port: number,
  text = "",
  { localAddress = "127.0.0.1", isReading = true } = {},
): Promise<RawConnection> {
  const socket = connect({ host: "127.0.0.1", port, localAddress });
  open.add(socket);
  let received = "";
  let isClosed = false;
  socket.on("error", () => undefined); // a reset, which "close" tells too
  if (isReading) socket.on("data", (chunk) => (received += String(chunk)));
  const closed = new Promise<string>((resolve) => {
    socket.once("close", () => {
      isClosed = true;
      open.delete(socket);
      resolve(received);
    });
  });
  // One that is dropped at once may never say that it was connected.
  await Promise.race([new Promise((resolve) => socket.once("connect", resolve)), closed]);
  if (text !== "") socket.write(text);
  return {
    socket,
    closed,
    get received() {
      return received;
    },
    get isClosed() {
      return isClosed;
    },
  };
}

export const getLivez = "GET /livez HTTP/1.1\r\nHost: relay\r\n\r\n";
