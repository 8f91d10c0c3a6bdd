import { endMqttClients } from "../support/mqtt-clients.ts";
import { relayImage } from "./image/names.ts";
import type { Images } from "./image/image.ts";
import { startNode } from "./node/node.ts";
import { inState } from "./node/places.ts";
import type { NodeParts } from "./node/programs.ts";
import { openCluster, openSite } from "./site/site.ts";

/* A node with a site whose messages flow, until standard input ends. */

interface Input {
  readonly parts: NodeParts;
  readonly images: Images;
  readonly names: readonly string[];
}

const { parts, images, names } = JSON.parse(process.argv[2] ?? "") as Input;
const node = await startNode(parts, images);
const ended = new Promise((resolve) => process.stdin.resume().once("end", resolve));
say(`The node is Ready. It has the image ${relayImage}.`);
say(`  kubectl       ${inState("kubectl")} get pods`);
say(`  any program   ${inState("enter")} ip address`);
if (names.includes("bare")) {
  say("Press Ctrl-C to end it.");
  await ended;
} else await holdSite();
await node.stop();
process.exit(0);

async function holdSite(): Promise<void> {
  const cluster = await openCluster(node, parts);
  const site = await openSite(cluster, "oslo");
  const { brokers, deployment, traffic } = site;
  say(`The relay ${deployment.statefulSet} is ready, and 20 messages a second flow each way.`);
  say(`  its log       ${inState("kubectl")} logs --follow ${deployment.podName(0)}`);
  say(
    `  its metrics   ${inState("kubectl")} get --raw /api/v1/namespaces/azure-iot-operations/pods/${deployment.podName(0)}:9600/proxy/metrics`,
  );
  say(`  what arrives  ${inState("enter")} mosquitto_sub -p ${brokers.plant.ports.machines} -t 'sites/#' -v`);
  say("Press Ctrl-C to end it all.");
  const account = traffic.open();
  const timer = setInterval(() => {
    const { published, delivered, duplicated, longestGapMs } = account.read();
    say(
      `${published} published, ${delivered} delivered, ${duplicated} twice, longest gap ${(longestGapMs / 1000).toFixed(1)} s`,
    );
  }, 10_000);
  await ended;
  clearInterval(timer);
  await traffic.stop();
  await endMqttClients();
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
