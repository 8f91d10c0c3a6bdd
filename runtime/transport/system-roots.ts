import { existsSync } from "node:fs";
import tls from "node:tls";

const linuxFolder = "/etc/ssl/certs";

/**
 * Has the whole process trust the system's roots beside the list that Node.js was built with, which it trusts alone by
 * itself: a plant's own CA is among the system's. Where they are is said by `SSL_CERT_FILE` and `SSL_CERT_DIR` too.
 * @see Node.js, tls.setDefaultCACertificates
 */
export function trustSystemRoots(): void {
  const { SSL_CERT_FILE: file, SSL_CERT_DIR: folder = linuxFolder } = process.env;
  // Small images have none, and Node.js would say so in a line of its own on standard error.
  if (process.platform === "linux" && file === undefined && !existsSync(folder)) return;
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), ...tls.getCACertificates("system")]);
}
