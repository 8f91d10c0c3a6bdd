import type * as pulumi from "@pulumi/pulumi";

import type { DataflowArgs } from "../dataflow.ts";
import type { BrokerType, LogLevel, RelayReadiness, SecretType, TapContent } from "../enumerations.ts";
import type { VaultArgs } from "../vault/settings.ts";
import type { PodSettingsArgs } from "./pod-settings.ts";

/** One endpoint as the relay takes it; an endpoint component has these outputs. */
export interface RelayEndpointArgs {
  /** The endpoint's part of the configuration, as JSON. */
  config: pulumi.Input<string>;
  /** TCP port of the broker, which the pods may then connect to. */
  port: pulumi.Input<number>;
  /** Secret to mount for it. */
  secretRef?: pulumi.Input<string | undefined>;
  /**
   * Kind of broker. A dataflow from `"EventGrid"` has a disk queue unless it says otherwise.
   * @default "CustomMqtt"
   */
  hostType?: pulumi.Input<BrokerType>;
  /** Client ID of the user-assigned managed identity that it authenticates with; the pods then have workload identity. */
  clientId?: pulumi.Input<string | undefined>;
  /** Audience of the service account token to mount for it. */
  tokenAudience?: pulumi.Input<string | undefined>;
  /** ConfigMap with CA certificates to mount for it. */
  trustedCaCertificateConfigMapRef?: pulumi.Input<string | undefined>;
  /** HTTP proxy that its configuration has; its Secret and its CA are mounted, and the pods may reach its port. */
  proxy?: pulumi.Input<ProxyArgs | undefined>;
}

/** The user-assigned managed identity of the relay, by workload identity. */
export interface WorkloadIdentityArgs {
  /** Client ID of the managed identity. */
  clientId: pulumi.Input<string>;
  /** Resource group of the managed identity. Needed for the federated identity credential. */
  resourceGroupName?: pulumi.Input<string>;
  /** Name of the managed identity. Needed for the federated identity credential. */
  identityName?: pulumi.Input<string>;
  /**
   * OIDC issuer of the cluster, `https://…`. Given, the federated identity credential is created; omitted, whoever owns
   * the identity has to create one for the relay's service account.
   */
  oidcIssuerUrl?: pulumi.Input<string>;
}

/** Content of one Secret; only what its authentication method needs. */
export interface SecretContentArgs {
  /**
   * Type of the Secret. `"kubernetes.io/tls"` has the keys `tls.crt` and `tls.key`, with the intermediate certificates behind
   * the client's own; else the keys are those of AIO's GA release, `client_cert.pem` and so on. The relay reads both, AIO's engine
   * only the latter.
   * @default "Opaque"
   */
  type?: SecretType;
  /**
   * X509Certificate: the client certificate in PEM format, its own first where others follow. A preview refuses one that has ended or
   * is not of `clientKey`, and warns of one that ends within 30 days.
   */
  clientCertificate?: pulumi.Input<string>;
  /** X509Certificate: its private key in PEM format, not encrypted. As a plain text, and no secret output, it draws a warning. */
  clientKey?: pulumi.Input<string>;
  /** X509Certificate: the certificates between it and the CA, in PEM format. */
  intermediateCertificates?: pulumi.Input<string>;
  /** AccessToken: the token, which is sent as MQTT password. */
  accessToken?: pulumi.Input<string>;
  /** UsernamePassword: the MQTT user name. */
  username?: pulumi.Input<string>;
  /** UsernamePassword: the MQTT password. */
  password?: pulumi.Input<string>;
}

