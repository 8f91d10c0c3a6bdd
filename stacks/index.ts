import { MqttBridge, siteContract } from "../components/index.ts";
import { connectToCluster } from "./cluster.ts";
import { declareBridge } from "./declaration.ts";
import { referToPlatform } from "./platform.ts";
import { readSettings } from "./settings.ts";

const settings = readSettings();
const platform = settings.platform ?? referToPlatform(settings.platformStack ?? "");
const bridge = new MqttBridge(settings.site, declareBridge(settings, platform), {
  providers: { kubernetes: connectToCluster(settings) },
});

/** Version of the outputs below, which other stacks read. */
export const contractVersion = siteContract.version;
/** Host name of the Event Grid namespace's MQTT broker. */
export const hostname = bridge.hostname;
/** Topic space resource IDs by name, for the role assignments of whoever consumes the telemetry or sends commands. */
export const topicSpaceIds = bridge.topicSpaceIds;
/** Name of the ConfigMap with the relay's configuration. Not its text: each `pulumi up` would print all of it. */
export const configMapName = bridge.configMapName;
/** Name of the relay's StatefulSet. */
export const statefulSetName = bridge.statefulSetName;
/** Name of the relay's service account. */
export const serviceAccountName = bridge.serviceAccountName;
