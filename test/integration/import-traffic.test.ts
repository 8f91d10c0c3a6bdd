import { sections } from "../cli/import/sections.ts";
import { cleanUp } from "../support/integration.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { compare, named, type Kind } from "./import/differences.ts";
import { Passage } from "./import/traffic.ts";

/** What arrives otherwise, by the name of the section's first connection; nothing where it is not here. */
const different: Readonly<Record<string, readonly Kind[]>> = {
  ttn_bridge: ["QoS 0 becomes QoS 1", "QoS 2 becomes QoS 1"],
  awsiot: ["QoS 0 becomes QoS 1"],
  hivemq: ["does not come back", "keeps its retain flag"],
  WB8IP20: ["QoS 0 becomes QoS 1"],
  remap: ["QoS 0 becomes QoS 1", "has too few levels, or too many"],
  North: ["QoS 0 becomes QoS 1", "comes back"],
  edge_to_c8y: ["QoS 0 becomes QoS 1", "QoS 2 becomes QoS 1"],
};

describeWithPart("mosquitto", (executable) => {
  afterEach(cleanUp);

  test.each(sections)(
    "what the bridge moves the relay moves, and the import names what arrives otherwise: $about",
    async ({ lines }) => {
      const passage = new Passage(executable, lines);
      const before = await passage.byMosquitto();
      const { arrived: after, findings } = await passage.byRelay();

      const moved = Object.entries(before).flatMap(([broker, all]) => all.filter(({ from }) => from !== broker));
      expect(moved.length).toBeGreaterThan(0);
      const differences = compare(before, after);
      const kinds = [...new Set(differences.map(({ kind }) => kind))].sort();
      const connection = lines.find((line) => line.startsWith("connection "))?.split(" ")[1] ?? "";
      expect({ kinds, unexplained: differences.filter(({ kind }) => kind === "unexplained") }).toEqual({
        kinds: different[connection] ?? [],
        unexplained: [],
      });
      const said = findings.filter(({ kind }) => kind !== "mapped").map(({ text }) => text);
      const unnamed = kinds.filter((kind) => !said.some((text) => named[kind].test(text)));
      expect(unnamed).toEqual([]);
    },
  );
});
