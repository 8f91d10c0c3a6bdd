import { describeError } from "../../../runtime/contract/errors.ts";
import { machineLoad } from "../../support/patience.ts";
import { isUnavoidable, readWarnings } from "../site/events.ts";
import type { Warning } from "../site/events.ts";
import type { Account } from "../site/ledger.ts";
import type { TrafficAccount } from "../site/traffic.ts";
import type { Cluster, Site } from "../site/site.ts";
import { rows } from "./all.ts";
import type { Promised, Row, RowResult, SiteName } from "./row.ts";
import { openers } from "./sites.ts";

interface Opened {
  readonly site: Site;
  readonly openedMs: number;
}

/** A row that has run: duplicates may come until the end of all. */
interface Ran {
  readonly row: Row;
  readonly traffic: TrafficAccount | undefined;
  readonly seen: string;
  readonly failure: string | undefined;
  readonly seconds: number;
  readonly warnings: readonly string[];
  readonly load: number;
}

/**
 * Runs the rows one after the other, and prints what came of each when all have run.
 * @param names those to run; all when there are none
 */
export async function runRows(
  cluster: Cluster,
  names: readonly string[],
  print: (value: object) => void,
): Promise<void> {
  const unknown = names.filter((name) => !rows.some((row) => row.name === name));
  if (unknown.length > 0)
    throw new Error(`no rows ${unknown.join(", ")}; there are ${rows.map(({ name }) => name).join(", ")}`);
  const sites = new Map<SiteName, Promise<Opened>>();
  const open = (name: SiteName) => {
    const openedMs = performance.now();
    const opened = sites.get(name) ?? openers[name](cluster).then((site) => ({ site, openedMs }));
    sites.set(name, opened);
    return opened;
  };
  const wanted = rows.filter((row) => (names.length === 0 || names.includes(row.name)) && hasParts(row, cluster));
  // Its token takes ten minutes, whatever else is done.
  if (wanted.some(({ site }) => site === "steady")) await open("steady");
  const ran: Ran[] = [];
  for (const row of wanted) {
    print({ kind: "begins", name: row.name });
    const one = await runRow(cluster, row, () => open(row.site));
    ran.push(one);
    print({ kind: "ran", ...judge(one) });
  }
  for (const one of ran) print({ kind: "row", ...judge(one) });
  for (const opened of sites.values()) await opened.then(({ site }) => site.traffic.stop()).catch(() => undefined);
}

/** Tells whether a row's programs are here; else one line says why it does not run. */
function hasParts({ name, needs = [] }: Row, { parts }: Cluster): boolean {
  const missing = needs.filter((part) => parts[part] === "");
  if (missing.length > 0) process.stderr.write(`row ${name}: left out, since ${missing.join(", ")} are not here\n`);
  return missing.length === 0;
}

async function runRow(cluster: Cluster, row: Row, open: () => Promise<Opened>): Promise<Ran> {
  const startMs = performance.now();
  let before = await readWarnings(cluster.kubectl);
  let traffic: TrafficAccount | undefined;
  let seen = "";
  let failure: string | undefined;
  try {
    const { site, openedMs } = await open();
    await site.deployment.untilRolledOut();
    // Those of a row before may come late; those of a site's first start are its first row's.
    if (openedMs < startMs) before = await readWarnings(cluster.kubectl);
    traffic = site.traffic.open();
    seen = await row.run({ cluster, site, openedMs });
  } catch (error) {
    failure = describeError(error);
  }
  await traffic?.close(row.settleMs);
  if (failure === undefined && row.end !== undefined) {
    try {
      const { site, openedMs } = await open();
      await site.traffic.stop();
      seen = [seen, await row.end({ cluster, site, openedMs })].join("; ");
    } catch (error) {
      failure = describeError(error);
    }
  }
  const seconds = Math.round((performance.now() - startMs) / 1000);
  const warnings = newWarnings(before, await readWarnings(cluster.kubectl));
  return { row, traffic, seen, failure, seconds, warnings, load: machineLoad() };
}

function newWarnings(before: readonly Warning[], now: readonly Warning[]): string[] {
  const old = new Set(before.map(({ uid, count }) => `${uid} ${count}`));
  return [...new Set(now.filter(({ uid, count }) => !old.has(`${uid} ${count}`)).map(({ text }) => text))];
}

const noMessages: Account = { published: 0, delivered: 0, lost: 0, duplicated: 0, longestGapMs: 0 };

function judge({ row, traffic, seen, failure, seconds, warnings, load }: Ran): Omit<RowResult, "kind"> {
  const account = traffic?.read() ?? noMessages;
  const failures = [
    ...(failure === undefined ? [] : [failure]),
    ...judgeAccount(account, row.promise, load),
    ...warnings.filter((text) => !isExpected(row, text)).map((text) => `a warning that nothing here draws: ${text}`),
  ];
  const { name, title, promise } = row;
  return { name, title, promise, account, seen, seconds, warnings, failures };
}

function isExpected({ warnings = [] }: Row, text: string): boolean {
  return isUnavoidable(text) || warnings.some((begin) => text.startsWith(begin));
}

function judgeAccount(account: Account, { duplicates, gapSeconds }: Promised, load: number): string[] {
  const gap = account.longestGapMs / 1000;
  return [
    ...(account.published === 0 ? ["no message was published"] : []),
    ...(account.lost > 0 ? [`${account.lost} messages are lost`] : []),
    ...(account.duplicated > duplicates ? [`${account.duplicated} duplicates, and ${duplicates} are promised`] : []),
    ...(gap > gapSeconds * load ? [`${gap.toFixed(1)} s without a message, and ${gapSeconds} are promised`] : []),
  ];
}
