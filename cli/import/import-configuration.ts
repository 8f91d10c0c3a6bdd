import {
  formatRelayConfig,
  parseRelayConfig,
  type ParsedConfig,
  type RelayConfig,
} from "../../runtime/contract/config.ts";
import { declare } from "./declaration.ts";
import type { Finding, Imported, ImportedSecrets } from "./finding.ts";
import { importBridges, type BridgeImport } from "./import-bridges.ts";
import { writeProgram } from "./program.ts";

/**
 * Turns the bridges of a `mosquitto.conf` into a program and a configuration.
 * @throws {ConfigError} with everything that the file has wrong, or that no relay can do
 */
export function importMosquitto(text: string, options: BridgeImport): Imported {
  const { document, findings, ...secrets } = importBridges(text, options);
  const parsed = parseRelayConfig(JSON.stringify(document), { where: options.file });
  return build(parsed, options.site, secrets, findings);
}

/** Turns a configuration in any form that the relay reads into a program and a configuration of the relay's own form. */
export function importParsed(parsed: ParsedConfig, site: string): Imported {
  const { skipped, notes, config } = parsed;
  const findings: Finding[] = [
    ...skipped.map((text): Finding => ({ kind: "notMapped", what: "skipped", text })),
    ...notes.map((text): Finding => ({ kind: "changed", what: "note", text })),
    ...secretFindings(config),
  ];
  return build(parsed, config.relay.site ?? site, { secrets: [], trustBundles: {} }, findings);
}

function build(
  { config, warnings }: ParsedConfig,
  site: string,
  secrets: ImportedSecrets,
  findings: readonly Finding[],
): Imported {
  const warned = warnings.map(({ path, problem, remedy }): Finding => {
    return { kind: "changed", what: path, text: `${problem}; ${remedy}` };
  });
  return {
    program: writeProgram(declare(config, site, secrets)),
    configuration: formatRelayConfig(config),
    findings: [...findings, ...warned],
  };
}

/** Secrets and ConfigMaps that are in the cluster already stay there, and the program refers to them by name. */
function secretFindings({ endpoints }: RelayConfig): Finding[] {
  const refs = [
    ...new Set(JSON.stringify(endpoints).match(/"(?:secretRef|trustedCaCertificateConfigMapRef)":"[^"]+"/g)),
  ];
  const names = refs.map((ref) => ref.split('"')[3] ?? "");
  if (names.length === 0) return [];
  const text = "has to be in the relay's namespace already; or give its content to relay.secrets or relay.trustBundles";
  return names.map((name) => ({ kind: "changed", what: `Secret or ConfigMap ${name}`, text }));
}
