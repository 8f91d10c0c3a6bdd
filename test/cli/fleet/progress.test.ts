import { Progress } from "../../../cli/fleet/progress.ts";
import type { SiteResult } from "../../../cli/fleet/result.ts";
import type { Site } from "../../../cli/fleet/sites.ts";
import { VirtualTerminal } from "../demo/virtual-terminal.ts";

const site = (name: string): Site => ({
  name,
  stack: name,
  ring: "rest",
  kubeconfig: undefined,
  context: undefined,
  namespace: "relays",
  manifests: undefined,
});
const oslo = site("oslo");
const bergen = site("bergen");
const done: SiteResult = { site: oslo, outcome: "done", reasons: [], seconds: 7 };
const failed: SiteResult = { site: bergen, outcome: "failed", reasons: ["no\u001b[2J such area"] };

test("a terminal has one block: what runs, and above it what did not end well", () => {
  const terminal = new VirtualTerminal(60, 10);
  const progress = new Progress(terminal, 3);

  progress.started(oslo, "preview");
  progress.started(bergen, "up");
  progress.ended(done);
  progress.ended(failed);
  progress.started(site("bodo"), "preview");

  expect(progress.running).toEqual(["bodo"]);
  expect(terminal.text).toBe(
    [String.raw`[2/3] bergen: failed: no\u001b[2J such area`, "2 of 3 sites, 1 not well", "  bodo: preview, 0 s"].join(
      "\n",
    ),
  );
  progress.close();
});

test("a log has a line for each site that is done, and nothing else", () => {
  let written = "";
  const progress = new Progress(
    { isTTY: false, columns: 0, rows: 0, write: (text: string | Uint8Array) => (written += text.toString()) !== "" },
    2,
  );

  progress.started(oslo, "preview");
  progress.ended({ ...done, changes: { create: 0, update: 2, replace: 0, delete: 0 } });
  progress.ended(failed);
  progress.close();

  expect(written).toBe(
    `[1/2] oslo: done, changes: ~2 (7 s)\n${String.raw`[2/2] bergen: failed: no\u001b[2J such area`}\n`,
  );
});
