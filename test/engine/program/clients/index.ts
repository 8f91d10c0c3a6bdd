import * as pulumi from "@pulumi/pulumi";

import { EventGridClients } from "../../../../components/index.ts";
import type { X509ClientsArgs } from "../../../../components/index.ts";

/** The clients are those that the setting `clients` lists. */
const clients = new pulumi.Config().requireObject<NonNullable<X509ClientsArgs["clients"]>>("clients");

new EventGridClients("oslo", { resourceGroupName: "rg-oslo", namespaceName: "contoso", clients });
