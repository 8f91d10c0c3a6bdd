import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { Worker } from "node:worker_threads";

import { afterReading } from "../../../runtime/event-loop/after-reading.ts";

test("what has arrived during a pause of the process is read, though a timer fires before", async () => {
  // A peer that answers while this thread is blocked.
  const peer = new Worker(
    `const net = require("node:net"); const { parentPort } = require("node:worker_threads");
     const server = net.createServer((socket) => socket.on("data", () => socket.write("answer"))).listen(0, "127.0.0.1", () => {
       parentPort.postMessage(server.address().port);
     });`,
    { eval: true },
  );
  const [port] = (await once(peer, "message")) as [AddressInfo["port"]];
  const socket = net.connect(port, "127.0.0.1");
  await once(socket, "connect");
  let answer = "";
  socket.on("data", (bytes: Buffer) => (answer += bytes.toString()));

  const seen = await new Promise<string[]>((resolve) => {
    setTimeout(() => {
      const atTimer = answer;
      void afterReading().then(() => {
        resolve([atTimer, answer]);
      });
    }, 1);
    socket.write("question");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300); // the process is paused
  });
  socket.destroy();
  await peer.terminate();

  expect(seen).toEqual(["", "answer"]);
});
