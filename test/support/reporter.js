import fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { searchRun } from "./secrets/search.ts";

/**
 * Prints `Tests: N passed, N failed` as the last line of the run, with `, N skipped` when any test was skipped.
 * A suite that could not run counts as one failure, and so does each secret that the run has put out: the tests gather
 * both in a folder of the run (`test/support/secrets`), and here the one is searched for the other.
 */
export default class LastLineReporter {
  #watching;
  #record;
  #failure;

  constructor(globalConfig) {
    this.#watching = globalConfig.watch || globalConfig.watchAll;
  }

  onRunStart() {
    this.#record = fs.mkdtempSync(path.join(os.tmpdir(), "mqtt-dataflow-run-"));
    // Workers are started after this, and take the environment over.
    process.env.MQTT_DATAFLOW_RUN_RECORD = this.#record;
  }

  onTestResult({ path: file }, { console: messages }) {
    if (!messages?.length) return;
    const folder = path.join(this.#record, "output", "console");
    fs.mkdirSync(folder, { recursive: true });
    fs.appendFileSync(path.join(folder, path.basename(file)), messages.map(({ message }) => `${message}\n`).join(""));
  }

  onRunComplete(_testContexts, results) {
    const leaks = this.#searchForSecrets(results);
    const line = `${summaryLine(results, leaks)}\n`;
    if (this.#watching) process.stdout.write(line);
    // Jest still prints its own summary and its warnings about open handles after this method.
    else process.once("exit", () => process.stdout.write(line));
  }

  /** Jest takes the run for failed when a reporter has an error. */
  getLastError() {
    return this.#failure;
  }

  /** Says what was found, and gives how many findings there are. */
  #searchForSecrets({ numPassedTests, numFailedTests }) {
    this.#failure = undefined;
    try {
      // A run without a single test has no canary either.
      if (numPassedTests + numFailedTests === 0) return 0;
      const { findings, secrets, sources, bytes } = searchRun(this.#record);
      const searched = `${secrets} secrets in ${(bytes / 1e6).toFixed(1)} MB that ${sources} programs and logs put out`;
      process.stdout.write(`\nSecrets: searched for ${searched}: ${findings.length || "none"} found\n`);
      for (const { secret, source, line } of findings)
        process.stdout.write(`  ${secret}: in line ${line} of ${source}; keep it out of logs, errors and metrics\n`);
      if (findings.length > 0) this.#failure = new Error("secrets were put out");
      return findings.length;
    } catch (error) {
      process.stdout.write(`\nSecrets: ${error.message}\n`);
      this.#failure = error;
      return 1;
    } finally {
      fs.rmSync(this.#record, { recursive: true, force: true });
    }
  }
}

function summaryLine(results, leaks) {
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites + leaks;
  const skipped = results.numPendingTests + results.numTodoTests;
  const counts = [`${results.numPassedTests} passed`, `${failed} failed`];
  if (skipped > 0) counts.push(`${skipped} skipped`);
  return `Tests: ${counts.join(", ")}`;
}
