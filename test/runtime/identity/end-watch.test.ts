import {
  EndWatch,
  never,
  onceKubeletIsLate,
  type CredentialEnd,
  type EndEvent,
} from "../../../runtime/identity/end-watch.ts";

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

/** A token of so many seconds that was issued so many seconds after the start. */
const token = (lifetime: number, issued = 0) => ({
  data: Buffer.from(`t${issued}`),
  endsAtMs: (issued + lifetime) * 1000,
  lifetimeMs: lifetime * 1000,
});
const passSeconds = (seconds: number) => jest.advanceTimersByTimeAsync(seconds * 1000);

test("never warns of a token that the relay renews itself", async () => {
  const { watch, events } = bench();
  watch.setToken(token(100), never);

  await passSeconds(200);

  expect(events).toEqual([]);
});

test("does not warn of tokens of 600 s that the kubelet renews as late as it does", async () => {
  const { watch, events } = bench();

  for (let issued = 0; issued < 6000; issued += 570) {
    watch.setToken(token(600, issued), onceKubeletIsLate);
    await passSeconds(570);
  }

  expect(events).toEqual([]);
});

test.each([
  [600, 580],
  [3600, 2980],
  [86_400, 69_220],
  [300, 300],
])("warns of a service account token of %d s that nobody renews after %d s, once", async (lifetime, warnedAt) => {
  const { watch, events } = bench();
  watch.setToken(token(lifetime), onceKubeletIsLate);

  await passSeconds(warnedAt - 1);
  expect(events).toEqual([]);
  await passSeconds(1);
  expect(events).toHaveLength(1);
  await passSeconds(lifetime);

  expect(events).toEqual([{ kind: "endsSoon", what: "token", endsAtMs: lifetime * 1000 }]);
});

test("warns at once of a token that is found with its renewal overdue", async () => {
  const { watch, events } = bench();
  await passSeconds(590);

  watch.setToken(token(600), onceKubeletIsLate);
  await passSeconds(0);

  expect(events).toHaveLength(1);
});
