import { drawPicture } from "../../../bench/report/picture.ts";
import { buildRun, rounds } from "./example-run.ts";

const run = buildRun({
  qos1: {
    relay: rounds("cpuMicroseconds", [10, 10, 10, 10, 10, 10, 10]),
    "plain-mqttjs": rounds("cpuMicroseconds", [35, 36, 38, 40, 41, 42, 50]),
  },
});

/** Tags in their order; throws when one is closed that is not open, an attribute has no quotes, or text isn't escaped. */
function checkWellFormed(xml: string): string[] {
  const open: string[] = [];
  const seen: string[] = [];
  const token = /<(\/?)([a-z]+)((?: [a-zA-Z0-9:-]+="[^"<&]*(?:&(?:amp|lt|gt|quot);[^"<&]*)*")*) ?(\/?)>|([^<]+)/gy;
  let match: RegExpExecArray | null;
  let end = 0;
  while ((match = token.exec(xml)) !== null) {
    end = token.lastIndex;
    const [, closes, name = "", , isEmpty, text] = match;
    if (text !== undefined) {
      if (/&(?!(amp|lt|gt|quot);)/.test(text)) throw new Error(`unescaped text: ${text}`);
    } else if (closes === "/") {
      if (open.pop() !== name) throw new Error(`</${name}> closes nothing`);
    } else {
      seen.push(name);
      if (isEmpty === "") open.push(name);
    }
  }
  if (end !== xml.length) throw new Error(`no tag: ${xml.slice(end, end + 60)}`);
  if (open.length > 0) throw new Error(`not closed: ${open.join(", ")}`);
  return seen;
}

test("is well-formed, with the machine's name in it escaped", () => {
  const tags = checkWellFormed(drawPicture(run));

  expect(tags[0]).toBe("svg");
  expect(drawPicture(run)).toContain("Example &lt;1&gt; &amp; sons");
});

test("draws the median as a bar and its interval as a line, on one scale", () => {
  const widths = [
    ...drawPicture(run).matchAll(/<rect class="(ours|other)" x="[0-9.]+" y="[0-9.]+" width="([0-9.]+)"/g),
  ].map(([, kind, width]) => [kind, Number(width)] as const);

  const [ours, other] = widths;
  expect([ours?.[0], other?.[0]]).toEqual(["ours", "other"]);
  expect((other?.[1] ?? 0) / (ours?.[1] ?? 1)).toBeCloseTo(4, 1); // 40 µs and 10 µs
});

test("keeps everything inside of its own bounds", () => {
  const picture = drawPicture(run);
  const [, width, height] = (/viewBox="0 0 ([0-9]+) ([0-9]+)"/.exec(picture) ?? []).map(Number);
  const numbers = (pattern: RegExp) => [...picture.matchAll(pattern)].map((match) => Number(match[1]));

  expect(Math.max(...numbers(/ (?:x|x1|x2)="([0-9.]+)"/g))).toBeLessThanOrEqual(width ?? 0);
  expect(Math.max(...numbers(/ (?:y|y1|y2)="([0-9.]+)"/g))).toBeLessThanOrEqual(height ?? 0);
});

test("has colours for a dark page beside those for a light one", () => {
  expect(drawPicture(run)).toMatch(
    /\.ground \{ fill: #ffffff \}[^]*prefers-color-scheme: dark[^]*\.ground \{ fill: #0d1117 \}/,
  );
});

test("leaves out a panel without figures", () => {
  expect(drawPicture(run)).not.toContain("Added latency");
});
