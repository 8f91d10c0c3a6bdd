import { chmodSync, writeFileSync } from "node:fs";
import path from "node:path";

import { createRelayClient } from "../../../cli/status/client.ts";
import { reachRelay } from "../../../cli/status/reach.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";

afterAll(removeTemporaryFolders);

/** A program in the place of kubectl. */
function kubectl(script: string): string {
  const file = path.join(createTemporaryFolder("kubectl"), "kubectl");
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

test("a relay on this machine is at its port", async () => {
  expect((await reachRelay({ port: 9601 })).address).toBe("http://127.0.0.1:9601");
});

test("a relay in a pod is where kubectl forwards to, on loopback alone", async () => {
  const program = kubectl('echo "$@" >"$0.args"; echo "Forwarding from 127.0.0.1:40123 -> 9601"; exec sleep 60');

  const way = await reachRelay({ port: 9601, pod: "azure-iot-operations/oslo-0" }, program);

  expect(way.address).toBe("http://127.0.0.1:40123");
  way.close();
});

test("says what kubectl says when it can't", async () => {
  const program = kubectl('echo "Error from server (NotFound): pods \\"oslo-0\\" not found" >&2; exit 1');

  await expect(reachRelay({ port: 9601, pod: "a/oslo-0" }, program)).rejects.toThrow(
    'port-forward: Error from server (NotFound): pods "oslo-0" not found',
  );
});

test("says so when there is no kubectl", async () => {
  await expect(reachRelay({ port: 9601, pod: "a/b" }, "/nowhere/kubectl")).rejects.toThrow(
    "is not installed; install it, or forward the port yourself and give --port",
  );
});

test("says so when no relay answers", async () => {
  await expect(createRelayClient("http://127.0.0.1:1").status()).rejects.toThrow(
    "http://127.0.0.1:1: no relay answers there; give its port with --port, or its pod with --pod NAMESPACE/NAME",
  );
});
