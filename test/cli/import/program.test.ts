import * as pulumi from "@pulumi/pulumi";

import { importMosquitto, importParsed } from "../../../cli/import/import-configuration.ts";
import { settingsOf } from "../../../cli/import/program.ts";
import { MqttBridge } from "../../../components/index.ts";
import { createCertificateAuthority } from "../../../emulator/certificates/certificate-authority.ts";
import { parseRelayConfig, type RelayConfigInput } from "../../../runtime/contract/config.ts";
import { evaluate } from "../../examples/evaluate.ts";
import { buildDataflow } from "../../support/relay-config.ts";
import { sections } from "./sections.ts";

/** Runs the text of a program; its imports are given, its exports are nobody's. */
function run(program: string): void {
  const body = program.replace(/^import .*$/gm, "").replace(/^export /gm, "");
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the program is what is tested, and has no types to strip
  const evaluated = new Function("pulumi", "MqttBridge", body) as (...given: readonly unknown[]) => void;
  evaluated(pulumi, MqttBridge);
}

beforeEach(() => {
  // Pulumi prints the warnings that the import has listed already.
  jest.spyOn(console, "warn").mockReturnValue();
});

test.each(sections)("$about: the program gives the relay the configuration that was written", async ({ lines }) => {
  const authority = await createCertificateAuthority("CA");
  const client = await authority.createClientCertificate("oslo");
  const { program, configuration } = importMosquitto(lines.join("\n"), { file: "m.conf", site: "oslo", levels: 2 });
  const value = (name: string) => {
    if (name.endsWith("Certificate")) return client.certificate;
    if (name.endsWith("Key")) return client.key;
    return name.endsWith("Ca") ? authority.certificate : "relay:1";
  };
  const settings = Object.fromEntries(settingsOf(program).map(({ name }) => [name, value(name)]));

  const { relayConfig, resources } = await evaluate(settings, () => {
    run(program);
  });

  const { config } = parseRelayConfig(relayConfig, { where: "program" });
  const wanted = parseRelayConfig(configuration, { where: "relay.json" }).config;
  expect({ endpoints: config.endpoints, dataflows: config.dataflows }).toEqual({
    endpoints: wanted.endpoints,
    dataflows: wanted.dataflows,
  });
  expect(resources).toContain("kubernetes:apps/v1:StatefulSet oslo-relay-set");
});

test("a configuration with much that is not the default becomes a program that gives the relay the same", async () => {
  const settings = { qos: 0, retain: "Never", maxInflightMessages: 7, cloudEventAttributes: "Propagate" } as const;
  const x509 = { method: "X509Certificate", x509CertificateSettings: { secretRef: "client" } } as const;
  const document: RelayConfigInput = {
    endpoints: {
      default: { endpointType: "Mqtt", mqttSettings: { authentication: { method: "ServiceAccountToken" } } },
      cloud: {
        endpointType: "Mqtt",
        mqttSettings: {
          host: "ns.westeurope-1.ts.eventgrid.azure.net:8883",
          authentication: x509,
          clientIdPrefix: "a-",
        },
        relay: { username: "oslo", allowSharedSubscriptions: true },
      },
      web: {
        endpointType: "Mqtt",
        mqttSettings: {
          ...{ host: "web.example:443/mqtt", protocol: "WebSockets", ...settings },
          tls: { trustedCaCertificateConfigMapRef: "web-ca" },
          authentication: { method: "Anonymous" },
        },
        relay: { proxy: { url: "http://proxy.example:3128" } },
      },
    },
    dataflows: {
      upward: buildDataflow(["default", ["plant/#"]], ["web", "oslo/${inputTopic}"], {
        relay: { undeliverableMessages: "DeadLetter", deadLetter: { endpointRef: "web", topic: "dead" }, maxHops: 3 },
      }),
      down: buildDataflow(["cloud", ["commands/+"]], ["default", "${inputTopic.2}"], {
        mode: "Disabled",
        relay: { spool: { mode: "Enabled", maxBytes: 2_097_152 } },
      }),
    },
    profile: { instanceCount: 2, diagnostics: { logs: { level: "warn" } } },
    relay: { drainTimeoutSeconds: 30, reconnect: { minDelayMs: 20 } },
  };
  const parsed = parseRelayConfig(JSON.stringify(document), { where: "relay.json" });
  const { program, findings } = importParsed(parsed, { file: "site.yaml", site: "oslo" });

  const { relayConfig } = await evaluate({ relayImage: "relay:1" }, () => {
    run(program);
  });

  const { config } = parseRelayConfig(relayConfig, { where: "program" });
  const { endpoints, dataflows, profile } = parsed.config;
  expect(config).toMatchObject({ endpoints, dataflows, profile, relay: { drainTimeoutSeconds: 30 } });
  expect(findings.filter(({ kind }) => kind === "notMapped").map(({ what }) => what)).toEqual(["relay.reconnect"]);
});
