import { cleanUp } from "../support/integration.ts";
import { runSchedule, type ScheduleResult } from "./schedule.ts";
import type { SchedulePlan } from "./stage.ts";

/*
 * Runs the schedules that its parent sends, one at a time, in a process of its own: what hangs in one ends with it, and several run side
 * by side.
 */

/** What came of a schedule. */
export type WorkerAnswer = { readonly result: ScheduleResult } | { readonly failure: string };

/** A schedule that takes longer hangs. */
const deadlineMs = 240_000;

async function runInTime(plan: SchedulePlan): Promise<WorkerAnswer> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<WorkerAnswer>((resolve) => {
    timer = setTimeout(() => {
      resolve({ failure: `it did not end within ${deadlineMs / 1000} s` });
    }, deadlineMs);
  });
  const run = runSchedule(plan).then(
    (result): WorkerAnswer => ({ result }),
    (cause: unknown): WorkerAnswer => ({ failure: String(cause) }),
  );
  const answer = await Promise.race([run, tooLate]);
  clearTimeout(timer);
  await cleanUp();
  return answer;
}

process.on("message", (plan: SchedulePlan) => {
  void runInTime(plan).then((answer) => process.send?.(answer));
});
// The parent is gone, or wants no more.
process.once("disconnect", () => {
  void cleanUp().finally(() => process.exit());
});
// A terminal sends it to the whole group: the parent decides.
process.on("SIGINT", () => undefined);
