import v8 from "node:v8";
import vm from "node:vm";

v8.setFlagsFromString("--expose-gc");
const collect = vm.runInNewContext("gc") as () => void;

/** Bytes that this process holds on V8's heap and in buffers, once everything is collected that nobody uses. */
export function liveBytes(): number {
  collect();
  collect(); // buffers that the first one found are freed by a thread of its own, and the second one waits for that
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
