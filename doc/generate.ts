import { writeFileSync } from "node:fs";

import { renderConfigReference } from "../runtime/contract/config/reference.ts";
import { renderCapacity } from "./capacity/page.ts";
import { renderChecks } from "./checks/page.ts";
import { renderCommands } from "./commands/page.ts";
import { renderEmulator } from "./emulator/page.ts";
import { renderAlerts } from "./operate/alerts-page.ts";
import { renderDashboard } from "./operate/dashboard.ts";
import { renderLogEvents } from "./operate/log-events-page.ts";
import { renderMetrics } from "./operate/metrics-page.ts";
import { renderScenarios } from "./scenarios/page.ts";
import { renderStatusApi } from "./status-api/page.ts";

writeFileSync(new URL("reference/configuration.md", import.meta.url), renderConfigReference());
writeFileSync(new URL("capacity.md", import.meta.url), renderCapacity());
writeFileSync(new URL("checks.md", import.meta.url), renderChecks());
writeFileSync(new URL("commands.md", import.meta.url), renderCommands());
writeFileSync(new URL("scenarios.md", import.meta.url), renderScenarios());
writeFileSync(new URL("emulator.md", import.meta.url), renderEmulator());
writeFileSync(new URL("status-api.md", import.meta.url), renderStatusApi());
writeFileSync(new URL("operate/log-events.md", import.meta.url), renderLogEvents());
writeFileSync(new URL("operate/metrics.md", import.meta.url), renderMetrics());
writeFileSync(new URL("operate/alerts.yaml", import.meta.url), renderAlerts());
writeFileSync(new URL("operate/dashboard.json", import.meta.url), renderDashboard());
