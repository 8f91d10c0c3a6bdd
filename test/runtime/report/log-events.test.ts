import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { connectionEvents } from "../../../runtime/report/log-events/connections.ts";
import { dataflowEvents } from "../../../runtime/report/log-events/dataflows.ts";
import { logEvents } from "../../../runtime/report/log-events.ts";

const runtimeFolder = path.join(import.meta.dirname, "../../../runtime");
const sources = readdirSync(runtimeFolder, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.includes("log-events"))
  .map((file) => readFileSync(path.join(runtimeFolder, file), "utf8"))
  .join("\n");

describe("logEvents", () => {
  test.each(Object.entries(logEvents))("%s has a name in kebab case and says what has happened", (name, event) => {
    expect(name).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
    expect(event.meaning).toMatch(/^[A-Z`].*\.$/);
    if ("remedy" in event) expect(event.remedy).toMatch(/^[A-Z`].*[.]$/);
  });

  test("says of each warning and each error what to do", () => {
    const silent = Object.entries(logEvents)
      .filter(([, event]) => (event.level === "warn" || event.level === "error") && !("remedy" in event))
      .map(([name]) => name);

    expect(silent).toEqual([]);
  });

  test("has no name twice", () => {
    const count = Object.keys(connectionEvents).length + Object.keys(dataflowEvents).length;

    expect(Object.keys(logEvents)).toHaveLength(count);
  });

  test.each(Object.keys(logEvents))("%s is logged by the relay", (name) => {
    expect(sources).toContain(`"${name}"`);
  });
});
