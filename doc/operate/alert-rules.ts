/** An alert, and what an operator needs at three in the morning. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  /** How long the expression has to hold; omitted: at once. */
  readonly for?: string;
  readonly severity: "critical" | "warning";
  /** One sentence, as Prometheus' template. */
  readonly summary: string;
  readonly remedy: string;
}

/** A message that is older is late: the relay delivers in milliseconds, and a broker restarts in less. */
const lateSeconds = 300;
/** Part of the spool's limit from which there may be little time left. */
const fullShare = 0.8;
const certificateDays = 7;
/** The relay renews a token when 4 to 5 minutes are left: with less, that has failed. */
const tokenSeconds = 180;
const eventWindow = "15m";

const expiry = "relay_credential_expiry_timestamp_seconds";

/** Alerts for the relay's metrics. Labels of the scrape, such as `namespace` and `pod`, stay on each alert. */
export const alertRules: readonly AlertRule[] = [
  {
    alert: "RelayDataflowStopped",
    expr: "relay_dataflow_stopped == 1",
    for: "1m",
    severity: "critical",
    summary: "Dataflow {{ $labels.dataflow }} has stopped for good.",
    remedy: "Read the reason at /readyz or in the event dataflow-stopped, remove it, then restart the relay.",
  },
  {
    alert: "RelayMessagesLate",
    expr: `relay_oldest_message_age_seconds > ${lateSeconds}`,
    for: "1m",
    severity: "warning",
    summary: "Dataflow {{ $labels.dataflow }} holds a message for {{ $value | humanizeDuration }} already.",
    remedy: "Look at its destination: /readyz says whether it is away, refuses messages or acknowledges nothing.",
  },
  {
    alert: "RelaySpoolFilling",
    expr: `relay_spool_taken_bytes / relay_spool_limit_bytes > ${fullShare}`,
    for: "2m",
    severity: "warning",
    summary: "The spool of dataflow {{ $labels.dataflow }} is {{ $value | humanizePercentage }} full.",
    remedy:
      "Mend the destination, or raise spool.maxBytes. Once it is full, messages stay with the source until its own limit.",
  },
  {
    alert: "RelaySpoolUnhealthy",
    expr: "relay_spool_healthy == 0",
    for: "2m",
    severity: "critical",
    summary: "The spool of dataflow {{ $labels.dataflow }} is full, or can't be written.",
    remedy: "Read the reason at /readyz. Nothing is acknowledged for it meanwhile, so the source keeps what it can.",
  },
  {
    alert: "RelayCredentialEndsSoon",
    expr: `(${expiry}{kind!="token"} - time() < ${certificateDays} * 86400) or (${expiry}{kind="token"} - time() < ${tokenSeconds})`,
    severity: "warning",
    summary:
      "{{ $labels.kind }} {{ $labels.name }} of endpoint {{ $labels.endpoint }} ends in {{ $value | humanizeDuration }}.",
    remedy:
      "Renew it: look at cert-manager, the vault or the kubelet; for a token at the event credential-not-renewed, which has the reason.",
  },
  {
    alert: "RelaySessionLost",
    expr: `increase(relay_sessions_lost_total[${eventWindow}]) > 0`,
    severity: "warning",
    summary: "The source of dataflow {{ $labels.dataflow }} lost its session: messages that waited there are gone.",
    remedy:
      "Look whether the outage was longer than the session expiry, the broker lost its state, or another client has the same identifier.",
  },
  {
    alert: "RelayDisconnected",
    expr: "relay_connection_up == 0 unless ignoring (side) relay_dataflow_stopped == 1",
    for: "5m",
    severity: "warning",
    summary: "The {{ $labels.side }} of dataflow {{ $labels.dataflow }} is not connected.",
    remedy: "Read the reason at /readyz or in the event connection-failed.",
  },
  {
    alert: "RelayMessagesLost",
    expr: `increase(relay_messages_lost_total[${eventWindow}]) > 0`,
    severity: "critical",
    summary: "Dataflow {{ $labels.dataflow }} gave up messages ({{ $labels.reason }}).",
    remedy: "Read the events message-lost and message-expired: they have topic and reason.",
  },
  {
    alert: "RelayDeadLetters",
    expr: `increase(relay_messages_dead_lettered_total[${eventWindow}]) > 0`,
    severity: "warning",
    summary: "Dataflow {{ $labels.dataflow }} could not deliver messages and kept them as dead letters.",
    remedy: "Read the event dead-lettered for the reason, mend it, then take the dead letters up.",
  },
];
