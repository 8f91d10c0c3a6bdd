import { buildImageProgram } from "./program-of-image.ts";
import { startProgram } from "./start.ts";

/** The command `mqtt-dataflow` in the relay's image: `kubectl exec oslo-relay-0 -- mqtt-dataflow status`. */
await startProgram(buildImageProgram, process.argv.slice(2));
