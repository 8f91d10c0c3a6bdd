import { removeTemporaryFolders, createTemporaryFolder } from "../../support/temporary-folder.ts";
import { findExecutable } from "../../support/real-parts.ts";
import { startApiServer } from "./kube-apiserver.ts";
import type { ApiServer } from "./kube-apiserver.ts";

let server: ApiServer | undefined;

/** Jest's global set-up: one API server for the whole run. Without the programs the tests say themselves what is missing. */
// eslint-disable-next-line import-x/no-default-export -- where jest looks for it
export default async function setUp(): Promise<void> {
  const etcd = findExecutable("etcd");
  const apiServer = findExecutable("kube-apiserver");
  if (etcd === undefined || apiServer === undefined) return;
  server = await startApiServer(etcd, apiServer, createTemporaryFolder("kube-apiserver"));
  process.env[kubeconfigVariable] = server.kubeconfig;
}

/** Jest's global tear-down. */
export async function tearDown(): Promise<void> {
  await server?.stop();
  removeTemporaryFolders();
}

/** Where the tests find the API server's kubeconfig. */
export const kubeconfigVariable = "MQTT_DATAFLOW_TEST_KUBECONFIG";
