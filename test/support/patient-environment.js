import { TestEnvironment } from "jest-environment-node";

import { patientMs } from "./patience.ts";

/** Of each process that a failed test has started. */
const shownLines = 25;

/**
 * Gives each test and each hook its time-out times the load of the machine when it begins: that of its project
 * (`testTimeoutMs` in jest.config.js), or its own. When a test fails it prints what the processes of the test have put out:
 * on a machine that is far away nothing else tells why.
 */
export default class PatientEnvironment extends TestEnvironment {
  #projectMs;

  constructor(config, context) {
    super(config, context);
    this.#projectMs = config.projectConfig.globals.testTimeoutMs;
  }

  handleTestEvent({ name, hook, test }, state) {
    const processes = this.global.startedProcesses ?? [];
    if (name === "test_start") processes.splice(0, Infinity, ...processes.filter((one) => !one.hasEnded()));
    if (name === "test_fn_failure") printProcesses(test.name, processes);
    const begun = name === "hook_start" ? hook : name === "test_fn_start" ? test : undefined;
    if (begun === undefined) return;
    state.testTimeout = patientMs(this.#projectMs);
    // A test that is tried again keeps what it was given.
    if (begun.timeout !== undefined) begun.ownTimeoutMs ??= begun.timeout;
    if (begun.ownTimeoutMs !== undefined) begun.timeout = patientMs(begun.ownTimeoutMs);
  }
}

function printProcesses(test, processes) {
  for (const { name, lines } of processes)
    process.stderr.write(`"${test}" failed; ${name}, last lines:\n${lines.slice(-shownLines).join("\n")}\n`);
}
