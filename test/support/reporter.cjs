/**
 * Prints `Tests: N passed, N failed` as the last line of the run, with `, N skipped` when any test was skipped.
 * A suite that could not run counts as one failure. Leaves the exit code to jest.
 */
class LastLineReporter {
  #watching;

  constructor(globalConfig) {
    this.#watching = globalConfig.watch || globalConfig.watchAll;
  }

  onRunComplete(_testContexts, results) {
    const line = `${summaryLine(results)}\n`;
    if (this.#watching) process.stdout.write(line);
    // Jest still prints its own summary and its warnings about open handles after this method.
    else process.once("exit", () => process.stdout.write(line));
  }
}

function summaryLine(results) {
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  const skipped = results.numPendingTests + results.numTodoTests;
  const counts = [`${results.numPassedTests} passed`, `${failed} failed`];
  if (skipped > 0) counts.push(`${skipped} skipped`);
  return `Tests: ${counts.join(", ")}`;
}

module.exports = LastLineReporter;
