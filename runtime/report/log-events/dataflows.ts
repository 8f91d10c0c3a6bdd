import type { LogEvent } from "../log-events.ts";

/** Messages, dataflows, the spool, and the process. */
export const dataflowEvents = {
  "message-received": { level: "debug", meaning: "A message arrived from the source." },
  "message-refused": {
    level: "warn",
    meaning: "The destination refused a message for the time being. It is sent again.",
    remedy: "Do what the `reason` says: most often a quota, or a right to publish the `topic`.",
  },
  "message-isolated": {
    level: "warn",
    meaning: "The destination closes the connection at this message each time. It is sent alone to make sure.",
    remedy: "Look at what is special about the message, and at the destination's log.",
  },
  "dead-lettered": {
    level: "warn",
    meaning: "A message could not be delivered and is kept as a dead letter.",
    remedy: "Mend the cause in `reason`, then take the message from the dead letter topic or the spool.",
  },
  "message-lost": {
    level: "warn",
    meaning: "A message was given up; `kind` and `reason` say why.",
    remedy: "See `relay_messages_lost_total` in [metrics](metrics.md#relay_messages_lost_total) for each kind.",
  },
  "message-expired": {
    level: "warn",
    meaning: "A message was older than its message expiry interval before it could be delivered.",
    remedy: "Find out why it waited, or let its publisher give it more time.",
  },
  "messages-not-logged": {
    level: "warn",
    meaning: "More lines of one `kind` than can be logged came in a short time; `silent` of them were left out.",
    remedy: "See the lines before it.",
  },
  "dataflow-stopped": {
    level: "error",
    meaning: "A dataflow has stopped for good. Other dataflows go on.",
    remedy: "Remove the cause in `reason`, then restart the relay.",
  },
  "dataflow-disabled": { level: "info", meaning: "The configuration disables this dataflow, so it does not run." },
  "no-dataflow-left": {
    level: "error",
    meaning: "Every dataflow has stopped, so the process ends with exit code 1.",
    remedy: "See the `dataflow-stopped` lines before it.",
  },
  "source-stalled": {
    level: "error",
    meaning: "The source is owed acknowledgements and nothing moves. The relay connects to it again.",
    remedy: "Look at the destination first. Report it if the destination takes messages.",
  },
  "relay-fault": {
    level: "error",
    meaning: "The relay met a fault of its own, and connects again.",
    remedy: "Report the line, with its `stack`.",
  },
  "spool-has-messages": {
    level: "info",
    meaning: "The spool holds messages of an earlier process. They are delivered first.",
  },
  "spool-growing": {
    level: "warn",
    meaning: "The spool grows although the destination is connected: more arrives than leaves.",
    remedy: "As the line's `remedy` says.",
  },
  "spool-shrinking": { level: "info", meaning: "The spool grew while the destination was connected, and shrinks now." },
  "spool-failing": {
    level: "error",
    meaning: "The spool can't be opened or written. The relay tries again, and acknowledges nothing meanwhile.",
    remedy: "Do what the `reason` says: free space on the volume, or mend its rights.",
  },
  "spool-works": { level: "info", meaning: "The spool can be opened or written again." },
  "spool-silent": {
    level: "error",
    meaning: "The spool's disk does not answer. Nothing is acknowledged for it meanwhile.",
    remedy: "Look at the volume and its node.",
  },
  "spool-answers": { level: "info", meaning: "The spool's disk answers again." },
  "spool-replaced": {
    level: "error",
    meaning: "The spool was damaged. It goes on in new files with the messages that could be read.",
    remedy: "Look at the volume. The damaged files are kept in the folder named `aside`.",
  },
  "spool-unusable": {
    level: "error",
    meaning: "The spool can't be used at all. Dataflows that need it stop.",
    remedy: "Check the volume, or move the spool's files away with the messages in them; then restart the relay.",
  },
  "spool-unconfirmed": {
    level: "error",
    meaning: "The process ends before the disk has confirmed the last changes of a dataflow.",
    remedy: "Nothing is lost at the source. Messages that were removed may be delivered again.",
  },
  "spool-not-closed": {
    level: "error",
    meaning: "The spool's thread waits for a disk that does not answer, so the process is killed at its end.",
    remedy: "Look at the volume and its node.",
  },
  "spool-unattended": {
    level: "warn",
    meaning: "Messages are on the disk that no dataflow of the configuration delivers.",
    remedy: "As the line's `remedy` says: enable the dataflow with a spool again, or delete the messages.",
  },
  "memory-planned": { level: "info", meaning: "The memory for messages, and the share of each dataflow." },
  "memory-short": {
    level: "warn",
    meaning: "The process nears its memory limit. Little more is taken in until messages have left.",
    remedy: "Nothing is lost. Give the pod more memory, and report it: the plan should have been enough.",
  },
  "memory-enough": { level: "info", meaning: "There is enough memory again." },
  "configuration-warning": {
    level: "warn",
    meaning: "The configuration is valid, and something in it is likely a mistake.",
    remedy: "As the line says; [checks](../checks.md) lists them all.",
  },
  "configuration-skipped": {
    level: "warn",
    meaning: "A part of the configuration is not for this relay, and was left out.",
    remedy: "As the `reason` says.",
  },
  "configuration-note": { level: "info", meaning: "How the relay understood a part of the configuration." },
  "instance-not-configured": {
    level: "error",
    meaning: "This instance has a number that the configuration does not count, so it runs nothing.",
    remedy: "Scale the StatefulSet to `profile.instanceCount`.",
  },
  "port-open": { level: "info", meaning: "Probes and metrics are served at `port`." },
  "port-crowded": {
    level: "warn",
    meaning: "Too many connections for probes and metrics; the oldest is dropped.",
    remedy: "Find the client at `address`, or narrow who may reach the port.",
  },
  "port-failed": {
    level: "warn",
    meaning: "A connection for probes and metrics could not be accepted.",
    remedy: "As the `reason` says, such as too few file descriptors.",
  },
  "page-open": { level: "info", meaning: "The status page is served at `address`, to this machine only." },
  "page-not-served": {
    level: "warn",
    meaning: "The status page could not be served, most often since another process has its port. Messages flow.",
    remedy: "Give another `--page-port`, or 0 for none.",
  },
  "page-failed": {
    level: "warn",
    meaning: "A connection for the status page could not be accepted. Messages flow.",
    remedy: "Look at `reason`: most often the process is at its limit of open files.",
  },
  "metrics-export-misconfigured": {
    level: "warn",
    meaning:
      "A variable of OpenTelemetry can't be used, so no metrics are sent to the collector. Messages are forwarded.",
    remedy: "Do what the `reason` says, and restart the relay.",
  },
  "metrics-not-exported": {
    level: "warn",
    meaning: "The collector did not take the metrics. It is said once; the relay tries again each interval.",
    remedy: "Do what the `reason` says: look at the collector, its address, and the headers that it asks for.",
  },
  "metrics-exported": { level: "info", meaning: "The collector takes the metrics again." },
  "traces-on": {
    level: "info",
    meaning: "Messages are traced: `sampler` and `ratio` say which.",
  },
  "traces-export-misconfigured": {
    level: "warn",
    meaning: "A variable of OpenTelemetry can't be used, so no message is traced. Messages are forwarded.",
    remedy: "Do what the `reason` says, and restart the relay.",
  },
  "traces-not-exported": {
    level: "warn",
    meaning: "The collector did not take the spans. It is said once; the relay tries again each interval.",
    remedy: "Do what the `reason` says: look at the collector, its address, and the headers that it asks for.",
  },
  "traces-exported": { level: "info", meaning: "The collector takes the spans again." },
  "spans-dropped": {
    level: "warn",
    meaning: "So many spans were dropped: the collector refused them, or took too few while more came than may wait.",
    remedy: "Sample fewer messages (`OTEL_TRACES_SAMPLER_ARG`), or let more spans wait (`OTEL_BSP_MAX_QUEUE_SIZE`).",
  },
  "stop-requested": { level: "info", meaning: "A signal told the relay to stop." },
  "stop-forced": {
    level: "warn",
    meaning: "A second signal ends the process at once.",
    remedy: "None: what is not acknowledged stays with its source.",
  },
  "end-delayed": {
    level: "error",
    meaning:
      "Everything is closed, and something keeps the process from ending, which is a fault of the relay; it ends now.",
    remedy: "Report it, with the line's `resources`. No message is affected.",
  },
  "drain-started": { level: "info", meaning: "The relay takes no more messages and delivers those that it has." },
  drained: { level: "info", meaning: "Every accepted message was delivered before the end." },
  "drain-unacknowledged": {
    level: "warn",
    meaning:
      "The drain time-out ended first, or the destination was away. The source sends these messages again to the next process.",
    remedy: "None. Raise `drainTimeoutSeconds` if it happens at each rollout while the destination is there.",
  },
  "drain-lost": {
    level: "warn",
    meaning: "The drain time-out ended first, and no source has these messages: they are lost.",
    remedy: "Use QoS 1 at the source or a spool, or raise `drainTimeoutSeconds`.",
  },
  "drain-unconfirmed": {
    level: "warn",
    meaning: "Messages were sent with QoS 0, and may not have reached the destination.",
    remedy: "Use QoS 1 at the destination where that matters.",
  },
} as const satisfies Record<string, LogEvent>;
