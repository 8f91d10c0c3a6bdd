import { runSchedule } from "../ledger/schedule.ts";
import { cleanUp } from "../support/integration.ts";
import { describeWithPart } from "../support/real-parts.ts";

/** A short form of `npm run ledger`: three of its schedules, in which every kind of fault but one comes. */
describeWithPart("mosquitto", (mosquitto) => {
  afterEach(cleanUp);

  test.each([1, 2, 3])(
    "whatever happens, the relay acknowledges nothing that neither the destination nor the disk has, and loses nothing (seed %i)",
    async (seed) => {
      const { early, lost, outOfOrder, isComplete, ends, seen } = await runSchedule({
        seed,
        messages: 800,
        mosquitto,
        scale: 0.3,
      });

      const none = { early: [], lost: [], outOfOrder: [], ends: [] };
      expect({ early, lost, outOfOrder, ends, isComplete }).toEqual({ ...none, isComplete: true });
      expect(seen).toBe(800);
    },
  );
});
