import { strict as assert } from "node:assert";

import type { DeployedProgram } from "../command-line/program.ts";
import { commandLineParts } from "../node/programs.ts";
import { inNamespace, podOf } from "./pods.ts";
import { unready } from "./row.ts";
import type { Row, Stage } from "./row.ts";

/** The pod ends and begins again. */
const restart = { duplicates: 0, gapSeconds: 20 };
/** As often as the program is changed, and its StatefulSet replaced. */
const spoolChanges = 3;

const withSpool = 'spool: { mode: "Enabled", maxBytes: 100_000_000 }';

export const commandLineRows: readonly Row[] = [
  {
    name: "command-line",
    title:
      "`examples/typescript/custom-broker` by `pulumi` and its own providers: previewed, deployed, changed, refreshed",
    site: "example",
    needs: commandLineParts,
    promise: restart,
    warnings: [unready],
    run: changeByCommandLine,
  },
  {
    name: "spool-turned-on",
    title: "the first spool turned on by `pulumi up`, off, and on again; then `pulumi destroy`",
    site: "example",
    needs: commandLineParts,
    promise: restart,
    warnings: [unready],
    run: async (stage) => {
      const program = programOf(stage);
      const [plain, spooled] = [
        'dataSources: ["plant/+/telemetry/#"],',
        `dataSources: ["plant/+/telemetry/#"], ${withSpool},`,
      ];
      const disks: string[] = [];
      for (let at = 0; at < spoolChanges; at++) {
        const isOn = at % 2 === 0;
        program.edit(isOn ? plain : spooled, isOn ? spooled : plain);
        assert.match(await program.succeed("preview"), /StatefulSet +\S+ +replace/);
        await program.succeed("up", "--yes");
        await stage.site.deployment.untilRolledOut();
        if (isOn) disks.push(await diskOf(stage));
        await program.succeed("preview", "--expect-no-changes");
      }
      assert.equal(new Set(disks).size, 1, "the pod finds its disk again");
      return "no `--skip-preview`; the pod has its disk again";
    },
    end: destroy,
  },
  {
    name: "stacks",
    title: "`stacks/` with the plant's broker, in the same ways; then `pulumi destroy`",
    site: "stacks",
    needs: commandLineParts,
    promise: restart,
    warnings: [unready],
    run: changeByCommandLine,
    end: destroy,
  },
];

async function changeByCommandLine(stage: Stage): Promise<string> {
  const program = programOf(stage);
  await program.changeMemory(320);
  assert.match(await program.succeed("preview", "--diff"), /"256Mi" => "320Mi"/);
  await program.succeed("up", "--yes");
  await stage.site.deployment.untilRolledOut();
  const { spec } = await podOf(stage);
  assert.match(JSON.stringify(spec), /"memory":"320Mi"/);
  await program.succeed("preview", "--expect-no-changes");
  await program.succeed("refresh", "--yes", "--skip-preview");
  await program.succeed("preview", "--expect-no-changes");
  assert.match(await program.succeedWithPolicies("preview"), /mqtt-dataflow@v\S+ \(local: /);
  return "nothing is left to do after an update and after a refresh, and the policy pack lets it pass";
}

async function destroy(stage: Stage): Promise<string> {
  const { cluster } = stage;
  const { site, ...program } = programOf(stage);
  const said = await program.succeed("destroy", "--yes");
  assert.match(said, /- \d+ deleted/);
  const kinds = "pods,statefulsets,services,configmaps,secrets,serviceaccounts,networkpolicies,poddisruptionbudgets";
  const left = await cluster.kubectl.list([
    ...inNamespace,
    kinds,
    `--selector=app.kubernetes.io/instance=${site}-relay`,
  ]);
  assert.deepEqual(
    left.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
    [],
  );
  const claims = await cluster.kubectl.list([
    ...inNamespace,
    "pvc",
    `--selector=app.kubernetes.io/instance=${site}-relay`,
  ]);
  return `nothing is left but ${claims.length} claim`;
}

/** What tells the disk of the first pod from any other one. */
async function diskOf(stage: Stage): Promise<string> {
  const { spec } = await podOf(stage);
  const { volumes } = spec as { readonly volumes: readonly { persistentVolumeClaim?: { claimName: string } }[] };
  const name = volumes.find(({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined)?.persistentVolumeClaim
    ?.claimName;
  assert.ok(name !== undefined, "the pod has a disk");
  const { metadata } = await stage.cluster.kubectl.get([...inNamespace, "pvc", name]);
  return metadata.uid ?? "";
}

function programOf({ site }: Stage): DeployedProgram {
  assert.ok(site.program !== undefined, `${site.name} is deployed by Pulumi's command line`);
  return site.program;
}
