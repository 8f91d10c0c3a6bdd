import { readFileSync, writeFileSync } from "node:fs";

import { cleanUp } from "../support/integration.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { describeWithVolume, unmountVolumes } from "../support/small-volume.ts";
import { causeCases, type CauseCase } from "./causes/causes.ts";
import { page, renderPage, renderSection, sectionOf, titles, withoutChance } from "./causes/page.ts";
import { Site } from "./causes/site.ts";

/** Time for a message of `test`, in seconds: short where it can't arrive. */
const [arrivesSeconds, stopsSeconds] = [60, 3];

describeWithPart("mosquitto", (executable) => {
  const sections = new Map<string, string>();
  let site: Site | undefined;

  afterEach(async () => {
    await site?.close();
    site = undefined;
    unmountVolumes();
    await cleanUp();
  });

  /** Has both commands look at a site with that cause. */
  async function examine({ setUp, before, arrives }: CauseCase) {
    const given = await setUp();
    site = await Site.start(executable, given, before);
    const spool = given.spool === undefined ? [] : ["--spool", given.spool];
    const doctor = await site.run("doctor", ["--publish", ...spool]);
    const timeout = String(arrives === true ? arrivesSeconds : stopsSeconds);
    const tested = await site.run("test", ["--yes", "--timeout", timeout]);
    const folders = given.spool === undefined ? {} : { SPOOL: given.spool };
    const outputs = [doctor.output, tested.output].map((text) => withoutChance(text, folders));
    return {
      doctor,
      tested,
      printed: { doctor: outputs[0] ?? "", test: outputs[1] ?? "" },
      leftBehind: site.leftBehind(),
    };
  }

  /** Names of causes in an output, and whether each has something to do about it in its next line. */
  const namedIn = (output: string) => [...output.matchAll(/ \[([a-z-]+)\]\n +do: ./g)].map(([, cause]) => cause);

  async function bothName(cause: CauseCase): Promise<void> {
    const { doctor, tested, printed, leftBehind } = await examine(cause);
    sections.set(cause.what, renderSection(cause, printed));

    expect(new Set(namedIn(doctor.output))).toEqual(new Set([cause.cause]));
    expect(new Set(namedIn(tested.output))).toEqual(new Set([cause.cause]));
    expect(tested.output).toContain(cause.arrives === true ? "upward: delivered" : "STOPPED");
    expect(tested.code).toBe(cause.arrives === true ? 0 : 1);
    expect(leftBehind).toEqual([]);
    if (process.env["UPDATE_DOCS"] === "1") return;
    const laidOut = renderPage([sections.get(cause.what) ?? ""]);
    expect(sectionOf(readFileSync(page, "utf8"), cause)).toBe(sectionOf(laidOut, cause));
  }

  const [withVolume, others] = [true, undefined].map((sets) =>
    causeCases.filter(({ setsSpool }) => setsSpool === sets),
  );

  test.each(others ?? [])("doctor and test name it, and leave nothing behind: $what", bothName);

  describeWithVolume("a volume", () => {
    test.each(withVolume ?? [])("doctor and test name it, and leave nothing behind: $what", bothName);
  });

  test("doc/causes.md has each of them: npm run docs:causes writes it", () => {
    if (process.env["UPDATE_DOCS"] === "1")
      writeFileSync(page, renderPage(titles().map((what) => sections.get(what) ?? "")));
    const stored = readFileSync(page, "utf8");

    expect([...stored.matchAll(/^## (.*)$/gm)].map(([, title]) => title)).toEqual(titles());
    expect(stored.startsWith(renderPage([]).trim())).toBe(true);
  });
});
