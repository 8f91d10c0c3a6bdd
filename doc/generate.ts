import { writeFileSync } from "node:fs";

import { renderConfigReference } from "../runtime/config/reference.ts";

writeFileSync(new URL("reference/configuration.md", import.meta.url), renderConfigReference());
