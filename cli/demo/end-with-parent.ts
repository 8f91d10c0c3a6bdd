/*
 * Loaded into the demo's relay before its own code. The relay is in a process group of its own, so a demo that was
 * killed would leave it behind; what tells it is the end of its standard input.
 */
process.stdin.once("close", () => process.exit(1));
process.stdin.resume();
// A relay that was told to stop does not wait for its input.
process.stdin.unref();
