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

/**
 * Turns a configuration in any form that the relay reads into a program and a configuration of the relay's own form.
 * @param file what the configuration was read from
 * @throws {ConfigError} for names of one or two characters, which other forms take and a declaration does not
 */
export function importParsed(parsed: ParsedConfig, { file, site }: { file: string; site: string }): Imported {
  const { skipped, notes, config } = parsed;
  parseRelayConfig(formatRelayConfig(config), { where: `${file}, as a declaration of MqttBridge,` });
  const findings: Finding[] = [
    ...skipped.map((text): Finding => ({ kind: "notMapped", what: "skipped", text })),
    ...notes.map((text): Finding => ({ kind: "changed", what: "note", text })),
    ...secretFindings(config),
    ...settingFindings(config),
  ];
  return build(parsed, config.relay.site ?? site, { secrets: [], trustBundles: {} }, findings);
}

function build(
  { config, warnings }: ParsedConfig,
  site: string,
  secrets: ImportedSecrets,
  findings: readonly Finding[],
): Imported {
  // One of a kind: a warning of an endpoint comes again with each dataflow that uses it.
  const first = new Map(warnings.toReversed().map((warning) => [warning.path, warning])).values();
  const warned = [...first].toReversed().map(({ path, problem, remedy }): Finding => {
    return { kind: "changed", what: path, text: `${problem}; ${remedy}` };
  });
  return {
    program: writeProgram(declare(config, site, secrets)),
    configuration: formatRelayConfig(config),
    findings: [...findings, ...warned],
  };
}

/** The relay's settings in the configuration that no argument of the program has been made of. */
function settingFindings({ relay, profile, endpoints, dataflows }: RelayConfig): Finding[] {
  const parts = JSON.stringify({ endpoints, dataflows });
  const { config: plain } = parseRelayConfig(parts, { where: "defaults" });
  const { site: _, drainTimeoutSeconds: _drain, ...others } = relay;
  const given = Object.entries(others).filter(
    ([field, value]) => JSON.stringify(value) !== JSON.stringify(plain.relay[field as keyof typeof relay]),
  );
  const names = given.map(([field]) => `relay.${field}`);
  const isOtherPort = profile.diagnostics.metrics.prometheusPort !== plain.profile.diagnostics.metrics.prometheusPort;
  if (isOtherPort) names.push("profile.diagnostics.metrics.prometheusPort");
  const text = "is in relay.json and not in the program; give MqttBridge the argument, where it has one";
  return names.map((what) => ({ kind: "notMapped", what, text }));
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
