import { sections } from "../cli/import/sections.ts";
import { cleanUp } from "../support/integration.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { Passage } from "./import/traffic.ts";
import { writeFileSync } from "node:fs";

describeWithPart("mosquitto", (executable) => {
  afterEach(cleanUp);

  test.each(sections)("$about", async ({ lines, about }) => {
    const passage = new Passage(executable, lines);
    const before = await passage.byMosquitto();
    const { arrived: after, findings } = await passage.byRelay();
    const out = Object.keys(before).flatMap((name) => [
      ...before[name]!.filter((m) => !after[name]!.includes(m)).map((m) => `${name}: lost ${m}`),
      ...after[name]!.filter((m) => !before[name]!.includes(m)).map((m) => `${name}: new ${m}`),
      `${name} ${before[name]!.length} ${after[name]!.length}`,
    ]);
    writeFileSync(`/tmp/w/asks-import-${about.slice(0, 12).replace(/\W/g, "-")}.txt`, [...out, ...findings.map((f) => JSON.stringify(f))].join("\n"));
  });
});
