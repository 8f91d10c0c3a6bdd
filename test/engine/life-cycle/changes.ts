import { certificate } from "../../../doc/checks/declaration.ts";
import { volume } from "./scene.ts";
import type { Scene } from "./scene.ts";

/** Namespaces of these tests, in the API server that all tests share. */
export const namespaces = ["life", "life-moved"] as const;

/** A change of the declaration or the settings, and what it is expected to do. */
export interface Change {
  /** What somebody changes, for the page. */
  readonly title: string;
  make(scene: Scene): void | Promise<void>;
  /** The preview's steps, without the resources that stay the same: `update ConfigMap oslo-relay-cfg`. */
  readonly preview: readonly string[];
  /** As `comparePods` says it. */
  readonly pods: string;
  /** What becomes of messages, for the page. */
  readonly messages: string;
  /** The row of doc/cluster.md that has shown it, with messages, on a real node. */
  readonly shownBy?: string;
}

const configMap = "update ConfigMap oslo-relay-cfg";
const configuration = [configMap, "update StatefulSet oslo-relay-set"];
const budget = "PodDisruptionBudget oslo-relay-pdb";
const claim = (ordinal: number) => `PersistentVolumeClaimPatch oslo-relay-spool-${ordinal}`;
const program = "test/engine/program/declaration.ts";
const wait = "wait in the sessions and on the disks while a pod restarts; none is lost";

const spoolTurnedOn = "the first spool turned on by `pulumi up`, off, and on again; then `pulumi destroy`";

const relay = (settings: object) => (scene: Scene) => scene.site.configure({ relay: settings });
const edit =
  (file: string, text: string, replacement: string) =>
  ({ site }: Scene) =>
    site.edit(file, text, replacement);

/** The same API server by another name; its certificate is that of the address. */
export function atAnotherAddress(kubeconfig: string): string {
  return kubeconfig.replace(
    /"server":"https:\/\/127\.0\.0\.1:/,
    '"tls-server-name":"kubernetes","server":"https://localhost:',
  );
}

export const changes: readonly Change[] = [
  {
    title: "another topic filter",
    make: edit(program, '["plant/+/telemetry/#"]', '["plant/+/measurements/#"]'),
    preview: configuration,
    pods: "1 restarted",
    messages: wait,
    shownBy: "the configuration changed",
  },
  {
    title: "another host of a broker",
    make: ({ site }) => site.configure({ "historian:host": "historian-2.plant.example:8883" }),
    preview: [...configuration, "update DataflowEndpoint oslo-historian-endpoint"],
    pods: "1 restarted",
    messages: "wait as above; a wrong host stops the rollout at the first pod",
    shownBy: "a wrong host rolled out, and rolled back after 15 s; 1 instance",
  },
  {
    title: "`relay.memoryMebibytes`",
    make: relay({ memoryMebibytes: 320 }),
    preview: ["update StatefulSet oslo-relay-set"],
    pods: "1 restarted",
    messages: wait,
    shownBy: "the configuration changed",
  },
  {
    title: "`relay.image`",
    make: relay({ image: "mqtt-dataflow-relay:1.0.1" }),
    preview: ["update StatefulSet oslo-relay-set"],
    pods: "1 restarted",
    messages: wait,
    shownBy: "the configuration changed",
  },
  {
    title: "1 → 3 instances",
    make: relay({ instanceCount: 3 }),
    preview: [...configuration, `create ${claim(1)}`, `create ${claim(2)}`, `create ${budget}`],
    pods: "1 restarted, 2 started",
    messages: "wait while the first pod restarts, and the new ones join in after 30 s; none is lost",
    shownBy: "1 → 3 instances",
  },
  {
    title: "larger volumes",
    make: relay({ volume: { ...volume, sizeGibibytes: 20 } }),
    preview: [0, 1, 2].map((ordinal) => `update ${claim(ordinal)}`),
    pods: "3 untouched",
    messages: "nothing",
  },
  {
    title: "3 → 2 instances",
    make: relay({ instanceCount: 2 }),
    preview: [...configuration, `delete ${claim(2)}`],
    pods: "1 ended, 2 restarted",
    messages: "the rest takes over the sessions; what is on the third disk stays there",
    shownBy: "3 → 2 instances",
  },
  {
    title: "2 → 1 instances",
    make: relay({ instanceCount: 1 }),
    preview: [...configuration, `delete ${claim(1)}`, `delete ${budget}`],
    pods: "1 ended, 1 restarted",
    messages: "as above",
    shownBy: "2 → 1 instances",
  },
  {
    title: "another client certificate and key",
    make: ({ renewCertificate }) => renewCertificate(),
    preview: ["update Secret oslo-relay-historian-client"],
    pods: "1 untouched",
    messages: "go on; the connection to that broker is replaced",
    shownBy: "the Secret gets another client certificate; then mosquitto restarts",
  },
  {
    title: "another CA",
    make: ({ site }) => site.configure({ "historian:ca": `second\n${certificate}` }),
    preview: ["update ConfigMap oslo-relay-historian-ca"],
    pods: "1 untouched",
    messages: "go on; the next connection is checked by the new one",
    shownBy: "the plant's CA replaced: both trusted, then mosquitto's certificate, then the new one alone",
  },
  {
    title: "a dataflow renamed",
    make: edit(program, "      history: {", "      archive: {"),
    preview: configuration,
    pods: "1 restarted",
    messages: "what waits in the old session is **lost**: see [Renaming a dataflow](operations.md#renaming-a-dataflow)",
  },
  {
    title: "the last spool off",
    make: edit("stacks/dataflows.ts", "source: cloud,", 'source: cloud, spool: { mode: "Disabled" },'),
    preview: [configMap, "replace StatefulSet oslo-relay-set", `delete ${claim(0)}`],
    pods: "1 restarted without its disk",
    messages: "what is on the disk stays there, and nothing delivers it until a spool comes back; the rest waits",
    shownBy: spoolTurnedOn,
  },
  {
    title: "a spool on",
    make: edit("stacks/dataflows.ts", ' spool: { mode: "Disabled" },', ""),
    preview: [`create ${claim(0)}`, configMap, "replace StatefulSet oslo-relay-set"],
    pods: "1 restarted with a disk",
    messages: "what is on the disk is delivered; the rest waits meanwhile",
    shownBy: spoolTurnedOn,
  },
  {
    title: "another address of the same cluster in the kubeconfig",
    make: ({ site, kubeconfig }) =>
      site.configureSecret("mqtt-dataflow:kubernetes.kubeconfig", atAnotherAddress(kubeconfig)),
    preview: ["update kubernetes oslo-cluster"],
    pods: "1 untouched",
    messages: "nothing",
  },
  {
    title: "another namespace",
    make: ({ moveTo }) => moveTo(namespaces[1]),
    preview: [
      ...["ConfigMap oslo-relay-cfg", "ConfigMap oslo-relay-historian-ca", "NetworkPolicy oslo-relay-net"],
      ...["Secret oslo-relay-historian-client", "Service oslo-relay-svc", "ServiceAccount oslo-relay-sa"],
      ...["StatefulSet oslo-relay-set", claim(0)],
    ]
      .map((resource) => `replace ${resource}`)
      .concat("update FederatedIdentityCredential oslo-relay-fic"),
    pods: "1 ended, 1 started",
    messages: "what is on the disk stays behind: wait until `relay_spool_messages` is 0 before",
  },
];
