import * as v from "valibot";

import { shownUrl } from "../shown-url.ts";
import { block, kubernetesName, secretName, text } from "./field.ts";

const own = "Beyond the specification";
const proxyUrl = /^(direct|https?:\/\/(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:[0-9]{1,5})?\/?)$/i;

/** An HTTP proxy that lets connections out with CONNECT. */
export const proxySchema = block({
  url: text(
    {
      description:
        "`http://<host>:<port>` or `https://<host>:<port>` of a proxy that accepts CONNECT; `direct` means no proxy, whatever is set elsewhere.",
      source: `${own}; RFC 9110 §9.3.6`,
      own: true,
    },
    {
      pattern: proxyUrl,
      hint: 'give "http://<host>:<port>", with the user name and the password in a Secret, or "direct"',
      shown: shownUrl,
    },
  ),
  secretRef: v.optional(
    secretName({
      description: "Name of the Kubernetes Secret that holds the keys `username` and `password` for the proxy.",
      source: own,
      own: true,
    }),
  ),
  trustedCaCertificateConfigMapRef: v.optional(
    text(
      {
        description:
          "Name of the ConfigMap with the CA certificates to trust for a proxy with `https`, beside the system's roots; every certificate under every key.",
        bounds: "name of a ConfigMap",
        source: own,
        own: true,
      },
      { pattern: kubernetesName, hint: "give the name of a ConfigMap" },
    ),
  ),
});

/** A proxy as the configuration has it. */
export type ProxySettings = v.InferOutput<typeof proxySchema>;
