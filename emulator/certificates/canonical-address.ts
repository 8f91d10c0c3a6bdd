import { isIPv6 } from "node:net";

/** Writes an IP address in the one way that can be compared: `2001:DB8:0:0:0:0:0:1` → `2001:db8::1`. */
export function canonicalAddress(address: string): string {
  return isIPv6(address) ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}