/** The pod that the relay runs in. */
export interface RelayPodArgs {
  /** Image of the relay, with a tag or a digest. */
  image: pulumi.Input<string>;
  /** Names of the Secrets that the image is pulled with. */
  imagePullSecrets?: string[];
  /**
   * Memory of the pod in MiB, as request and as limit. One dataflow needs 92, each further one 1.5, and a disk 54 more; preview says
   * how much is needed. What is above that is divided among the dataflows for their messages: the relay never holds more of
   * them, whatever publishers and brokers do. A message of up to half of the rest can be held, and reported where it is larger.
   * @default 256
   */
  memoryMebibytes?: pulumi.Input<number>;
  /**
   * CPU that is set aside for the pod, in thousandths of a core. There is no limit: throttling looks like a slow broker.
   * @default 100
   */
  cpuMillicores?: pulumi.Input<number>;
  /** What the pods have besides: labels, tolerations, variables, volumes and the like. */
  pod?: PodSettingsArgs;
}

/** Where the relay says what it is doing: `{"state":"running", …}`, and `{"state":"gone"}` when it ends without a word. */
export interface RelayStatusArgs {
  /** Name of the endpoint to publish to: a local or a custom one. A dataflow can take the status on to the cloud. */
  endpoint: string;
  /** Topic, to which the number of the instance is added as last level; retained where the endpoint keeps retained messages. */
  topic: string;
}

/** The status page of each pod, on its loopback address: `kubectl port-forward` reaches it, and nothing in the cluster does. */
export interface RelayStatusPageArgs {
  /**
   * Port in the pod, 0 to 65535; 0 is no page. Another one than `metricsPort`, and none from 1 to 1023, which the pod is not allowed
   * to listen on. A change rolls the pods.
   * @default 9601
   */
  port?: number;
  /**
   * What its live tap shows of messages to whoever may forward a port to the pod, ten a second at most, and stored nowhere: `"Off"`,
   * nothing; `"Metadata"`, topics, properties and sizes; `"Payload"`, also the first 4 KiB of the payload where it is asked for. A
   * change rolls the pods.
   * @default "Off"
   */
  tap?: TapContent;
}

/** How the relay runs, whatever its dataflows are. */
export interface RelaySettingsArgs extends RelayPodArgs {
  /**
   * Namespace of the relay. A change moves everything.
   * @default "azure-iot-operations"
   */
  namespace?: pulumi.Input<string>;
  /**
   * Instances of the relay, 1 to 20. Above 1 every source is a shared subscription, which promises no order, and which
   * mosquitto 2.0 forgets when it restarts. Fewer instances take up the sessions of those that are removed.
   * Plain, because it decides whether there is a PodDisruptionBudget.
   * @default 1
   */
  instanceCount?: number;
  /**
   * When a pod counts as ready, which a rollout waits for. `"Connected"`: while every dataflow is connected at both sides, so that a
   * rollout stands still while a broker is away. `"Started"`: as soon as the relay has read its configuration; a dataflow that never
   * connects then shows in `/readyz`, metrics and log alone. Plain, because it decides which probe the pods have; a change rolls them.
   * @default "Connected"
   */
  readyWhen?: RelayReadiness;
  /**
   * Least severe level that is logged.
   * @default "info"
   */
  logLevel?: pulumi.Input<LogLevel>;
  /**
   * Port of metrics and probes, 1024 to 65535.
   * @default 9600
   */
  metricsPort?: number;
  /**
   * Time in seconds for messages in flight to be acknowledged when a pod ends; 1 to 3600.
   * @default 20
   */
  drainTimeoutSeconds?: pulumi.Input<number>;
  /** Where the relay publishes its status. Omitted: nowhere. Plain, because it decides whether there is one more session. */
  status?: RelayStatusArgs;
  /** The status page of each pod. Omitted: there is one, without a live tap. Plain, because its port is compared with that of metrics. */
  statusPage?: RelayStatusPageArgs;
  /** Secrets to create in the relay's namespace, by the name that an endpoint has as its `secretRef`. */
  secrets?: { [secretRef: string]: SecretContentArgs };
  /**
   * Secrets that the cluster fetches from a vault, beside `secrets` and those that exist already. A rotated secret reaches the running
   * relay without a restart.
   */
  vault?: VaultArgs;
  /** ConfigMaps with CA certificates in PEM format to create in the relay's namespace, by the name that endpoints refer to. */
  trustBundles?: { [configMapRef: string]: pulumi.Input<string> };
  /**
   * States that the nodes have a managed identity of their own (Azure VM, AKS), which an endpoint with
   * SystemAssignedManagedIdentity then uses. A pod can't use the identity of AIO's Arc extension, nor reach the endpoint
   * of an Arc-enabled server.
   * @default false
   */
  useNodeIdentity?: boolean;
  /** The volume of each pod for disk queues and dead letters. Used where a dataflow has either. */
  volume?: RelayVolumeArgs;
  /** HTTP proxy to every broker but AIO's own, and to Microsoft Entra, where an endpoint has none of its own. Omitted: connections go straight. */
  proxy?: ProxyArgs;
  /** Addresses that the pods may reach, narrower than by port alone. */
  egress?: RelayEgressArgs;
}

