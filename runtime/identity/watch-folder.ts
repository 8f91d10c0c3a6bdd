import { watch, type FSWatcher } from "node:fs";

/** Time for the pieces of one change to come in. */
const settleMs = 100;
/** How often the folder is looked at where the system tells nothing, as some network file systems don't. */
const defaultPollMs = 30_000;

/**
 * Calls back when a folder may have changed; the callback looks what did. Kubernetes swaps the link `..data` in it, so
 * that a watch on a file would stay with the old one. Keeps no process alive.
 *
 * @returns a function that ends it
 */
export function watchFolder(folder: string, onChange: () => void, pollMs = defaultPollMs): () => void {
  let watcher: FSWatcher | undefined;
  let settling: NodeJS.Timeout | undefined;
  const onEvent = () => {
    clearTimeout(settling);
    settling = setTimeout(onChange, settleMs).unref();
  };
  const open = () => {
    // Opened again at each look: a folder that was replaced as a whole leaves its watcher behind.
    watcher?.close();
    watcher = undefined;
    try {
      watcher = watch(folder, { persistent: false }, onEvent);
      watcher.on("error", () => watcher?.close());
    } catch {
      // It is not there, or the system has no watches left: the next look tries again.
    }
  };
  open();
  const poll = setInterval(() => {
    open();
    onChange();
  }, pollMs).unref();
  return () => {
    clearInterval(poll);
    clearTimeout(settling);
    watcher?.close();
  };
}
