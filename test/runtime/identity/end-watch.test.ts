import { EndWatch, type CredentialEnd, type EndEvent } from "../../../runtime/identity/end-watch.ts";

beforeEach(() => {
  jest.useFakeTimers({ now: 0 });
});

afterEach(() => {
  jest.useRealTimers();
});

function bench() {
  const events: EndEvent[] = [];
  return { events, watch: new EndWatch((event) => events.push(event), Date.now) };
}

const certificate: CredentialEnd = { kind: "client_certificate", name: "relay", startsAtMs: 0, endsAtMs: 100_000 };

test("warns once when a third of the lifetime is left, and not before", async () => {
  const { watch, events } = bench();
  watch.set([certificate]);

  await jest.advanceTimersByTimeAsync(66_000);
  expect(events).toEqual([]);
  await jest.advanceTimersByTimeAsync(1000);
  await jest.advanceTimersByTimeAsync(100_000);

  expect(events).toEqual([{ kind: "endsSoon", what: 'client certificate "relay"', endsAtMs: 100_000 }]);
});

test("does not repeat a warning for the one that is read again", async () => {
  const { watch, events } = bench();
  watch.set([certificate]);
  await jest.advanceTimersByTimeAsync(70_000);

  watch.set([certificate]);
  await jest.advanceTimersByTimeAsync(10_000);

  expect(events).toHaveLength(1);
});

test("does not warn of what was renewed in time", async () => {
  const { watch, events } = bench();
  watch.set([certificate]);
  await jest.advanceTimersByTimeAsync(60_000);

  watch.set([{ ...certificate, startsAtMs: 60_000, endsAtMs: 160_000 }]);
  await jest.advanceTimersByTimeAsync(60_000);

  expect(events).toEqual([]);
  expect(watch.all()).toEqual([{ kind: "client_certificate", name: "relay", endsAtMs: 160_000 }]);
});

test("keeps kinds apart, and warns of each CA certificate by its name", async () => {
  const { watch, events } = bench();
  const authority = { kind: "ca_certificate", startsAtMs: 0 } as const;
  watch.set([certificate]);
  watch.set([
    { ...authority, name: "old", endsAtMs: 30_000 },
    { ...authority, name: "new", endsAtMs: 900_000 },
  ]);

  await jest.advanceTimersByTimeAsync(25_000);

  expect(events.map(({ what }) => what)).toEqual(['CA certificate "old"']);
  expect(watch.all().map(({ name }) => name)).toEqual(["relay", "old", "new"]);
});

test.each([
  [0, 0],
  [0.1, 1],
])("warns of a token as its source wants: with a share of %d, %d times", async (warningShare, count) => {
  const { watch, events } = bench();
  watch.setToken({ data: Buffer.from("t"), endsAtMs: 100_000, lifetimeMs: 100_000 }, warningShare);

  await jest.advanceTimersByTimeAsync(89_000);
  expect(events).toEqual([]);
  await jest.advanceTimersByTimeAsync(2000);

  expect(events).toHaveLength(count);
});
