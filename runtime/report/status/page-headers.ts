import { createHash } from "node:crypto";

/** Header fields of every answer: nothing is kept, nothing is guessed, and no other page may have it. */
export const plainHeaders = [
  "Cache-Control: no-store",
  "X-Content-Type-Options: nosniff",
  "Referrer-Policy: no-referrer",
  "Cross-Origin-Resource-Policy: same-origin",
  "Cross-Origin-Opener-Policy: same-origin",
] as const;

/**
 * Header fields of the page itself: it runs the scripts and takes the styles that are in it and no other, and asks this server
 * only.
 * @see W3C Content Security Policy Level 3
 */
export function htmlHeaders(html: string): string[] {
  const policy = [
    "default-src 'none'",
    `script-src ${hashesOf(html, "script")}`,
    `style-src ${hashesOf(html, "style")}`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ];
  return [`Content-Security-Policy: ${policy.join("; ")}`, "X-Frame-Options: DENY"];
}

function hashesOf(html: string, element: "script" | "style"): string {
  const contents = [...html.matchAll(new RegExp(`<${element}[^>]*>([^]*?)</${element}>`, "g"))];
  const hashes = contents.map(([, content = ""]) => createHash("sha256").update(content).digest("base64"));
  return hashes.length === 0 ? "'none'" : hashes.map((hash) => `'sha256-${hash}'`).join(" ");
}
