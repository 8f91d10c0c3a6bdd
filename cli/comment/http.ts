import {
  createDefaultHttpClient,
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  proxyPolicy,
} from "@azure/core-rest-pipeline";

import { describeError } from "../../runtime/contract/errors.ts";
import { printable } from "../../runtime/contract/printable.ts";
import { withoutSecrets } from "../../runtime/contract/redact.ts";
import { ServiceError } from "./service-error.ts";

/** One request to a service. */
export interface Request {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly url: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** @default "application/json" */
  readonly contentType?: string;
}

/** What came back, whatever its status. */
export interface Answer {
  readonly status: number;
  /** Headers by name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Sends a request. @throws {ServiceError} when no answer comes */
export type Send = (request: Request) => Promise<Answer>;

/** How long one answer may take, in milliseconds. Both services answer within a second as a rule. */
const answerTimeoutMs = 30_000;
const firstRetryMs = 1_000;

/**
 * Makes what sends requests, through the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name.
 * @param headers sent with each request
 * @param token left out of every error's text
 */
export function createSend(headers: Readonly<Record<string, string>>, token: string): Send {
  const client = createDefaultHttpClient();
  return async ({ method, url, body, contentType = "application/json" }) => {
    const pipeline = createEmptyPipeline();
    pipeline.addPolicy(proxyPolicy());
    const signal = AbortSignal.timeout(answerTimeoutMs);
    const request = createPipelineRequest({
      url,
      method,
      // The library's own time-out goes on after an error, and holds the process.
      abortSignal: signal,
      // A kept connection would hold the process for seconds after its work.
      disableKeepAlive: true,
      // A stand-in, or a server in one's own network, may have no TLS; whoever sets the URL decides that.
      allowInsecureConnection: true,
      headers: createHttpHeaders({ ...headers, ...(body === undefined ? {} : { "content-type": contentType }) }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    try {
      const answer = await pipeline.sendRequest(client, request);
      return { status: answer.status, headers: answer.headers.toJSON(), text: answer.bodyAsText ?? "" };
    } catch (error) {
      const said = signal.aborted ? `none within ${answerTimeoutMs / 1_000} s` : describeError(error);
      const reason = printable(withoutSecrets(said, [token]));
      const remedy = "check the URL, the way to it and HTTPS_PROXY, then run the job again";
      throw new ServiceError(`${new URL(url).host}: no answer: ${reason}; ${remedy}`, { retryAfterMs: firstRetryMs });
    }
  };
}

/** Reads the JSON of an answer, or `undefined` where it is none, as the page of a proxy. */
export function readJson(answer: Answer): unknown {
  try {
    return JSON.parse(answer.text);
  } catch {
    return undefined;
  }
}

/** GitHub asks for a minute where it limits without saying for how long. */
const unsaidWaitMs = 60_000;

/**
 * Tells how long a service asks to wait before the next request, in milliseconds; `undefined` when it does not limit.
 * @param nowMs milliseconds since 1970
 * @see https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api: 403 or 429, with or without Retry-After
 * @see https://learn.microsoft.com/azure/devops/integrate/concepts/rate-limits: 429 or 503 with Retry-After
 */
export function readLimit({ status, headers, text }: Answer, nowMs: number): number | undefined {
  if (![403, 429, 503].includes(status)) return undefined;
  const asked = headers["retry-after"];
  if (asked !== undefined) {
    const waitMs = /^\d+$/.test(asked) ? Number(asked) * 1_000 : Date.parse(asked) - nowMs;
    return Number.isNaN(waitMs) ? unsaidWaitMs : Math.max(0, waitMs);
  }
  if (headers["x-ratelimit-remaining"] === "0") {
    const resetMs = Number(headers["x-ratelimit-reset"]) * 1_000;
    // A second more: the service rounds down.
    return Number.isNaN(resetMs) ? unsaidWaitMs : Math.max(0, resetMs - nowMs) + 1_000;
  }
  return status === 429 || (status === 403 && /rate limit/i.test(text)) ? unsaidWaitMs : undefined;
}

/** True for answers of a service that is in trouble itself. */
export function isPassing(status: number): boolean {
  return status === 408 || status >= 500;
}
