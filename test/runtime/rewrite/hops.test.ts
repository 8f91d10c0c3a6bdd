import type { UserProperties } from "mqtt-packet";

import { createPatch } from "../../../runtime/rewrite/patch.ts";
import { decode } from "../mqtt/scripted-broker.ts";
import { plan, viewOfPublish } from "../queue/fakes.ts";

const patch = createPatch(plan({ maxHops: 3 }));

function userPropertiesOf(userProperties: UserProperties, patched = patch): unknown {
  const made = patched(viewOfPublish({ properties: { userProperties } }));
  return "undeliverable" in made ? made.undeliverable : (decode(made.packet)[0] as { properties: object }).properties;
}

describe("a dataflow that counts hops", () => {
  test.each([
    ["the first relay", {}, "1"],
    ["the second relay", { "mqtt-dataflow-hops": "1" }, "2"],
    ["the last relay that may", { "mqtt-dataflow-hops": "2" }, "3"],
    ["a count that is no number", { "mqtt-dataflow-hops": "many" }, "1"],
    ["a property whose name is longer", { "mqtt-dataflow-hopss": "9" }, "1"],
  ])("counts itself: %s", (_case, given, hops) => {
    const kept = Object.fromEntries(Object.entries(given).filter(([name]) => name !== "mqtt-dataflow-hops"));

    expect(userPropertiesOf({ a: "b", ...given })).toEqual({
      userProperties: { a: "b", ...kept, "mqtt-dataflow-hops": hops },
    });
  });

  test.each(["3", "4", "999999999"])("refuses a message that has passed %s relays", (hops) => {
    const reason = `it has passed ${hops} relays, and 3 is the most: the dataflows go round in a loop`;

    expect(userPropertiesOf({ "mqtt-dataflow-hops": hops })).toBe(reason);
  });

  test("a dataflow that does not count passes the count on as it is", () => {
    expect(userPropertiesOf({ "mqtt-dataflow-hops": "7" }, createPatch(plan()))).toEqual({
      userProperties: { "mqtt-dataflow-hops": "7" },
    });
  });
});
