import { Requests } from "../../../runtime/mqtt/requests.ts";

function open() {
  const state = { isOpen: true, written: 0 };
  const requests = new Requests("source edge", {
    get isOpen() {
      return state.isOpen;
    },
    write: () => state.written++,
    startTimer: () => () => undefined,
  });
  return { requests, state };
}

const outcomeOf = async (promise: Promise<boolean>) => Promise.race([promise, Promise.resolve("nothing yet")]);

test("a confirmation waits for its own answer, behind those to pings that nobody waits for", async () => {
  const { requests } = open();
  requests.ping();
  const first = requests.confirm();
  requests.ping();
  const second = requests.confirm();

  requests.onPingresp();
  expect(await outcomeOf(first)).toBe("nothing yet");
  requests.onPingresp();
  expect(await first).toBe(true);
  requests.onPingresp();
  expect(await outcomeOf(second)).toBe("nothing yet");
  requests.onPingresp();
  expect(await second).toBe(true);
});

test("an answer to more pings than were sent is a protocol error", () => {
  const { requests } = open();
  requests.ping();
  requests.onPingresp();

  expect(() => {
    requests.onPingresp();
  }).toThrow("PINGRESP, which nobody waits for");
});

test("a confirmation fails when the connection ends first, and when it has ended", async () => {
  const { requests, state } = open();
  const confirmation = requests.confirm();

  state.isOpen = false;
  requests.end();

  expect(await confirmation).toBe(false);
  expect(await requests.confirm()).toBe(false);
  requests.ping();
  expect(state.written).toBe(1);
});

test("keeps nothing for a ping that nobody waits for", () => {
  const { requests } = open();
  const before = process.memoryUsage().heapUsed;

  for (let count = 0; count < 1_000_000; count++) requests.ping();

  expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000);
});
