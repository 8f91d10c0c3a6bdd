import * as pulumi from "@pulumi/pulumi";

import { CustomAuthenticationMethod } from "../../../components/index.ts";
import type { MqttBridgeArgs } from "../../../components/index.ts";
import { declareBridge as declareSite } from "../../../stacks/declaration.ts";
import type { PlatformInputs } from "../../../stacks/platform.ts";
import type { Settings } from "../../../stacks/settings.ts";
import { addedDataflows } from "./added-dataflows.ts";

/**
 * The declaration of the project's own stack program with one more broker, a historian that asks for a client
 * certificate, so that a stack has a Secret and a CA to renew. The tests let `stacks/index.ts` import it in the place of
 * `stacks/declaration.ts`.
 */
export function declareBridge(settings: Settings, platform: PlatformInputs): MqttBridgeArgs {
  const historian = new pulumi.Config("historian");
  const site = declareSite(settings, platform);
  // An output that is no secret, as a program has it that took it from elsewhere: the components have to know for themselves
  // that it is one.
  const clientKey = pulumi.output(pulumi.runtime.allConfig()["historian:clientKey"] ?? "");
  if (site.relay === undefined) throw new TypeError("the stack program declares no relay");
  return {
    ...site,
    customEndpoints: {
      historian: {
        host: historian.require("host"),
        authenticationMethod: CustomAuthenticationMethod.X509Certificate,
        secretRef: "historian-client",
        trustedCaCertificateConfigMapRef: "historian-ca",
      },
    },
    dataflows: {
      ...site.dataflows,
      history: {
        source: "edge",
        dataSources: ["plant/+/telemetry/#"],
        destination: "historian",
        dataDestination: "history/${inputTopic}",
      },
      ...addedDataflows,
    },
    relay: {
      ...site.relay,
      secrets: {
        "historian-client": {
          clientCertificate: historian.require("clientCertificate"),
          clientKey,
        },
      },
      trustBundles: { "historian-ca": historian.require("ca") },
    },
  };
}
