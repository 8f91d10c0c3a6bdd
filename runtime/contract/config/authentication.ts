import * as v from "valibot";

import { block, list, secretName, text, unknownKey } from "./field.ts";

const section = "Specification, Available authentication methods";
const uuid = {
  pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  hint: "give the UUID that Microsoft Entra shows for it",
};

const audience = { pattern: /\S/, hint: "give an audience, or leave it out for the default" };

/** The scope that a token for Event Grid is asked for. @see Azure IoT Operations, Configure MQTT data flow endpoints */
export const eventGridScope = "https://eventgrid.azure.net/.default";

const secretRef = (holds: string) =>
  secretName({ description: `Name of the Kubernetes Secret that holds ${holds}.`, source: section });

/** Settings of another method are told apart from mistyped ones. */
function methodBlock<const E extends v.ObjectEntries>(entries: E) {
  return block(entries, (key, known) =>
    isSettingsKey(key)
      ? `belongs to another method; keep only what "method" names (${list(known)})`
      : unknownKey(key, known),
  );
}

function isSettingsKey(key: string): boolean {
  return Object.values(methods).some(({ entries }) => Object.hasOwn(entries, key));
}

const systemAssigned = methodBlock({
  method: v.literal("SystemAssignedManagedIdentity"),
  systemAssignedManagedIdentitySettings: v.optional(
    block({
      audience: v.optional(
        text(
          {
            description: "Audience of the token, with or without the slash at its end.",
            source: "Specification, System-assigned managed identity",
          },
          audience,
        ),
        "https://eventgrid.azure.net",
      ),
    }),
    {},
  ),
});

const userAssigned = methodBlock({
  method: v.literal("UserAssignedManagedIdentity"),
  userAssignedManagedIdentitySettings: block({
    clientId: text({ description: "Client ID of the managed identity.", bounds: "UUID", source: section }, uuid),
    tenantId: text(
      { description: "Microsoft Entra tenant of the managed identity.", bounds: "UUID", source: section },
      uuid,
    ),
    scope: v.optional(
      text(
        {
          description: "Scope of the requested token: the broker's resource and `/.default`.",
          source: section,
        },
        { pattern: /\S/, hint: "give a scope, or leave it out for Event Grid's" },
      ),
      eventGridScope,
    ),
  }),
});

/** Audience that AIO's own broker expects. @see Azure IoT Operations, default endpoint */
export const localBrokerAudience = "aio-internal";

const serviceAccountToken = methodBlock({
  method: v.literal("ServiceAccountToken"),
  serviceAccountTokenSettings: v.optional(
    block({
      audience: v.optional(
        text(
          {
            description: "Audience of the Kubernetes service account token, as the broker's authentication expects it.",
            source: "Specification, Kubernetes service account token (SAT)",
          },
          audience,
        ),
        localBrokerAudience,
      ),
    }),
    {},
  ),
});

const x509Certificate = methodBlock({
  method: v.literal("X509Certificate"),
  x509CertificateSettings: block({
    secretRef: secretRef(
      "the client certificate: keys `client_cert.pem`, `client_key.pem` and, if there are any, `client_intermediate_certs.pem`; or `tls.crt` and `tls.key`",
    ),
  }),
});

const accessToken = methodBlock({
  method: v.literal("AccessToken"),
  accessTokenSettings: block({
    secretRef: secretRef("the access token under the key `accessToken`; it is sent as the MQTT password"),
  }),
});

const anonymous = methodBlock({
  method: v.literal("Anonymous"),
  anonymousSettings: v.optional(
    v.pipe(
      block({}),
      v.metadata({
        description: "Has to be empty; AIO's own manifests contain it.",
        source: "Specification, Anonymous",
      }),
    ),
  ),
});

const usernamePassword = methodBlock({
  method: v.literal("UsernamePassword"),
  usernamePasswordSettings: block({
    secretRef: secretName({
      description: "Name of the Kubernetes Secret that holds the keys `username` and `password`.",
      source: "Beyond the specification",
      own: true,
    }),
  }),
});

const methods = {
  SystemAssignedManagedIdentity: systemAssigned,
  UserAssignedManagedIdentity: userAssigned,
  ServiceAccountToken: serviceAccountToken,
  X509Certificate: x509Certificate,
  AccessToken: accessToken,
  Anonymous: anonymous,
  UsernamePassword: usernamePassword,
} as const;

/** How a client proves to a broker who it is. */
export type AuthenticationMethod = keyof typeof methods;

/** All methods, the specification's first. */
export const authenticationMethods = Object.keys(methods) as AuthenticationMethod[];

/** `authentication` of an endpoint: the method and just the settings that belong to it. */
export const authenticationSchema = v.pipe(
  v.variant("method", Object.values(methods) as Variants, (issue) => {
    const given = issue.input === undefined ? "is missing" : "is not an authentication method";
    return `${given}; set "method" to one of ${authenticationMethods.join(", ")}`;
  }),
  v.metadata({ description: "How the client proves to the broker who it is.", source: section }),
);

type Variants = [
  typeof systemAssigned,
  typeof userAssigned,
  typeof serviceAccountToken,
  typeof x509Certificate,
  typeof accessToken,
  typeof anonymous,
  typeof usernamePassword,
];

export type AuthenticationInput = v.InferInput<typeof authenticationSchema>;
export type Authentication = v.InferOutput<typeof authenticationSchema>;
