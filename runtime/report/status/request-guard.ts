import { headerFields } from "../http-request.ts";
import { plainPage, type Page, type PageRequest } from "../page-server.ts";

/** Names of this machine by which the page may be asked for, whatever the port: a forwarded one has another. */
const ownNames = /^(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?$/i;

/**
 * Refuses what no page of ours asks for; `undefined` where a request may be answered. The server listens on loopback, and a web
 * page of somebody else can reach that through its reader's browser: by another host name that resolves to 127.0.0.1 (DNS
 * rebinding), which `Host` tells, or by a request whose answer it can't read, which `Sec-Fetch-Site` tells.
 */
export function refuseForeign({ head, path }: Pick<PageRequest, "head" | "path">): Page | undefined {
  const hosts = headerFields(head, "host");
  if (hosts.length !== 1 || !ownNames.test(hosts[0] ?? ""))
    return plainPage(421, "this is not the host that was asked for; use 127.0.0.1 or localhost");
  const [site = "none"] = headerFields(head, "sec-fetch-site");
  const [mode] = headerFields(head, "sec-fetch-mode");
  const isVisit = path === "/" && mode === "navigate";
  if (site === "none" || site === "same-origin" || isVisit) return undefined;
  return plainPage(403, "another web page may not ask for this");
}
