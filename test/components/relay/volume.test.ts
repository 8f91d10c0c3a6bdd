import { BrokerType } from "../../../components/enumerations.ts";
import type { DataflowArgs } from "../../../components/dataflow.ts";
import { checkVolume } from "../../../components/relay/volume.ts";

const hostTypes = { edge: BrokerType.CustomMqtt, cloud: BrokerType.CustomMqtt };
const gibibyte = 1_073_741_824;

function dataflow(more: object): DataflowArgs {
  const parts = { source: "edge", dataSources: ["a"], destination: "cloud", dataDestination: "b" };
  return { ...parts, ...more };
}

function problemsOf(sizeGibibytes: number, ...dataflows: DataflowArgs[]): string[] {
  const named = Object.fromEntries(dataflows.map((one, index) => [`flow-${index}`, one]));
  return checkVolume({ sizeGibibytes }, named, hostTypes).map(({ problem }) => problem);
}

describe("checkVolume", () => {
  test("asks for 1.25 times what the disk queues may take", () => {
    const spooled = dataflow({ spool: { mode: "Enabled", maxBytes: 4 * gibibyte } });

    expect(problemsOf(5, spooled)).toEqual([]);
    expect(problemsOf(4, spooled)).toEqual(["is 4 GiB, and the disk queues of 1 dataflows may take 5 GiB"]);
  });

  test("counts dead letters on the disk, also of a dataflow without a disk queue", () => {
    const letters = dataflow({ undeliverableMessages: "DeadLetter", spool: { mode: "Disabled" } });

    expect(problemsOf(2, letters, letters)).toEqual(["is 2 GiB, and the disk queues of 2 dataflows may take 3 GiB"]);
    expect(problemsOf(1, dataflow({}))).toEqual([]);
  });
});
