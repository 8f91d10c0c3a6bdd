import { createAnonymousAuthenticator } from "../../emulator/authentication/anonymous.ts";
import { createCertificateAuthenticator, judgeSigned } from "../../emulator/authentication/client-certificate.ts";
import { createUserNameAuthenticator } from "../../emulator/authentication/user-name.ts";
import { createAioProfile } from "../../emulator/profiles/aio.ts";
import { createEventGridProfile } from "../../emulator/profiles/event-grid.ts";
import type { Profile } from "../../emulator/rules.ts";
import type { TokenIssuer } from "./clients.ts";
import type { EmulationFile } from "./schema.ts";

/** Builds the emulator's profile from a file that has no problem. */
export function buildProfile(
  file: EmulationFile,
  { keySet }: Pick<TokenIssuer, "keySet">,
  passwords: Readonly<Record<string, string>>,
): Profile {
  switch (file.profile) {
    case "event-grid":
      return buildEventGrid(file, keySet);
    case "aio":
      return createAioProfile({ keySet, isX509Allowed: true });
    case "plain":
      return buildPlain(file, passwords);
  }
}

function buildEventGrid(file: EmulationFile, keySet: TokenIssuer["keySet"]): Profile {
  const clients = Object.entries(file.clients);
  const bindingsOf = (name: string) =>
    file.permissionBindings
      .filter(({ client }) => client === name)
      .map(({ topicSpace, permission }) => ({
        topicSpace,
        permission: permission === "Publisher" ? ("publisher" as const) : ("subscriber" as const),
      }));
  return createEventGridProfile({
    hostNames: file.hostNames,
    keySet,
    topicSpaces: Object.entries(file.topicSpaces).map(([name, { topicTemplates }]) => ({ name, topicTemplates })),
    clients: clients
      .filter(([, { authentication }]) => authentication === "certificate")
      .map(([authenticationName, { attributes = {} }]) => ({
        authenticationName,
        attributes,
        permissionBindings: bindingsOf(authenticationName),
      })),
    // For an identity of Microsoft Entra it is a role in Azure.
    roleAssignments: clients
      .filter(([, { authentication }]) => authentication === "token")
      .flatMap(([principalId]) =>
        bindingsOf(principalId).map(({ topicSpace, permission: role }) => ({ principalId, topicSpace, role })),
      ),
  });
}

/** A broker with the rules of MQTT 5 and no others. */
function buildPlain({ anonymousAllowed }: EmulationFile, passwords: Readonly<Record<string, string>>): Profile {
  return {
    name: "plain",
    rules: [],
    authenticators: [
      createCertificateAuthenticator((certificate) =>
        judgeSigned(certificate, () => ({ name: certificate.commonName })),
      ),
      createUserNameAuthenticator(passwords),
      ...(anonymousAllowed ? [createAnonymousAuthenticator()] : []),
    ],
  };
}
