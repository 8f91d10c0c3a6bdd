import * as managedidentity from "@pulumi/azure-native/managedidentity/index.js";
import * as apps from "@pulumi/kubernetes/apps/v1/index.js";
import * as core from "@pulumi/kubernetes/core/v1/index.js";
import * as networking from "@pulumi/kubernetes/networking/v1/index.js";
import * as policy from "@pulumi/kubernetes/policy/v1/index.js";
import * as pulumi from "@pulumi/pulumi";

import type { EndpointInput } from "../runtime/contract/config/endpoint.ts";
import type { Problem } from "../runtime/contract/errors.ts";
import { findUnusedByRelay } from "./aio/operations.ts";
import { declaredArgs } from "./arguments/declared.ts";
import { hiddenArgs } from "./arguments/hidden.ts";
import { checkEngineFields } from "./checks/aio-dataflow.ts";
import { findPlainSecrets } from "./checks/plain-secrets.ts";
import { judgedLater, judgeRelayCertificates } from "./certificates.ts";
import { placesOf, relayClaims } from "./claims.ts";
import { isForAio } from "./dataflow.ts";
import { BrokerType } from "./enumerations.ts";
import { warnOnce } from "./given-warnings.ts";
import { asOutput, mapInput } from "./known.ts";
import { claimResources } from "./owners.ts";
import { readable, refusal, refuse, refuseInvalid } from "./refuse.ts";
import { checkMemoryOf, checkRelaySettings } from "./relay/check-settings.ts";
import { createClaims } from "./relay/claims.ts";
import { aioNamespace, podDefaults, relayDefaults } from "./relay/defaults.ts";
import { configKey } from "./relay/files.ts";
import { warnOfLeftQueues } from "./relay/left-queues.ts";
import { buildFederation, federatedIdentities, usesManagedIdentity } from "./relay/identities.ts";
import * as manifests from "./relay/manifests.ts";
import { buildSecret } from "./relay/secrets.ts";
import type { RelayArgs } from "./relay/settings.ts";
import { usesVolume as needsVolume } from "./relay/volume.ts";
import { renderRelayConfig } from "./render.ts";
import { createVaultSecrets } from "./vault/create.ts";

/**
 * The relay in Kubernetes: its rendered configuration, a StatefulSet that runs it, and what its pods need (service
 * account, Secrets, CA certificates, tokens, probes, metrics, network policy). Creates neither brokers nor roles.
 */
export class Relay extends pulumi.ComponentResource {
  static readonly typeToken = "mqtt-dataflow:index:Relay";

  /** The rendered configuration: every default explicit, the same bytes for the same declaration. */
  readonly configText: pulumi.Output<string>;
  /** Name of the ConfigMap that holds it under the key `config.json`. */
  readonly configMapName: pulumi.Output<string>;
  /** Name of the StatefulSet. */
  readonly statefulSetName: pulumi.Output<string>;
  /** Name of the service account: subject `system:serviceaccount:<namespace>:<name>` of federated credentials. */
  readonly serviceAccountName: pulumi.Output<string>;
  /** Name of the headless Service that metrics are scraped through. */
  readonly serviceName: pulumi.Output<string>;

  constructor(name: string, args: RelayArgs, opts?: pulumi.ComponentResourceOptions) {
    super(Relay.typeToken, name, hiddenArgs(Relay.typeToken, readable(name, args)), opts);
    args = declaredArgs(this, Relay.typeToken, name, args);
    refuse(this, name, [
      ...checkArgs(name, args),
      ...claimResources(this, Relay.typeToken, name, args, () => relayClaims("", args, placesOf(this).cluster)),
    ]);
    args = withJudgedFiles(this, name, args, opts?.parent);
    const child = { parent: this };
    const metadata = { namespace: args.namespace ?? aioNamespace, labels: manifests.buildLabels(name) };
    const { endpoints, identity } = args;
    const usesIdentity = usesManagedIdentity(args);
    this.configText = renderText(this, name, args, opts?.parent);

    const account = new core.ServiceAccount(`${name}-sa`, manifests.buildServiceAccount(metadata, identity), child);
    this.serviceAccountName = account.metadata.name;
    const credentials = federatedIdentities(args).map(([noun, one]) => {
      const subject = pulumi.interpolate`system:serviceaccount:${metadata.namespace}:${this.serviceAccountName}`;
      const federation = buildFederation(one, subject);
      return new managedidentity.FederatedIdentityCredential(`${name}-${noun}`, federation, child);
    });

    const hooks = { beforeUpdate: warnOfLeftQueues(this, name) };
    const data = { [configKey]: this.configText };
    const config = new core.ConfigMap(`${name}-cfg`, { metadata, data }, { ...child, hooks });
    this.configMapName = config.metadata.name;
    const secrets = Object.entries(args.secrets ?? {}).map(([secretRef, content]) => {
      const secret = { metadata: { ...metadata, name: secretRef }, ...buildSecret(content) };
      return new core.Secret(`${name}-${secretRef}`, secret, child);
    });
    const vaultSecrets = createVaultSecrets({ relay: this, name, metadata, credentials }, args.vault);
    const trustBundles = Object.entries(args.trustBundles ?? {}).map(([configMapRef, certificates]) => {
      const data = { [caCertificatesKey]: certificates };
      return new core.ConfigMap(
        `${name}-${configMapRef}`,
        { metadata: { ...metadata, name: configMapRef }, data },
        child,
      );
    });

    const service = new core.Service(`${name}-svc`, manifests.buildService(metadata, args), child);
    this.serviceName = service.metadata.name;
    const { configText, configMapName, serviceAccountName, serviceName } = this;
    const usesVolume = mapInput(hostTypesOf(endpoints), (hostTypes) => needsVolume(args.dataflows, hostTypes));
    const named = { ...metadata, name: manifests.statefulSetName(name) };
    // The volumes name these as the endpoints do, not by an output.
    const mounted = [...secrets, ...vaultSecrets, ...trustBundles];
    // Last, so that an update that fails has not yet made the claims of a StatefulSet that it has not yet replaced.
    const last = { parent: this, dependsOn: [...mounted, account, config, service, ...credentials] };
    const claims = mapInput(usesVolume, (uses) => (uses ? createClaims(name, named, args, last) : []));
    const names = { configText, configMapName, serviceAccountName, serviceName };
    const parts = { endpoints, usesIdentity, ...names, usesVolume, claims };
    const set = new apps.StatefulSet(`${name}-set`, manifests.buildStatefulSet(named, args, parts), {
      parent: this,
      dependsOn: mounted,
      // Pods of two sets would have the same client identifiers, and take each other's sessions over.
      deleteBeforeReplace: true,
      // Fields that can't change in place: the claims carry the change, and pods that have one never look at the template.
      // Not where there is no template: Pulumi would say at each preview that it can't ignore them.
      ignoreChanges: usesVolume === false ? [] : manifests.claimTemplateFields,
    });
    this.statefulSetName = set.metadata.name;
    new networking.NetworkPolicy(`${name}-net`, manifests.buildNetworkPolicy(metadata, args, parts), child);
    if (manifests.instanceCountOf(args) > 1) {
      new policy.PodDisruptionBudget(`${name}-pdb`, manifests.buildDisruptionBudget(metadata), child);
    }

    this.registerOutputs({ ...names, statefulSetName: this.statefulSetName });
  }
}

