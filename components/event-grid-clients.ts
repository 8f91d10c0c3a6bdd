import * as eventgrid from "@pulumi/azure-native/eventgrid/index.js";
import * as pulumi from "@pulumi/pulumi";

import { declaredArgs } from "./arguments/declared.ts";
import { judgeClientCas, judgedLaterCas } from "./certificates.ts";
import { buildCaCertificate, buildClient, buildClientGroup, checkX509Clients } from "./event-grid/x509.ts";
import type { X509ClientArgs, X509ClientsArgs } from "./event-grid/x509.ts";
import { warnOnce } from "./given-warnings.ts";
import { readable, refuse } from "./refuse.ts";

export interface EventGridClientsArgs extends X509ClientsArgs {
  /** Resource group of the namespace. */
  resourceGroupName: pulumi.Input<string>;
  /** Name of the namespace. */
  namespaceName: pulumi.Input<string>;
  /**
   * Names of the topic spaces by the name that permission bindings have for them.
   * @default the same names
   */
  topicSpaceNames?: { [name: string]: pulumi.Input<string> };
}

/**
 * The clients that authenticate at an Event Grid namespace with certificates: their CAs, the clients, the groups that
 * they are in and what these groups may do. Creates neither namespace nor topic spaces, and grants managed identities
 * nothing: see `EventGridBroker` and `TopicSpaceAccess`.
 */
export class EventGridClients extends pulumi.ComponentResource {
  static readonly typeToken = "mqtt-dataflow:index:EventGridClients";

  /** Client resource IDs by name. */
  readonly clientIds: { readonly [name: string]: pulumi.Output<string> };
  /** Permission binding resource IDs by name. */
  readonly permissionBindingIds: { readonly [name: string]: pulumi.Output<string> };

  constructor(name: string, args: EventGridClientsArgs, opts?: pulumi.ComponentResourceOptions) {
    super(EventGridClients.typeToken, name, readable(name, args), opts);
    args = declaredArgs(this, EventGridClients.typeToken, name, args);
    const topicSpaces = args.topicSpaceNames && Object.keys(args.topicSpaceNames);
    refuse(this, name, checkX509Clients(args, topicSpaces, "topicSpaceNames"));
    warnOnce(this, judgeClientCas("", args).warnings, opts?.parent);
    args = judgedLaterCas({ component: this, name, path: "", parent: opts?.parent }, args);
    const child = { parent: this };
    const namespace = { resourceGroupName: args.resourceGroupName, namespaceName: args.namespaceName };

    for (const [key, ca] of Object.entries(args.caCertificates ?? {})) {
      new eventgrid.CaCertificate(`${name}-${key}`, buildCaCertificate(namespace, key, ca), child);
    }
    this.clientIds = mapEntries(args.clients, (client, key) => {
      const options = { ...child, ...clientOptions(name, client) };
      return new eventgrid.Client(`${name}-${key}`, buildClient(namespace, key, client), options).id;
    });
    const groups = mapEntries(args.clientGroups, (group, key) => {
      return new eventgrid.ClientGroup(`${name}-${key}`, buildClientGroup(namespace, key, group), child);
    });
    this.permissionBindingIds = mapEntries(args.permissionBindings, (binding, key) => {
      const { clientGroup, topicSpace, permission, description } = binding;
      return new eventgrid.PermissionBinding(
        `${name}-${key}`,
        {
          ...namespace,
          permissionBindingName: key,
          // By their outputs, so that the binding comes after them and goes before.
          clientGroupName: groups[clientGroup]?.name ?? clientGroup,
          topicSpaceName: args.topicSpaceNames?.[topicSpace] ?? topicSpace,
          permission,
          ...(description === undefined ? {} : { description }),
        },
        child,
      ).id;
    });

    const { clientIds, permissionBindingIds } = this;
    this.registerOutputs({ clientIds, permissionBindingIds });
  }
}

/**
 * Azure can't change an authentication name, and refuses a second client with it: whatever the provider thinks, the old client
 * goes before the new one comes.
 * @see Event Grid, MQTT clients
 */
function clientOptions(name: string, { previousName }: X509ClientArgs): pulumi.CustomResourceOptions {
  const aliases = previousName === undefined ? [] : [{ name: `${name}-${previousName}` }];
  return { replaceOnChanges: ["authenticationName"], deleteBeforeReplace: true, aliases };
}

function mapEntries<T, R>(
  entries: { readonly [name: string]: T } | undefined,
  map: (value: T, name: string) => R,
): { [name: string]: R } {
  return Object.fromEntries(Object.entries(entries ?? {}).map(([name, value]) => [name, map(value, name)]));
}
