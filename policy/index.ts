import { PolicyPack } from "@pulumi/policy";

import { buildPolicy } from "./rule.ts";
import { rules } from "./rules.ts";

/* What Pulumi runs for `--policy-pack`: it starts the server that the engine asks about each resource. */
new PolicyPack("mqtt-dataflow", { policies: rules.map(buildPolicy), enforcementLevel: "mandatory" });
