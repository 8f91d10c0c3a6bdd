import { TestEnvironment } from "jest-environment-node";

import { patientMs } from "./patience.ts";

/**
 * Gives each test and each hook its time-out times the load of the machine when it begins: that of its project
 * (`testTimeoutMs` in jest.config.js), or its own.
 */
export default class PatientEnvironment extends TestEnvironment {
  #projectMs;

  constructor(config, context) {
    super(config, context);
    this.#projectMs = config.projectConfig.globals.testTimeoutMs;
  }

  handleTestEvent({ name, hook, test }, state) {
    const begun = name === "hook_start" ? hook : name === "test_fn_start" ? test : undefined;
    if (begun === undefined) return;
    state.testTimeout = patientMs(this.#projectMs);
    // A test that is tried again keeps what it was given.
    if (begun.timeout !== undefined) begun.ownTimeoutMs ??= begun.timeout;
    if (begun.ownTimeoutMs !== undefined) begun.timeout = patientMs(begun.ownTimeoutMs);
  }
}
