import type { MqttBridgeArgs } from "../../../components/bridge/settings.ts";
import type { CertificateAndKey } from "../../../emulator/certificates/certificate-authority.ts";
import { relayImage } from "../image/names.ts";
import { edgeHost, plantHost } from "./brokers.ts";
import type { Brokers } from "./brokers.ts";
import { topicsOf } from "./traffic.ts";

/** What a row may declare otherwise than the rows before it. */
export interface Declared {
  readonly site: string;
  /** Certificate that the relay shows to the plant's broker. */
  readonly client: CertificateAndKey;
  /** CA certificates that it trusts there, in PEM. */
  readonly trusted: string;
  readonly plantHost?: string;
  readonly plantPort?: number;
  /** Dataflows in each direction. */
  readonly dataflows?: number;
  /** Whether what comes from the edge waits on disk. */
  readonly hasSpool?: boolean;
  /** Whether the manifests become files; Secrets never do. */
  readonly isGitOps?: boolean;
  readonly relay?: Partial<NonNullable<MqttBridgeArgs["relay"]>>;
}

const secretOf = (site: string) => `${site}-historian-client`;
const trustBundleOf = (site: string) => `${site}-historian-ca`;

/** The declaration of a site whose relay runs both ways between AIO's broker and the plant's. */
export function declareSite(brokers: Brokers, declared: Declared): MqttBridgeArgs {
  const { site, trusted, relay = {}, plantHost: host = plantHost } = declared;
  const port = declared.plantPort ?? brokers.plant.ports.pods;
  return {
    site,
    localEndpoints: { edge: { host: `${edgeHost}:${brokers.edgePort}` } },
    customEndpoints: {
      historian: {
        host: `${host}:${port}`,
        authenticationMethod: "X509Certificate",
        secretRef: secretOf(site),
        trustedCaCertificateConfigMapRef: trustBundleOf(site),
      },
    },
    dataflows: declareDataflows(declared),
    ...(declared.isGitOps === true ? { gitOps: { directory: manifestsOf(site) } } : {}),
    relay: {
      image: relayImage,
      ...(declared.isGitOps === true ? {} : { secrets: declareSecrets(declared) }),
      trustBundles: { [trustBundleOf(site)]: trusted },
      volume: { sizeGibibytes: 1, storageClassName: "disk" },
      ...relay,
    },
  };
}

/** Folder of a site's manifests in its repository. */
export const manifestsOf = (site: string) => `manifests/${site}`;

/** Secrets of a site by name, and the entries of each. */
export function declareSecrets({ site, client }: Pick<Declared, "site" | "client">) {
  return { [secretOf(site)]: { clientCertificate: client.certificate, clientKey: client.key } };
}

function declareDataflows({ site, dataflows = 1, hasSpool = false }: Declared): MqttBridgeArgs["dataflows"] {
  const topics = topicsOf(site);
  const one = (at: number) => {
    const part = dataflows === 1 ? "#" : String(at);
    const spool = hasSpool ? { spool: { mode: "Enabled", maxBytes: 100_000_000 } as const } : {};
    return {
      [`telemetry-${at}`]: {
        source: "edge",
        dataSources: [`${topics.telemetry}/${part}`],
        destination: "historian",
        dataDestination: "sites/${inputTopic}",
        ...spool,
      },
      [`commands-${at}`]: {
        source: "historian",
        dataSources: [`${topics.commands}/${part}`],
        destination: "edge",
        dataDestination: "plant/${inputTopic}",
      },
    };
  };
  return Object.assign({}, ...Array.from({ length: dataflows }, (_, at) => one(at))) as MqttBridgeArgs["dataflows"];
}
