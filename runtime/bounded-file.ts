import { closeSync, constants, openSync, readSync, type Stats } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";

/** How much of a file is read, and why. */
export interface FileBound {
  /** Most bytes that the file may have. */
  readonly bytes: number;
  /** Why it may not have more, as it follows "which is": `all that a Secret can hold`. */
  readonly reason: string;
}

/**
 * Reads a whole file that others write. Holds no more than the bound and a piece, whatever the file is or becomes while it is
 * read. A named pipe, a device or a folder in its place is refused at once.
 *
 * @throws {Error} with `<path>: <what is wrong>` where it is no regular file or too large; what Node.js throws where it can't
 *   be read
 */
export async function readBoundedFile(file: string, bound: FileBound): Promise<Buffer> {
  // O_NONBLOCK: to open a named pipe that nobody writes to would hold one of the process's few threads for ever.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new Error(`${file}: is ${kindOf(stats)}, and no file`);
    if (stats.size > bound.bytes) throw tooLarge(file, stats.size, bound);
    return await readPieces(handle, file, bound);
  } finally {
    await handle.close();
  }
}

/** Bytes that are read at a time: most files are smaller. */
const pieceBytes = 16 * 1024;

/** Reads to the end: the size that the file had when it was opened may be out of date, and files of the kernel have none. */
async function readPieces(handle: FileHandle, file: string, bound: FileBound): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for (;;) {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(pieceBytes), 0, pieceBytes, null);
    if (bytesRead === 0) return Buffer.concat(pieces, length);
    pieces.push(buffer.subarray(0, bytesRead));
    length += bytesRead;
    if (length > bound.bytes) throw tooLarge(file, undefined, bound);
  }
}

/** @param bytes `undefined`: not known, since it was read no further than to see that it is too large */
function tooLarge(file: string, bytes: number | undefined, bound: FileBound): Error {
  const size = bytes === undefined ? "has" : `has ${bytes} bytes,`;
  return new Error(`${file}: ${size} more than ${bound.bytes} bytes, which is ${bound.reason}`);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return "a folder";
  if (stats.isFIFO()) return "a named pipe";
  return stats.isSocket() ? "a socket" : "a device";
}

/**
 * Reads the start of a file, whatever it is: a program may hand over a document by a pipe. Reads at once, without the pool of
 * threads.
 * @param maxBytes most bytes that are read
 * @throws what Node.js throws where it can't be read
 */
export function readStartSync(file: string, maxBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(maxBytes);
  const descriptor = openSync(file, "r");
  try {
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(descriptor, bytes, length, bytes.length - length, null);
    }
    return bytes.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}
