import { existsSync } from "node:fs";
import tls from "node:tls";

const linuxFolder = "/etc/ssl/certs";

let isDone = false;

/**
 * Has the whole process trust the system's roots beside the list that Node.js was built with, which it trusts alone by
 * itself: a plant's own CA is among the system's. Where they are is said by `SSL_CERT_FILE` and `SSL_CERT_DIR` too.
 *
 * To be called before TLS is opened that names no CA of its own. The first call reads and parses some hundred certificates,
 * which is a fifth of the CPU time in which a relay starts: one whose endpoints all name their CA needs none of them.
 * @see Node.js, tls.setDefaultCACertificates
 */
export function trustSystemRoots(): void {
  if (isDone) return;
  isDone = true;
  const { SSL_CERT_FILE: file, SSL_CERT_DIR: folder = linuxFolder } = process.env;
  // Small images have none, and Node.js would say so in a line of its own on standard error.
  if (process.platform === "linux" && file === undefined && !existsSync(folder)) return;
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), ...tls.getCACertificates("system")]);
}
