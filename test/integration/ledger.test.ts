import { compileMachine } from "../ledger/machine.ts";
import { failuresOf, runSchedule } from "../ledger/schedule.ts";
import { cleanUp } from "../support/integration.ts";
import { describeWithParts } from "../support/real-parts.ts";

/** A short form of `npm run ledger`. */
describeWithParts(["mosquitto", "cc"], ([mosquitto, compiler]) => {
  let machine: string | undefined;

  beforeAll(() => {
    machine = compileMachine(compiler);
  });

  afterEach(cleanUp);

  test.each([105, 106, 107, 109, 111, 113])(
    "whatever happens, the relay acknowledges nothing that neither the destination nor the disk has, loses nothing, keeps the order and repeats only what was outstanding (seed %i)",
    async (seed) => {
      const result = await runSchedule({ seed, messages: 3000, mosquitto, machine, scale: 0.3 });

      expect(failuresOf(result)).toEqual([]);
      expect(result.published).toBe(3000);
      expect(result.delivered + result.deadLetters + result.discarded).toBeGreaterThanOrEqual(3000);
    },
  );
});
