import { Renewer, type Renewable, type RenewalEvent } from "../../../runtime/identity/renewer.ts";
import { ConnectionError } from "../../../runtime/contract/errors.ts";

interface Value {
  readonly id: number;
  readonly endsAtMs: number;
}

const { signal } = new AbortController();
const secret = "hunter2";

beforeEach(() => {
  jest.useFakeTimers({ now: 0 });
});

afterEach(() => {
  jest.useRealTimers();
});

/** A renewer of numbered values: each lasts 100 s and is renewed 20 s before its end. */
function bench(change: Partial<Renewable<Value>> = {}, times: { fetchTimeoutMs?: number } = {}) {
  const answers: (Value | Error)[] = [];
  const events: RenewalEvent[] = [];
  let fetched = 0;
  const renewer = new Renewer<Value>(
    {
      what: "token for broker",
      remedy: "check the clock",
      fetch: async () => {
        fetched++;
        const answer = answers.shift() ?? { id: fetched, endsAtMs: Date.now() + 100_000 };
        if (answer instanceof Error) throw answer;
        return answer;
      },
      isSame: (a, b) => a.id === b.id,
      endsAtMs: (value) => value.endsAtMs,
      renewAtMs: (value) => value.endsAtMs - 20_000,
      ...change,
    },
    { onEvent: (event) => events.push(event), random: () => 0, now: () => Date.now(), ...times },
  );
  const told: number[] = [];
  const watch = (used: Value) => renewer.watch(used, ({ id }) => told.push(id));
  return { renewer, answers, events, told, watch, fetched: () => fetched };
}

test("fetches the next one when it is due, and tells who watches", async () => {
  const { renewer, watch, told, events } = bench();
  watch(await renewer.read(signal));

  await jest.advanceTimersByTimeAsync(79_000);
  expect(told).toEqual([]);
  await jest.advanceTimersByTimeAsync(2000);

  expect(told).toEqual([2]);
  expect(events).toEqual([{ kind: "renewed", what: "token for broker", endsAtMs: 180_000 }]);
  await jest.advanceTimersByTimeAsync(80_000);
  expect(told).toEqual([2, 3]);
});

test("tells of a file that was replaced after it was read and before it was watched", async () => {
  const { renewer, watch, told } = bench({ folder: "/nowhere", renewAtMs: () => undefined });
  const used = await renewer.read(signal);

  watch(used); // the next look finds another one
  await jest.advanceTimersByTimeAsync(100);

  expect(told).toEqual([2]);
});

test.each([
  [{}, 30_000],
  [{ fetchTimeoutMs: 300_000 }, 300_000],
])("gives a fetch the time that it was told, with %j %d ms", async (times, expected) => {
  const timeout = jest.spyOn(AbortSignal, "timeout");
  const { renewer, watch } = bench({}, times);
  watch(await renewer.read(signal));

  await jest.advanceTimersByTimeAsync(81_000);

  expect(timeout.mock.calls).toEqual([[expected]]);
});

test("does nothing while nobody watches", async () => {
  const { renewer, watch, fetched } = bench();
  watch(await renewer.read(signal))();

  await jest.advanceTimersByTimeAsync(500_000);

  expect(fetched()).toBe(1);
  expect(jest.getTimerCount()).toBe(0);
});

test("tells at once of one that was fetched between the use and the watch", async () => {
  const { renewer, watch, told } = bench();
  const used = await renewer.read(signal);
  await renewer.read(signal);

  watch(used);
  await jest.advanceTimersByTimeAsync(0);

  expect(told).toEqual([2]);
});

test("tells each watcher only of what differs from what it uses", async () => {
  const { renewer, watch, told } = bench();
  const first = await renewer.read(signal);
  watch(first);
  watch(await renewer.read(signal));

  await jest.advanceTimersByTimeAsync(0);

  expect(told).toEqual([2]);
});

test("retries with growing waits while the old one lives, and says until when", async () => {
  const { renewer, watch, answers, events, told } = bench();
  watch(await renewer.read(signal));
  answers.push(new ConnectionError("no token: 429", { retry: "soon" }), new Error("no token: timeout"));

  await jest.advanceTimersByTimeAsync(80_000);
  expect(events).toEqual([
    {
      kind: "renewalFailed",
      what: "token for broker",
      reason: "no token: 429",
      retryInMs: expect.any(Number),
      endsAtMs: 100_000,
    },
  ]);
  await jest.advanceTimersByTimeAsync(5000);

  expect(events.map(({ kind }) => kind)).toEqual(["renewalFailed", "renewalFailed", "renewed"]);
  expect(told).toEqual([4]);
});

test("tries several times before a short life is over", async () => {
  const { renewer, watch, answers, events } = bench({ renewAtMs: ({ endsAtMs }) => endsAtMs - 2000 });
  watch(await renewer.read(signal));
  answers.push(...Array.from({ length: 50 }, () => new Error("down")));

  await jest.advanceTimersByTimeAsync(99_999);

  expect(events.length).toBeGreaterThanOrEqual(5);
});

test("asks again soon when the one that is due is all that is given", async () => {
  const { renewer, watch, answers, told, events } = bench();
  const first = await renewer.read(signal);
  watch(first);
  answers.push(first, first);

  await jest.advanceTimersByTimeAsync(90_000);

  expect(told).toEqual([4]);
  expect(events.filter(({ kind }) => kind === "renewalFailed")).toEqual([]);
});

describe("one that has ended", () => {
  test("is given out once, since the clock may be wrong, and not again", async () => {
    const { renewer, answers } = bench();
    const ended = { id: 7, endsAtMs: -1000 };
    answers.push(ended, ended, ended);

    expect(await renewer.read(signal)).toBe(ended);
    const error = new ConnectionError(
      "token for broker expired at 1969-12-31T23:59:59.000Z and is not shown again; check the clock",
      { retry: "soon" },
    );
    await expect(renewer.read(signal)).rejects.toEqual(error);
    await expect(renewer.read(signal)).rejects.toEqual(error);
  });

  test("is followed by a newer one", async () => {
    const { renewer, answers } = bench();
    answers.push({ id: 7, endsAtMs: -1000 }, { id: 8, endsAtMs: 1000 });
    await renewer.read(signal);

    expect(await renewer.read(signal)).toMatchObject({ id: 8 });
  });
});

test("waits for a time that no timer reaches", async () => {
  const farMs = 60 * 24 * 3_600_000;
  const { renewer, watch, fetched, answers } = bench();
  answers.push({ id: 1, endsAtMs: farMs });
  watch(await renewer.read(signal));

  await jest.advanceTimersByTimeAsync(farMs - 30_000);
  expect(fetched()).toBe(1);
  await jest.advanceTimersByTimeAsync(20_000);
  expect(fetched()).toBe(2);
});

test("puts nothing of a value into its events", async () => {
  const { renewer, watch, events, answers } = bench();
  answers.push({ id: 1, endsAtMs: 100_000, secret } as Value, { id: 2, endsAtMs: 200_000, secret } as Value);
  watch(await renewer.read(signal));

  await jest.advanceTimersByTimeAsync(80_001);

  expect(events).toHaveLength(1);
  expect(JSON.stringify(events)).not.toContain(secret);
});
