/**
 * Asks the registry for known vulnerabilities of what a user of the package installs. Fails on any, whatever its
 * severity, and on an answer that says neither. A registry that has no such service, or can't be reached, is said in one
 * line and fails nothing: that would make every clone behind a mirror fail.
 */
import { spawnSync } from "node:child_process";

const { stdout } = spawnSync("npm", ["audit", "--omit=dev", "--json"], { encoding: "utf8" });
const report = parse(stdout);
const total = report.metadata?.vulnerabilities?.total;

if (report.auditReportVersion === 2 && total === 0) {
  say(`none known in ${report.metadata.dependencies.prod} packages`);
} else if (report.auditReportVersion === 2 && total > 0) {
  for (const { name, severity, range, via } of Object.values(report.vulnerabilities)) {
    const why = via.map((entry) => (typeof entry === "string" ? `through ${entry}` : `${entry.title} ${entry.url}`));
    say(`${name} ${range} (${severity}): ${why.join("; ")}`);
  }
  say("update what is named, or leave it out");
  process.exitCode = 1;
} else if (typeof report.message === "string" && report.error?.code === undefined) {
  // npm has no code for the failure of the service itself, and has one for all others, such as a missing lock file.
  say(`NOT CHECKED, the registry does not answer: ${report.message}`);
} else {
  say(`npm audit says neither what it found nor why not: ${stdout.slice(0, 500)}`);
  process.exitCode = 1;
}

function say(line) {
  process.stdout.write(`${line}\n`);
}

function parse(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
