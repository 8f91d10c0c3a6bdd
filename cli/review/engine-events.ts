/**
 * An event of Pulumi's engine, as the Automation API hands it over and the event log has it, one a line. Only what is read here; the
 * Automation API's `EngineEvent` fits.
 */
export interface EngineEvent {
  readonly diagnosticEvent?: DiagnosticEvent;
  readonly policyEvent?: PolicyEvent;
  readonly resourcePreEvent?: { readonly metadata: StepMetadata };
  readonly resOutputsEvent?: { readonly metadata: StepMetadata };
  readonly resOpFailedEvent?: { readonly metadata: StepMetadata };
  readonly summaryEvent?: SummaryEvent;
}

export interface DiagnosticEvent {
  readonly urn?: string;
  readonly prefix?: string;
  readonly message: string;
  readonly severity: string;
  readonly ephemeral?: boolean;
}

export interface PolicyEvent {
  readonly resourceUrn?: string;
  readonly message: string;
  readonly policyName: string;
  readonly policyPackName: string;
  readonly enforcementLevel: string;
}

export interface SummaryEvent {
  readonly resourceChanges?: { readonly [operation: string]: number | undefined };
  readonly isPreview?: boolean;
}

export interface StepMetadata {
  readonly op: string;
  readonly urn: string;
  readonly type: string;
  readonly old?: StateMetadata | null;
  readonly new?: StateMetadata | null;
  readonly keys?: readonly string[] | null;
  readonly diffs?: readonly string[] | null;
  readonly detailedDiff?: { readonly [path: string]: { readonly diffKind: string } } | null;
}

export interface StateMetadata {
  readonly type: string;
  readonly urn: string;
  readonly id?: string;
  readonly parent?: string;
  readonly protect?: boolean;
  readonly inputs?: { readonly [name: string]: unknown };
  readonly outputs?: { readonly [name: string]: unknown };
}
