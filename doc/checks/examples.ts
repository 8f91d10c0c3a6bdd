import { aioExamples } from "./aio-examples.ts";
import type { CheckExample } from "./declaration.ts";
import { dataflowExamples } from "./dataflow-examples.ts";
import { endpointExamples } from "./endpoint-examples.ts";
import { fileExamples } from "./file-examples.ts";
import { brokerExamples } from "./broker-examples.ts";
import { namespaceExamples } from "./namespace-examples.ts";
import { vaultExamples } from "./vault-examples.ts";
import { x509Examples } from "./x509-examples.ts";

/** All examples; those of one rule stand in their file's order. */
export const checkExamples: readonly CheckExample[] = [
  ...aioExamples,
  ...endpointExamples,
  ...fileExamples,
  ...vaultExamples,
  ...dataflowExamples,
  ...brokerExamples,
  ...namespaceExamples,
  ...x509Examples,
];
