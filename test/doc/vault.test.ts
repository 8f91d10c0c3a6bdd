import { readFileSync } from "node:fs";
import path from "node:path";
import { runInNewContext } from "node:vm";

import { checkPlan } from "../../components/bridge/check-plan.ts";
import { planBridge } from "../../components/bridge/plan.ts";
import type { MqttBridgeArgs } from "../../components/index.ts";
import { MqttBridge } from "../../components/index.ts";
import { baseDeclaration, withChange } from "../../doc/checks/declaration.ts";
import { deploy } from "../components/mocks.ts";

const page = readFileSync(path.join(import.meta.dirname, "../../doc/vault.md"), "utf8");

/** What the page's examples take from their program. */
const given = {
  image: "mqtt-dataflow-relay:0.1.0",
  vaultId:
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-plants",
  clientId: "00000000-0000-0000-0000-0000000000c2",
  tenantId: "00000000-0000-0000-0000-0000000000e1",
  principalId: "00000000-0000-0000-0000-0000000000a2",
  resourceGroupName: "rg",
  identityName: "id-vault",
  oidcIssuerUrl: "https://oidc.example/oslo",
};

/** Each `ts` block as fields of a bridge. */
const examples = [...page.matchAll(/^```ts\n(.*?)^```/gms)].map(([, text = ""], index) => {
  // As JSON, since what another context has made is of other classes.
  const fields = runInNewContext(`JSON.stringify({${text}})`, given) as string;
  return [index + 1, JSON.parse(fields) as Partial<MqttBridgeArgs>] as const;
});

/** An endpoint that names the Secret, where the example does not have it: with the method that the Secret is for. */
function withEndpoint({ customEndpoints, relay }: Partial<MqttBridgeArgs>): MqttBridgeArgs {
  const { password } = relay?.vault?.secrets["historian-client"] ?? {};
  const authenticationMethod = password === undefined ? "X509Certificate" : "UsernamePassword";
  const historian = { host: "mqtt.example.com:8883", authenticationMethod, secretRef: "historian-client" };
  return withChange(baseDeclaration, { customEndpoints: customEndpoints ?? { historian }, relay });
}

test("the page has an example of each way", () => {
  expect(examples.map(([, { relay }]) => Object.keys(relay?.vault ?? {}).filter((key) => key !== "secrets"))).toEqual([
    ["secretSync"],
    ["secretSync"],
    ["externalSecrets"],
  ]);
});

test.each(examples)("example %i previews without a word, and deploys", async (_, fields) => {
  const args = withEndpoint(fields);

  expect(checkPlan(planBridge("oslo", args))).toEqual({ problems: [], warnings: [] });
  const { resources } = await deploy(() => new MqttBridge("oslo", args));

  expect(resources.map(({ name }) => name)).toContain("oslo-relay-historian-client");
});
