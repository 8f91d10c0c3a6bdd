import vm from "node:vm";

import * as errors from "../../../runtime/contract/errors.ts";
import { ConfigError, ConnectionError, describeError, formatProblem } from "../../../runtime/contract/errors.ts";
import { hostileLines, hostileText } from "../../support/hostile-text.ts";

const problem = { path: "endpoints.cloud", problem: "is missing", remedy: "add it" };

const samples = [
  new ConfigError("/etc/relay/config.json", [problem]),
  new ConnectionError("destination refused the connection", { retry: "soon" }),
];

describe("error classes", () => {
  test("each exported class is sampled here", () => {
    const classes = Object.values(errors).filter((value) => value.prototype instanceof Error);

    expect(samples.map((error) => error.constructor)).toEqual(classes);
  });

  test.each(samples.map((error) => [error.constructor.name, error] as const))(
    "%s has its class's name and a code made of it",
    (name, error) => {
      expect(error.name).toBe(name);
      expect(error.code).toBe(`RELAY_${name.replace(/Error$/, "").toUpperCase()}`);
    },
  );

  test("no two classes share a code", () => {
    expect(new Set(samples.map(({ code }) => code)).size).toBe(samples.length);
  });
});

test("formatProblem says where, what and what to do in one line", () => {
  expect(formatProblem(problem)).toBe("endpoints.cloud: is missing; add it");
});

describe("ConfigError", () => {
  test.each([
    [1, "config.json has 1 problem:"],
    [2, "config.json has 2 problems:"],
  ])("counts %d and lists each in a line of its own", (count, heading) => {
    const error = new ConfigError("config.json", Array<typeof problem>(count).fill(problem));

    expect(error.message.split("\n")).toEqual([
      heading,
      ...Array<string>(count).fill("  endpoints.cloud: is missing; add it"),
    ]);
    expect(error.problems).toHaveLength(count);
  });
});

describe("ConnectionError", () => {
  test("carries the reason code, when to try again, and the cause", () => {
    const cause = new Error("ECONNRESET");
    const error = new ConnectionError("refused: 0x87 not authorized", { reasonCode: 0x87, retry: "slowly" }, { cause });

    expect(error).toMatchObject({ reasonCode: 0x87, retry: "slowly", cause });
  });

  test("has no reason code when no packet gave one", () => {
    expect(new ConnectionError("timed out", { retry: "soon" }).reasonCode).toBeUndefined();
  });
});

describe("describeError", () => {
  test.each<[string, unknown, string]>([
    ["an error", new Error("no route to host"), "no route to host"],
    ["an error of another realm", vm.runInNewContext('new TypeError("from elsewhere")'), "from elsewhere"],
    ["an AggregateError without a text", Object.assign(new Error(""), { code: "ECONNREFUSED" }), "ECONNREFUSED"],
    [
      "an error of OpenSSL",
      Object.assign(new Error("40AD:error:0A00:SSL routines:f:unknown ca:rec_layer_s3.c:918:SSL alert number 48\n"), {
        library: "SSL routines",
        reason: "tlsv1 alert unknown ca",
      }),
      "tlsv1 alert unknown ca",
    ],
    ["an object without text or code", {}, "unknown error"],
    ["an object whose message is no text", { message: 7 }, "unknown error"],
    ["a text", "gone", "gone"],
    ["nothing", undefined, "undefined"],
    ["null", null, "null"],
  ])("describes %s", (_case, cause, text) => {
    expect(describeError(cause)).toBe(text);
  });
});

test("a problem is one line without controls, whatever the document holds", () => {
  const hostile = { path: hostileText, problem: hostileText, remedy: hostileText, rule: hostileText };

  expect(formatProblem(hostile).split("\n")).toHaveLength(1);
  expect(hostileLines(formatProblem(hostile))).toEqual([]);
  expect(hostileLines(new ConfigError(hostileText, [hostile, hostile]).message)).toEqual([]);
  expect(new ConfigError(hostileText, [hostile, hostile]).message.split("\n")).toHaveLength(3);
});
