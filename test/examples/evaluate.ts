import * as pulumi from "@pulumi/pulumi";

/** What a program made, without what it made it with. */
export interface Evaluated {
  /** Types and names of the resources that have a provider, in the order of their types. */
  readonly resources: string[];
  /** The relay's configuration. */
  readonly relayConfig: string;
}

const id = "00000000-0000-0000-0000-000000000001";

/** What only Azure tells of a resource. */
const computed: { readonly [type: string]: object } = {
  "azure-native:managedidentity:UserAssignedIdentity": { clientId: id, tenantId: id, principalId: id },
  "azure-native:eventgrid:Namespace": {
    topicSpacesConfiguration: { hostname: "oslo.westeurope-1.ts.eventgrid.azure.net" },
  },
};

/** Runs a program as a stack's, with settings and in front of a cloud that has everything. */
export async function evaluate(settings: { readonly [key: string]: string }, program: () => void): Promise<Evaluated> {
  const resources: string[] = [];
  let relayConfig = "";
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs, custom }) => {
        if (custom === true) resources.push(`${type} ${name}`);
        const { data } = inputs as { readonly data?: { readonly "config.json"?: string } };
        relayConfig = data?.["config.json"] ?? relayConfig;
        const metadata = { name, ...(inputs as { readonly metadata?: object }).metadata };
        const subscription = "/subscriptions/00000000-0000-0000-0000-00000000000f";
        return { id: `${subscription}/${name}`, state: { name, ...inputs, metadata, ...computed[type] } };
      },
      call: ({ token }) => {
        throw new Error(`unexpected invoke of ${token}`);
      },
    },
    "example",
  );
  const config = Object.entries(settings).map(([key, value]) => [`example:${key}`, value] as const);
  pulumi.runtime.setAllConfig(Object.fromEntries(config), ["example:clientKey"]);
  program();
  await pulumi.runtime.disconnect();
  return { resources: resources.sort(), relayConfig };
}
