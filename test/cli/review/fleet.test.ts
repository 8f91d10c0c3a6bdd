import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { githubMaxCharacters, renderMarkdown, reviewEvents } from "../../../cli/review/index.ts";
import type { PreviewEvents } from "../../../cli/review/index.ts";
import { readPreviewText } from "../../../cli/review/read-text.ts";
import { recordedFolder, recordedText } from "./recordings.ts";

/** A recorded preview as another site's: the site's name is that of the stack, and in all of its names. */
function previewOf(name: string, site: string): PreviewEvents {
  const read = readPreviewText(site, recordedText(`${name}.jsonl`).replaceAll("oslo", site));
  if ("problem" in read) throw new Error(read.problem.problem);
  return read.previews[0]!;
}

/** One change of forty sites: two have it already, one gets more throughput instead, and one is refused. */
function fleet(): PreviewEvents[] {
  const changes: { readonly [number: number]: string } = {
    1: "change-nothing",
    2: "change-nothing",
    17: "raise-throughput",
    23: "refuse-a-declaration",
  };
  return Array.from({ length: 40 }, (_, index) => {
    const site = `site-${String(index + 1).padStart(2, "0")}`;
    return previewOf(changes[index + 1] ?? "change-the-image", site);
  });
}

test("forty stacks make one comment in which each kind of change stands once", () => {
  const file = path.join(recordedFolder, "forty-stacks.md");

  const comment = renderMarkdown(reviewEvents(fleet()));

  expect(comment.split("\n")[0]).toBe("⛔ **Blocked** · 40 stacks: 1 blocked, 37 safe, 2 without a change");
  expect(comment.match(/^### /gm)).toHaveLength(3);
  expect(comment).toContain("### `site-03`, and 35 stacks like it");
  expect(comment.length).toBeLessThan(githubMaxCharacters / 4);
  if (process.env["UPDATE_REVIEWS"] === "true") writeFileSync(file, comment);
  expect(comment).toBe(readFileSync(file, "utf8"));
});

test("the stack that is blocked comes first, whatever the order of the files, and its reason has its name", () => {
  const { stacks, reasons, verdict } = reviewEvents(fleet().toReversed());

  expect(verdict).toBe("blocked");
  expect(reasons).toEqual([expect.stringMatching(/^site-23: MqttBridge "site-23": site-23 has 4 problems: /)]);
  expect(stacks.slice(0, 3).map(({ stack }) => stack)).toEqual(["site-23", "site-03", "site-04"]);
});

test("a preview of more than 200 resources is reviewed in less than a second", () => {
  const events = fleet()
    .slice(2, 12)
    .flatMap((preview) => preview.events);
  const urns = new Set(events.map(({ resourcePreEvent }) => resourcePreEvent?.metadata.urn));
  expect(urns.size).toBeGreaterThan(200);

  const start = performance.now();
  renderMarkdown(reviewEvents([{ stack: "all", events }]));

  expect(performance.now() - start).toBeLessThan(1000);
});
