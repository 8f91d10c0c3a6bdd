import { tests, type Scenario } from "./scenario.ts";

const order = (name: string) => tests("runtime/queue/source/acknowledgement-order.test.ts", name);

/** Acknowledgement order, by the numbers of session-client-testing.md in Azure/iot-operations-sdks. */
export const acknowledgements: readonly Scenario[] = [
  {
    id: "1",
    behaviour: "Two messages, acknowledged in order",
    tests: order("1: two messages that are acknowledged in their order are acknowledged to the source in that order"),
  },
  {
    id: "2",
    behaviour: "Two messages, acknowledged in reverse order",
    tests: order(
      "2: two messages that are acknowledged in reverse order are acknowledged to the source in the order of arrival",
    ),
  },
  {
    id: "3",
    behaviour: "Two messages, only the second acknowledged",
    tests: order("3: of two messages of which only the second is acknowledged, neither is acknowledged to the source"),
  },
  {
    id: "4",
    behaviour: "One message, acknowledged after a disconnect",
    tests: order("4: a message that is acknowledged after the source's connection ended is acknowledged to nobody"),
  },
  {
    id: "5",
    behaviour: "Two messages, the second acknowledged, then a disconnect",
    tests: order(
      "5: of two messages of which only the second is acknowledged before the source's connection ends, neither is",
    ),
  },
];
