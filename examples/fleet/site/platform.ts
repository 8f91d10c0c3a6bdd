import * as pulumi from "@pulumi/pulumi";

/** The version of the platform's outputs that this program reads. */
const contractVersion = 1;

/** What a site needs of the platform. */
export interface Platform {
  readonly resourceGroupName: pulumi.Output<string>;
  readonly hostname: pulumi.Output<string>;
  readonly identityName: pulumi.Output<string>;
  readonly identityClientId: pulumi.Output<string>;
  readonly identityTenantId: pulumi.Output<string>;
}

/** Reads the outputs of the platform's stack; what is missing there ends the deployment in one line. */
export function referToPlatform(stack: string, group: string): Platform {
  const reference = new pulumi.StackReference(stack);
  const read = (name: string, key?: string) =>
    pulumi.all([reference.getOutput("contractVersion"), reference.getOutput(name)]).apply(([version, output]) => {
      const where = `platform stack "${stack}"`;
      if (version !== contractVersion) {
        throw new pulumi.RunError(`${where}: has outputs of version ${String(version)}, not ${contractVersion}`);
      }
      const value = key === undefined ? (output as unknown) : (output as { [key: string]: unknown } | undefined)?.[key];
      if (typeof value === "string") return value;
      throw new pulumi.RunError(`${where}: has no ${key === undefined ? name : `${name}.${key}`}; deploy it first`);
    });
  return {
    resourceGroupName: read("resourceGroupName"),
    hostname: read("hostname"),
    identityName: read("identityNames", group),
    identityClientId: read("identityClientIds", group),
    identityTenantId: read("identityTenantIds", group),
  };
}
