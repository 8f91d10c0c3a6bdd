import { stringify } from "yaml";

import { alertRules } from "./alert-rules.ts";

/** Renders `doc/operate/alerts.yaml`: a rules file of Prometheus, and with its groups a PrometheusRule of its operator. */
export function renderAlerts(): string {
  const rules = alertRules.map(({ alert, expr, for: holds, severity, summary, remedy }) => ({
    alert,
    expr,
    ...(holds === undefined ? {} : { for: holds }),
    labels: { severity },
    annotations: { summary, description: remedy },
  }));
  const comment = [
    "# Alert rules for the relay's metrics.",
    "# Generated from doc/operate/alert-rules.ts: change that, then run `npm run docs`.",
  ];
  return `${comment.join("\n")}\n${stringify({ groups: [{ name: "mqtt-dataflow", rules }] }, { lineWidth: 0 })}`;
}
