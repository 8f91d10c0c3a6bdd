export type {
  DataflowReport,
  EndpointReport,
  HealthState,
  HistoryDocument,
  LimitsReport,
  MessageSample,
  RelayEvent,
  SampledMessage,
  SideReport,
  StatusDocument,
} from "../../contract/status/schema.ts";