const caCertificatesKey = "ca.crt";

/** Checks what is known before anything is rendered. A dataflow of AIO's engine is refused as a whole, where it would be rendered. */
function checkArgs(name: string, args: RelayArgs): Problem[] {
  const own = Object.entries(args.dataflows).filter(([, dataflow]) => !isForAio(dataflow));
  return [
    ...checkRelaySettings(name, args, args, Object.keys(args.endpoints)),
    ...own.flatMap(([key, dataflow]) => checkEngineFields(`dataflows.${key}`, dataflow)),
  ];
}

/** Warns of what is known of Secrets, certificates and dataflows, and judges what only the deployment tells before anything uses it. */
function withJudgedFiles(relay: Relay, name: string, args: RelayArgs, parent: pulumi.Resource | undefined): RelayArgs {
  const { warnings } = judgeRelayCertificates("", args);
  const unused = Object.entries(args.dataflows).flatMap(([key, flow]) => findUnusedByRelay(`dataflows.${key}`, flow));
  warnOnce(relay, [...warnings, ...findPlainSecrets("", args.secrets ?? {}), ...unused], parent);
  return judgedLater({ component: relay, name, path: "", parent }, args);
}

/** The kind of broker of each endpoint, which a preview knows even where it does not know the host. */
function hostTypesOf(endpoints: RelayArgs["endpoints"]): { [name: string]: pulumi.Input<BrokerType> } {
  return Object.fromEntries(
    Object.entries(endpoints).map(([name, { hostType }]) => [name, hostType ?? BrokerType.CustomMqtt]),
  );
}

/** Renders the configuration as soon as everything in it is known, and refuses what is wrong with it. */
function renderText(
  relay: Relay,
  name: string,
  args: RelayArgs,
  parent: pulumi.Resource | undefined,
): pulumi.Output<string> {
  const { dataflows, instanceCount, metricsPort, status, statusPage, proxy } = args;
  const { mountPath } = relayDefaults();
  const configs = Object.fromEntries(Object.entries(args.endpoints).map(([key, { config }]) => [key, config]));
  const { site, logLevel, drainTimeoutSeconds, memoryMebibytes } = args;
  const inputs = { configs, site, logLevel, drainTimeoutSeconds, memory: memoryMebibytes };
  const rendered = mapInput(inputs, ({ configs: texts, memory, ...known }) => {
    const endpoints = Object.fromEntries(
      Object.entries(texts).map(([key, text]) => [key, parseEndpointText(relay, name, key, text)]),
    );
    const plain = { dataflows, instanceCount, metricsPort, mountPath, status, statusPage, proxy };
    const declaration = { ...known, ...plain, endpoints };
    const { text, warnings, config } = refuseInvalid(relay, name, () => renderRelayConfig(name, declaration));
    refuse(relay, name, checkMemoryOf(config.dataflows, memory ?? podDefaults.memoryMebibytes));
    warnOnce(relay, warnings, parent);
    return text;
  });
  return asOutput(rendered);
}

function parseEndpointText(relay: Relay, name: string, endpointName: string, text: string): EndpointInput {
  try {
    return JSON.parse(text) as EndpointInput;
  } catch {
    const problem = "is not JSON";
    const remedy = "give the output config of an endpoint component";
    throw refusal(relay, name, [{ path: `endpoints.${endpointName}.config`, problem, remedy }]);
  }
}
