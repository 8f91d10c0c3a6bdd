import { endMqttClients } from "./mqtt-clients.ts";
import { stopProcesses } from "./started-process.ts";
import { removeTemporaryFolders } from "./temporary-folder.ts";

/** Ends every client and process of a test file, and removes what they wrote; for `afterAll`. */
export async function cleanUp(): Promise<void> {
  await endMqttClients();
  await stopProcesses();
  removeTemporaryFolders();
}