/** An HTTP proxy that lets connections out with CONNECT, as many plants have one. */
export interface ProxyArgs {
  /** `http://<host>:<port>` or `https://<host>:<port>`; `direct` for none, whatever is set elsewhere. Plain, because it decides what the pods may reach. */
  url: string;
  /** Name of the Secret with the keys `username` and `password`. Omitted: the proxy asks for neither. */
  secretRef?: string;
  /** With `https`: name of the ConfigMap with the CA certificates to trust beside the system's roots. */
  trustedCaCertificateConfigMapRef?: string;
}

/** The volume that each pod claims; it is kept when the pods go, with what waits in it. */
export interface RelayVolumeArgs {
  /**
   * Size in GiB, 1 or more; it has to hold the disk queues of all dataflows. Volumes grow in place where their storage class allows
   * it (`allowVolumeExpansion`), and restart no pod. A preview refuses to make them smaller.
   * @default 10
   */
  sizeGibibytes?: number;
  /**
   * Storage class, of a disk rather than a network file system. Omitted: the cluster's default one. A volume never changes its
   * class: a preview refuses that.
   */
  storageClassName?: pulumi.Input<string>;
  /**
   * Whether Pulumi refuses what would leave a volume behind with the messages on it: fewer instances, no dataflow that uses the disk,
   * another namespace, `destroy`. `false` lets go of the volumes, and deletes none of them; it counts from the update after the one
   * that sets it.
   * @default true
   */
  protect?: boolean;
}

/**
 * Address ranges for the network policy, which knows no host names: `"203.0.113.0/24"`. Where none are given, any address
 * may be reached on the port in question.
 */
export interface RelayEgressArgs {
  /** Ranges of brokers, by the name of their endpoint. */
  endpointIpRanges?: { [endpoint: string]: string[] };
  /** Ranges of Microsoft Entra, from Azure's service tag `AzureActiveDirectory`. */
  entraIpRanges?: string[];
  /** Ranges of the HTTP proxies, the relay's and the endpoints'. */
  proxyIpRanges?: string[];
  /**
   * Ports of brokers in the cluster, by the name of their endpoint: where a Service leads to another port of its pods than its own,
   * since policies see that of the pods. The endpoint's own port stays allowed.
   */
  endpointPorts?: { [endpoint: string]: number };
  /** The same for an HTTP proxy in the cluster. */
  proxyPort?: number;
}

export interface RelayArgs extends RelaySettingsArgs {
  /** Name of the site, for logs and metrics. */
  site?: pulumi.Input<string>;
  /** Endpoints by the name that dataflows refer to. */
  endpoints: { [name: string]: RelayEndpointArgs };
  /** Dataflows by name, which is part of the client identifier: another name abandons the dataflow's sessions. */
  dataflows: { [name: string]: DataflowArgs };
  /** Managed identity for endpoints with UserAssignedManagedIdentity. Omitted: the pods have those that endpoints name. */
  identity?: WorkloadIdentityArgs;
  /** Managed identities of endpoints that have another client ID, by a name of yours. */
  furtherIdentities?: { [name: string]: WorkloadIdentityArgs };
}
