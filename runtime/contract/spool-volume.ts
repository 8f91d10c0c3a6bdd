/**
 * Size that a volume needs for disk queues, as a multiple of their `spool.maxBytes`.
 *
 * `maxBytes` counts the pages that messages and dead letters take in the file, so the file is no longer than their sum: 1.02
 * times at most as measured with packets of 50 B to 256 kB, of one size and mixed, filled and emptied three times. Beside it
 * are at most 16 MiB, whatever the sum is: the write-ahead log, and the reserve for a full volume. The rest is for what a file
 * system keeps for itself.
 */
export const spoolVolumeFactor = 1.25;
