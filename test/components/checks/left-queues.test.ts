import { findLeftQueues } from "../../../components/checks/left-queues.ts";

function dataflow(mode: string, spool: string) {
  return { mode, relay: { spool: { mode: spool } } };
}

const spooled = dataflow("Enabled", "Enabled");

test.each([
  ["taken out", {}],
  ["disabled", { one: dataflow("Disabled", "Enabled") }],
  ["without its disk queue", { one: dataflow("Enabled", "Disabled") }],
  ["renamed", { other: spooled }],
])("a dataflow that is %s leaves what is in its disk queue", (_, dataflows) => {
  expect(findLeftQueues({ dataflows: { one: spooled } }, { dataflows }).map(({ path }) => path)).toEqual([
    "dataflows.one",
  ]);
});

test("one that keeps its disk queue, or never had one, leaves nothing", () => {
  const unspooled = dataflow("Enabled", "Disabled");

  expect(findLeftQueues({ dataflows: { one: spooled } }, { dataflows: { one: spooled, two: spooled } })).toEqual([]);
  expect(findLeftQueues({ dataflows: { one: unspooled } }, { dataflows: {} })).toEqual([]);
  expect(findLeftQueues({}, {})).toEqual([]);
});
