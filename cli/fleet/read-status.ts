import { printable } from "../../runtime/contract/printable.ts";
import { unknownBecause } from "./health.ts";
import type { HealthState, SiteHealth } from "./health.ts";

/** Most bytes that are read of an answer: a relay says little, and what else answers there may say anything. */
const maxStatusBytes = 4 * 1024 * 1024;
/** Reasons of one relay that are shown. */
const maxReasons = 20;

/** Reads `GET /api/status`, version 1. */
export async function readStatus(base: string, limit: AbortSignal): Promise<SiteHealth> {
  const { code, text } = await get(`${base}/api/status`, limit);
  if (code !== 200) return unknownBecause(`GET /api/status was answered with ${code}`);
  const status = JSON.parse(text) as { readonly [name: string]: unknown };
  const { state, reasons, version } = status;
  if (version !== 1)
    return unknownBecause(`its status is of version ${JSON.stringify(version)}, and this release reads 1`);
  if (!isState(state))
    return unknownBecause(`its status has the state ${JSON.stringify(state)}, which this release doesn't know`);
  const texts = Array.isArray(reasons) ? reasons.filter((reason) => typeof reason === "string") : [];
  return { state, reasons: texts.slice(0, maxReasons).map(printable) };
}

/** Reads `GET /readyz`, which a relay without a status has too: ready, or the reasons why not, a line each. */
export async function readReadiness(base: string, limit: AbortSignal): Promise<SiteHealth> {
  const { code, text } = await get(`${base}/readyz`, limit);
  if (code === 200) return { state: "ok", reasons: [] };
  if (code !== 503) return unknownBecause(`GET /readyz was answered with ${code}`);
  return { state: "failed", reasons: text.split("\n").slice(0, maxReasons).map(printable) };
}

function isState(state: unknown): state is Exclude<HealthState, "unknown"> {
  return state === "ok" || state === "attention" || state === "failed";
}

async function get(url: string, signal: AbortSignal): Promise<{ readonly code: number; readonly text: string }> {
  const response = await fetch(url, { signal, redirect: "error" });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > maxStatusBytes) throw new Error(`${url}: the answer has more than ${maxStatusBytes} bytes`);
    chunks.push(chunk);
  }
  return { code: response.status, text: Buffer.concat(chunks).toString("utf8") };
}
