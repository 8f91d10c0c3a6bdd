import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { stripVTControlCharacters } from "node:util";

import { searchRun } from "./secrets/search.ts";

/**
 * Prints `Tests: N passed, N failed` as the last line of the run, with `, N skipped` when any test was skipped, and before it
 * one line for each test that failed: a log that shows only its end still says what is wrong.
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
    const lines = [...failureLines(results), summaryLine(results, leaks)].map((line) => `${line}\n`).join("");
    if (this.#watching) process.stdout.write(lines);
    // Jest still prints its own summary and its warnings about open handles after this method.
    else process.once("exit", () => process.stdout.write(lines));
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

/** `FAILED <file>: <test>: <why>` for each. */
function failureLines({ testResults }) {
  return testResults.flatMap(({ testFilePath, testExecError, testResults: tests }) => {
    const file = path.relative(process.cwd(), testFilePath);
    const failed = tests.filter(({ status }) => status === "failed");
    if (testExecError && failed.length === 0) return [`FAILED ${file}: ${shortReason(testExecError.message ?? "")}`];
    return failed.map(
      ({ fullName, failureMessages }) => `FAILED ${file}: ${fullName}: ${shortReason(failureMessages[0] ?? "")}`,
    );
  });
}

/** Characters of a reason that fit into a line one can read. */
const reasonLength = 600;

/** Why a test failed, in one line: without the stack, and of a comparison what differs. */
function shortReason(message) {
  const lines = stripVTControlCharacters(message)
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^\s+at /.test(line));
  const differing = lines
    .slice(1)
    .filter((line) => /^\s*[-+]\s|^(?:Expected|Received)/.test(line) && !/^[-+] (?:Expected|Received) /.test(line));
  const [first = ""] = lines;
  return (differing.length > 0 && first.includes("expect(") ? differing : lines)
    .map((line) => line.trim())
    .join(" | ")
    .slice(0, reasonLength);
}

function summaryLine(results, leaks) {
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites + leaks;
  const skipped = results.numPendingTests + results.numTodoTests;
  const counts = [`${results.numPassedTests} passed`, `${failed} failed`];
  if (skipped > 0) counts.push(`${skipped} skipped`);
  return `Tests: ${counts.join(", ")}`;
}
