import { runInNewContext } from "node:vm";
import { stripTypeScriptTypes } from "node:module";

import { parseAllDocuments, type parseDocument } from "yaml";

import { checkPlan } from "../../../components/bridge/check-plan.ts";
import { planBridge } from "../../../components/bridge/plan.ts";
import { MqttBridge, type MqttBridgeArgs } from "../../../components/index.ts";
import { baseDeclaration, withChange } from "../../../doc/checks/declaration.ts";
import { createCertificateAuthority } from "../../../emulator/certificates/certificate-authority.ts";
import { parseRelayConfig } from "../../../runtime/contract/config.ts";
import { deploy } from "../../components/mocks.ts";
import type { Block } from "./page.ts";

/** Parses a JSON or YAML block, and as the relay's configuration when it is one. Says what is wrong. */
export function checkConfiguration({ where, language, text }: Block): string[] {
  const documents = [...parseAllDocuments(text)] as ReturnType<typeof parseDocument>[];
  const errors = documents.flatMap((document) => document.errors.map(({ message }) => `${where}: ${message}`));
  if (errors.length > 0) return errors;
  try {
    if (language === "json") JSON.parse(text);
    const values = documents.map((document) => document.toJS() as unknown).filter(isConfiguration);
    for (const value of values) parseRelayConfig(JSON.stringify(value), { where });
    return [];
  } catch (cause) {
    return [`${where}: ${(cause as Error).message}`];
  }
}

function isConfiguration(value: unknown): boolean {
  return typeof value === "object" && value !== null && "endpoints" in value && "dataflows" in value;
}

/** What programs on pages take from the lines that the page leaves out. */
const given = {
  image: "mqtt-dataflow-relay:0.1.0",
  resourceGroupName: "rg-oslo",
  identityName: "id-oslo",
  oidcIssuerUrl: "https://oidc.example/oslo",
  clientId: "00000000-0000-0000-0000-0000000000c1",
  tenantId: "00000000-0000-0000-0000-0000000000e1",
  principalId: "00000000-0000-0000-0000-0000000000a1",
  customLocationId:
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ExtendedLocation/customLocations/oslo",
  instanceName: "oslo-aio",
  namespaceId:
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.EventGrid/namespaces/central",
};

/** A bridge that a block declares. */
export interface Declared {
  readonly name: string;
  readonly args: MqttBridgeArgs;
}

/**
 * Evaluates a program, or the fields of a bridge. Fields take the place of those of the declaration that doc/checks.md begins with.
 * @throws {Error} when it is no TypeScript, or takes a name that is not given
 */
async function declare({ text }: Block): Promise<Declared[]> {
  const isProgram = text.includes("new MqttBridge(");
  const body = text.replaceAll(/^import .*;$/gm, "").replaceAll(/^export /gm, "");
  const code = isProgram ? body : `new MqttBridge("oslo", {${body}});`;
  const context = { ...given, ...(await createCertificates()), declared: "" };
  runInNewContext(
    `const all = []; class MqttBridge { constructor(name, args) { all.push({ name, args }); } }
     ${stripTypeScriptTypes(code, { mode: "transform" })}; declared = JSON.stringify(all);`,
    context,
  );
  const bridges = JSON.parse(context.declared) as Declared[];
  return isProgram ? bridges : bridges.map(({ name, args }) => ({ name, args: withChange(baseDeclaration, args) }));
}

/** A CA and a client's certificate that no preview warns of. */
async function createCertificates(): Promise<Readonly<Record<string, string>>> {
  const authority = await createCertificateAuthority("plant");
  const notAfter = new Date(Date.now() + 365 * 24 * 60 * 60 * 1000);
  const { certificate, key } = await authority.createClientCertificate("oslo-relay", { notAfter });
  return { caCertificate: authority.certificate, clientCertificate: certificate, clientKey: key };
}

/** Previews what a block declares, against answers like Azure's and Kubernetes'. Says what is wrong. */
export async function previewProgram(block: Block): Promise<string[]> {
  const problems: string[] = [];
  for (const { name, args } of await declare(block)) {
    const found = checkPlan(planBridge(name, args)).problems;
    problems.push(...found.map(({ path, problem, remedy }) => `${block.where}: ${path}: ${problem}; ${remedy}`));
    // With an instance of AIO the program asks Azure for its extension first, which these answers don't have.
    if (found.length === 0 && args.instance === undefined)
      await deploy(() => new MqttBridge(name, args), { preview: true });
  }
  return problems;
}
