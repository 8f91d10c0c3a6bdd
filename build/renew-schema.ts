import { readFileSync, writeFileSync } from "node:fs";

import { compareSchemas } from "./compare-schemas.ts";
import { projectManifest } from "./manifest.ts";
import { formatSchema, inferSchema } from "./schema.ts";
import type { PackageSchema } from "./schema.ts";

/** Renews the stored copy of the schema and prints what changed in it. */
const file = new URL("../schema.json", import.meta.url);
const stored = JSON.parse(readFileSync(file, "utf8")) as PackageSchema;
const { version, description } = projectManifest();
const inferred = inferSchema(version, description);
writeFileSync(file, formatSchema(inferred));
const changes = compareSchemas(stored, inferred);
for (const { path, change, breaking } of changes) console.log(`${breaking ? "BREAKING " : ""}${path}: ${change}`);
if (changes.length === 0) console.log("no change");
