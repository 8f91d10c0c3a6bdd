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

  test.each([
    [107, "service account token, spool"],
    [109, "client certificate, no disk"],
    [113, "access token renewed while connections are lost, spool"],
    [115, "spool to Event Grid"],
    [120, "Event Grid to Event Grid, both sides lost"],
    [135, "QoS 0 to 1"],
    [145, "QoS 1 to 0, stopped on a slow link"],
  ])(
    "whatever happens, the relay acknowledges nothing that neither the destination nor the disk has, loses nothing but what QoS 0 allows, keeps the order and repeats only what was outstanding (seed %i: %s)",
    async (seed) => {
      const result = await runSchedule({ seed, messages: 3000, mosquitto, machine, scale: 0.3 });

      expect(failuresOf(result)).toEqual([]);
      expect(result.published).toBe(3000);
      const { delivered, deadLetters, discarded, lostWithQos0 } = result;
      expect(delivered + deadLetters + discarded + lostWithQos0).toBeGreaterThanOrEqual(3000);
    },
  );
});
