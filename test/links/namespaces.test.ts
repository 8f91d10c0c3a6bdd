import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import path from "node:path";

import { cleanUp } from "../support/integration.ts";
import { untilTrue } from "../support/patience.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { startProcess } from "../support/started-process.ts";
import { findNamespaces, inNamespaces } from "./namespaces.ts";

const namespaces = path.join(import.meta.dirname, "namespaces.ts");

describeWithPart(
  "network namespaces",
  () => {
    afterAll(cleanUp);

    test("a program sees nothing of this machine's network", async () => {
      const started = startProcess(...inNamespaces("sh", ["-c", "ip -oneline link | cut -d: -f2"]));
      await started.ended;

      expect(started.lines.map((line) => line.trim())).toEqual(["lo"]);
    });

    test("its mounts are not this machine's", async () => {
      const script = "mount --bind /dev/null /etc/hostname && wc -c </etc/hostname";
      const started = startProcess(...inNamespaces("sh", ["-c", script]));
      await started.ended;

      expect(started.lines).toEqual(["0"]);
      expect(execFileSync("cat", ["/etc/hostname"]).length).toBeGreaterThan(0);
    });

    test("all that was started in them ends when the process is killed that made them", async () => {
      const marker = `forgotten-${process.pid}-${Date.now()}`;
      const script = `sh -c 'echo started; sleep 600 & wait' ${marker} & wait`;
      const program = `
        const { inNamespaces } = await import(${JSON.stringify(namespaces)});
        const { spawn } = await import("node:child_process");
        spawn(...inNamespaces("sh", ["-c", ${JSON.stringify(script)}]), { stdio: "inherit" });
      `;
      const maker = startProcess(process.execPath, ["--input-type=module", "-e", program]);
      await maker.untilLine((line) => line === "started");
      const network = networkOf(marker);

      maker.kill("SIGKILL");
      await untilTrue("the end of all processes", () => !usedNetworks().has(network));
    });
  },
  findNamespaces,
);

/** The network namespace of the process that has a marker in its command line. */
function networkOf(marker: string): string {
  const isMarked = (pid: string) => readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0").includes(marker);
  const pid = processes().find((each) => look(() => isMarked(each)) === true);
  return readlinkSync(`/proc/${pid ?? "none"}/ns/net`);
}

function usedNetworks(): Set<string | undefined> {
  return new Set(processes().map((pid) => look(() => readlinkSync(`/proc/${pid}/ns/net`))));
}

function processes(): string[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
}

function look<T>(at: () => T): T | undefined {
  try {
    return at();
  } catch {
    return undefined; // the process has ended
  }
}
