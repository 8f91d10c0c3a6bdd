import { writeFileSync } from "node:fs";

import { renderConfigReference } from "../runtime/contract/config/reference.ts";
import { renderCapacity } from "./capacity/page.ts";
import { renderChecks } from "./checks/page.ts";
import { renderEmulator } from "./emulator/page.ts";
import { renderScenarios } from "./scenarios/page.ts";

writeFileSync(new URL("reference/configuration.md", import.meta.url), renderConfigReference());
writeFileSync(new URL("capacity.md", import.meta.url), renderCapacity());
writeFileSync(new URL("checks.md", import.meta.url), renderChecks());
writeFileSync(new URL("scenarios.md", import.meta.url), renderScenarios());
writeFileSync(new URL("emulator.md", import.meta.url), renderEmulator());
