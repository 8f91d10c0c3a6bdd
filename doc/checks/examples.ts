import { aioExamples } from "./aio-examples.ts";
import type { CheckExample } from "./declaration.ts";
import { endpointExamples } from "./endpoint-examples.ts";
import { namespaceExamples } from "./namespace-examples.ts";
import { x509Examples } from "./x509-examples.ts";

/** All examples; those of one rule stand in their file's order. */
export const checkExamples: readonly CheckExample[] = [
  ...aioExamples,
  ...endpointExamples,
  ...namespaceExamples,
  ...x509Examples,
];
