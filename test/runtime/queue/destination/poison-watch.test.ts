import { ConnectionError, type ConnectionFailure } from "../../../../runtime/contract/errors.ts";
import type { Entry } from "../../../../runtime/queue/entry.ts";
import { PoisonWatch, type Closing } from "../../../../runtime/queue/destination/poison-watch.ts";
import { entryOf as entry } from "../fakes.ts";

function end(failure: Partial<ConnectionFailure> = {}): ConnectionError {
  return new ConnectionError("destination x closed the connection", { retry: "soon", end: "peer", ...failure });
}

const minuteMs = 60_000;

function closing(oldest: Entry | undefined, change: Partial<Closing> = {}): Closing {
  return { oldest, inFlight: oldest === undefined ? 0 : 1, error: end(), nowMs: 0, delivered: 1, ...change };
}

/** What each of `count` closings at a message says. */
function judgeTimes(watch: PoisonWatch, count: number, given: Closing): string[] {
  return Array.from({ length: count }, () => watch.judge(given));
}

describe("PoisonWatch", () => {
  test("takes one closing for an accident, the second for a reason to send the message alone", () => {
    const watch = new PoisonWatch();
    const message = entry();

    const verdicts = [watch.judge(closing(message, { inFlight: 100 }))];
    expect(watch.sendsAlone).toBe(false);
    verdicts.push(watch.judge(closing(message, { inFlight: 100 })));

    expect(verdicts).toEqual(["nothing", "candidate"]);
    expect(watch.sendsAlone).toBe(true);
  });

  test("takes a message for poison after five closings at which it was sent alone", () => {
    const watch = new PoisonWatch();

    expect(judgeTimes(watch, 7, closing(entry()))).toEqual([
      "nothing",
      "candidate",
      "candidate",
      "candidate",
      "candidate",
      "candidate",
      "poison",
    ]);
    expect(watch.sendsAlone).toBe(false);
  });

  test("never finds one guilty that others were in flight with: any of them may have been the reason", () => {
    const watch = new PoisonWatch();

    expect(judgeTimes(watch, 50, closing(entry(), { inFlight: 2, nowMs: 60 * minuteMs }))).not.toContain("poison");
  });

  test("begins anew with another oldest message", () => {
    const watch = new PoisonWatch();
    judgeTimes(watch, 6, closing(entry()));

    expect(watch.judge(closing(entry()))).toBe("nothing");
    expect(watch.sendsAlone).toBe(false);
  });

  test("begins anew once the message was acknowledged", () => {
    const watch = new PoisonWatch();
    const message = entry();
    judgeTimes(watch, 6, closing(message));

    watch.clear();

    expect(judgeTimes(watch, 6, closing(message))).not.toContain("poison");
  });

  test.each<[string, Partial<Closing>]>([
    ["this side ended the connection", { error: undefined }],
    ["it ended for another reason, such as a keep-alive time-out", { error: end({ end: undefined }) }],
    ["the destination sent what is no MQTT", { error: end({ end: "protocol-error" }) }],
    ["a quota was exceeded", { error: end({ reasonCode: 0x97 }) }],
    ["a role is missing", { error: end({ reasonCode: 0x87 }) }],
    ["the server shuts down", { error: end({ reasonCode: 0x8b }) }],
    ["nothing was in flight", { oldest: undefined, inFlight: 0 }],
  ])("says nothing of a message where %s", (_case, change) => {
    const watch = new PoisonWatch();

    expect(new Set(judgeTimes(watch, 50, closing(entry(), change)))).toEqual(new Set(["nothing"]));
  });

  test("does not forget a suspect over an end that says nothing of it", () => {
    const watch = new PoisonWatch();
    const message = entry();
    judgeTimes(watch, 6, closing(message));

    watch.judge(closing(undefined));
    watch.judge(closing(message, { error: undefined }));

    expect(watch.judge(closing(message))).toBe("poison");
  });

  describe("where the destination has taken nothing since it closed at another message, or ever", () => {
    test.each([0, 1])(
      "goes on for ten minutes: it may close at all until a role has arrived (%d delivered)",
      (delivered) => {
        const watch = new PoisonWatch();
        if (delivered > 0) judgeTimes(watch, 7, closing(entry(), { delivered })); // one that was found guilty before
        const message = entry();

        expect(judgeTimes(watch, 30, closing(message, { delivered }))).not.toContain("poison");
        expect(watch.judge(closing(message, { delivered, nowMs: 10 * minuteMs - 1 }))).toBe("candidate");
        expect(watch.judge(closing(message, { delivered, nowMs: 10 * minuteMs }))).toBe("poison");
      },
    );

    test("does not do so for a dead letter, whose message was judged before", () => {
      const watch = new PoisonWatch();

      expect(judgeTimes(watch, 7, closing(entry({ isDeadLetter: true }), { delivered: 0 })).at(-1)).toBe("poison");
    });
  });

  describe.each([0x81, 0x82, 0x90, 0x95, 0x99])(
    "with a DISCONNECT of code %d, which speaks of a packet",
    (reasonCode) => {
      test("needs no second opinion on a message that was alone", () => {
        expect(new PoisonWatch().judge(closing(entry(), { error: end({ reasonCode }), delivered: 0 }))).toBe("poison");
      });

      test("sends the oldest alone first where there were others", () => {
        const watch = new PoisonWatch();
        const message = entry();

        expect(watch.judge(closing(message, { error: end({ reasonCode }), inFlight: 3 }))).toBe("candidate");
        expect(watch.sendsAlone).toBe(true);
        expect(watch.judge(closing(message, { error: end({ reasonCode }) }))).toBe("poison");
      });
    },
  );
});
