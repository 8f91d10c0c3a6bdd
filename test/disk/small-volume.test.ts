import { cleanUp } from "../support/integration.ts";
import { describeWithParts } from "../support/real-parts.ts";
import { describeWithVolume, unmountVolumes } from "../support/small-volume.ts";
import { faults } from "./faults.ts";
import { runSeed, type Outcome } from "./run-seed.ts";

/*
 * The spool on a volume of its own to which things happen, with a real relay between real brokers. A seed decides what
 * happens and to how much: every fault comes once in as many seeds as there are faults.
 *
 * `DISK_SEEDS=1-100 npm test -- --selectProjects disk` runs a range; without it, a few seeds run.
 */
const usualSeeds = [1, 7, 11, 15];

function readSeeds(): number[] {
  const range = /^(\d+)-(\d+)$/.exec(process.env["DISK_SEEDS"] ?? "");
  if (range === null) return usualSeeds;
  const [first, last] = [Number(range[1]), Number(range[2])];
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** What is wrong with an outcome; empty when nothing is. */
function findFaults({ flows }: Outcome): string[] {
  return Object.entries(flows).flatMap(([name, { published, missing, counted, loses, isOrdered }]) => {
    const figures = `${missing} of ${published} missing, ${counted} counted as lost`;
    const isRight = loses === "nothing" ? missing + counted === 0 : missing <= counted && counted <= published;
    const problems = isRight && (loses !== "exactly" || missing === counted) ? [] : [`${name}: ${figures}`];
    return isOrdered || loses === "counted" ? problems : [...problems, `${name}: out of order`];
  });
}

function describeOutcome({ fault, flows }: Outcome): string {
  const figures = Object.entries(flows).map(
    ([name, { published, missing, counted }]) =>
      `${name} ${published} published, ${missing} missing, ${counted} counted`,
  );
  return `${fault}: ${figures.join("; ")}`;
}

describeWithVolume("a small volume", () => {
  describeWithParts(["mosquitto", "setpriv"], ([mosquitto]) => {
    afterEach(async () => {
      await cleanUp();
      unmountVolumes();
    });

    test.each(readSeeds().map((seed) => [seed, faults[seed % faults.length]?.name ?? ""] as const))(
      "seed %i: %s; nothing else is lost than is counted, the other dataflow goes on, and all arrives with no hand on it",
      async (seed) => {
        const outcome = await runSeed(seed, mosquitto);

        const problems = findFaults(outcome);
        if (problems.length > 0) process.stderr.write(`seed ${seed}:\n${outcome.log.join("\n")}\n`);
        if (process.env["DISK_SEEDS"] !== undefined)
          process.stderr.write(`seed ${seed}: ${describeOutcome(outcome)}\n`);
        expect(problems).toEqual([]);
      },
    );
  });
});
