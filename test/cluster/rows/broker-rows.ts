import { strict as assert } from "node:assert";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { createCertificateAuthority } from "../../../emulator/certificates/certificate-authority.ts";
import { untilAsked } from "../node/kubectl.ts";
import { inState } from "../node/places.ts";
import { podOf } from "./pods.ts";
import { unready } from "./row.ts";
import type { Row } from "./row.ts";

/** Time in milliseconds that a broker is away. */
const awayMs = 8000;
/** It was in flight when the connection broke; the test's own publishers send theirs again too. */
const redelivered = 400;

export const brokerRows: readonly Row[] = [
  {
    name: "plant-away",
    title: "mosquitto stopped for 8 s",
    site: "main",
    promise: { duplicates: redelivered, gapSeconds: 30 },
    warnings: [unready],
    run: async ({ site: { brokers } }) => {
      await brokers.plant.stop();
      await delay(awayMs);
      await brokers.plant.start();
      return "";
    },
  },
  {
    name: "edge-away",
    title: "AIO's broker gone for 8 s",
    site: "main",
    promise: { duplicates: redelivered, gapSeconds: 30 },
    warnings: [unready],
    run: async ({ site: { brokers } }) => {
      await brokers.edge.suspend();
      await delay(awayMs);
      await brokers.edge.resume();
      return "";
    },
  },
  {
    name: "certificate-rotated",
    title: "the Secret gets another client certificate; then mosquitto restarts",
    site: "main",
    promise: { duplicates: redelivered, gapSeconds: 15 },
    warnings: [unready],
    run: async (stage) => {
      const { site } = stage;
      const commonName = `${site.name}-relay-renewed`;
      const client = await site.brokers.plantAuthority.createClientCertificate(commonName);
      const pod = await podOf(stage);
      await site.change({ client });
      const seconds = await secondsUntilFile(pod.metadata.uid ?? "", client.certificate);
      await site.brokers.plant.stop();
      await site.brokers.plant.start();
      await site.brokers.plant.untilLog((line) => line.includes(`u'${commonName}'`));
      assert.equal((await podOf(stage)).metadata.uid, pod.metadata.uid);
      return `in the pod after ${seconds} s, without a restart; mosquitto sees the new certificate`;
    },
  },
  {
    name: "authority-rotated",
    title: "the plant's CA replaced: both trusted, then mosquitto's certificate, then the new one alone",
    site: "main",
    promise: { duplicates: redelivered, gapSeconds: 15 },
    warnings: [unready],
    run: async (stage) => {
      const { site } = stage;
      const { brokers } = site;
      const pod = await podOf(stage);
      const uid = pod.metadata.uid ?? "";
      const next = await createCertificateAuthority("Plant CA, the next");
      const both = `${brokers.plantAuthority.certificate}\n${next.certificate}`;
      await site.change({ trusted: both });
      const seconds = await secondsUntilFile(uid, both);
      await brokers.changeAuthority(next, brokers.plantAuthority.certificate);
      await site.change({ trusted: next.certificate });
      await secondsUntilFile(uid, next.certificate);
      await brokers.plant.stop();
      await brokers.plant.start();
      const now = await podOf(stage);
      return now.metadata.uid === uid ? `in the pod after ${seconds} s, without a restart` : "the pod was replaced";
    },
  },
];

/** Waits until the kubelet has written a content into one of a pod's volumes. */
async function secondsUntilFile(uid: string, content: string): Promise<number> {
  const startMs = performance.now();
  const volumes = inState("kubelet", "pods", uid, "volumes");
  await untilAsked("the new content in the pod", async () =>
    Promise.resolve(filesBelow(volumes).some((file) => holds(file, content))),
  );
  return Math.round((performance.now() - startMs) / 1000);
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(file) : [file];
  });
}

function holds(file: string, content: string): boolean {
  try {
    return readFileSync(file, "utf8").trim() === content.trim();
  } catch {
    return false; // the kubelet replaces it, or it is a link to a folder
  }
}
