import { randomBytes } from "node:crypto";

import { aioAudience, eventGridAudiences } from "../../emulator/authentication/json-web-token.ts";
import type { CertificateAuthority } from "../../emulator/certificates/certificate-authority.ts";
import { createClusterIssuer } from "../../emulator/identity/cluster-issuer.ts";
import { createSigningKey, nowSeconds, type SigningKey } from "../../emulator/identity/signing-key.ts";
import { resolveTopicSpaceTemplate } from "../../runtime/contract/topic/topic-space-template.ts";
import type { CredentialFolder } from "./folder.ts";
import type { EmulationFile, FileClient } from "./schema.ts";

/** What a client needs to connect. Secrets are in files, named here by absolute paths. */
export interface ClientSettings {
  readonly name: string;
  readonly authentication: FileClient["authentication"] | "none";
  /** User name of CONNECT; in Event Grid it is the authentication name. */
  readonly userName?: string;
  readonly certificateFile?: string;
  readonly keyFile?: string;
  readonly passwordFile?: string;
  /** Authentication Method of CONNECT, whose Authentication Data is the token. */
  readonly authenticationMethod?: string;
  readonly tokenFile?: string;
  /** Topic filters that it may publish in. */
  readonly mayPublishTo: readonly string[];
  /** Topic filters that it may subscribe to. */
  readonly maySubscribeTo: readonly string[];
}

/** Who issues the tokens of a profile. */
export interface TokenIssuer {
  readonly method: string;
  readonly keySet: SigningKey["keySet"];
  readonly createToken: (client: string, lifetimeSeconds: number) => Promise<string>;
}

/** Namespace of the clients' service accounts at AIO's broker. */
const serviceAccountNamespace = "emulate";

/** Creates the issuer of Event Grid's tokens or of AIO's. */
export async function createTokenIssuer(profile: EmulationFile["profile"]): Promise<TokenIssuer> {
  if (profile === "aio") {
    const issuer = await createClusterIssuer();
    const audiences = [aioAudience];
    const namespace = serviceAccountNamespace;
    return {
      method: "K8S-SAT",
      keySet: issuer.keySet,
      createToken: (serviceAccount, expirySeconds) =>
        issuer.createToken({ namespace, serviceAccount, audiences, expirySeconds }),
    };
  }
  const key = await createSigningKey();
  return {
    method: "OAUTH2-JWT",
    keySet: key.keySet,
    createToken: (oid, lifetimeSeconds) => {
      const iat = nowSeconds();
      return key.sign({ aud: eventGridAudiences[0], oid, sub: oid, iat, nbf: iat, exp: iat + lifetimeSeconds });
    },
  };
}

export interface CredentialMakers {
  readonly folder: CredentialFolder;
  readonly authority: CertificateAuthority;
  readonly tokens: TokenIssuer;
}

/** Writes what each client proves itself with. @returns the clients' settings, and the passwords by user name */
export async function createClients(file: EmulationFile, makers: CredentialMakers) {
  const passwords: Record<string, string> = {};
  const clients: ClientSettings[] = [];
  for (const [name, client] of Object.entries(file.clients)) {
    const rights = rightsOf(file, name, client);
    if (client.authentication === "password") {
      const password = randomBytes(18).toString("base64url");
      passwords[name] = password;
      const passwordFile = makers.folder.writeSecret(`clients/${name}.password`, password);
      clients.push({ name, authentication: "password", userName: name, passwordFile, ...rights });
    } else clients.push({ name, ...(await createProof(file, name, client, makers)), ...rights });
  }
  if (file.anonymousAllowed) clients.push({ name: "anonymous", authentication: "none", ...everything });
  return { clients, passwords };
}

async function createProof(
  { profile }: EmulationFile,
  name: string,
  { authentication, tokenLifetimeSeconds }: FileClient,
  { folder, authority, tokens }: CredentialMakers,
) {
  if (authentication === "token") {
    const token = await tokens.createToken(name, tokenLifetimeSeconds);
    const tokenFile = folder.writeSecret(`clients/${name}.token`, token);
    return { authentication, authenticationMethod: tokens.method, tokenFile };
  }
  const { certificate, key } = await authority.createClientCertificate(name);
  return {
    authentication,
    ...(profile === "event-grid" ? { userName: name } : {}),
    certificateFile: folder.write(`clients/${name}.pem`, certificate),
    keyFile: folder.writeSecret(`clients/${name}.key`, key),
  };
}

type Rights = Pick<ClientSettings, "mayPublishTo" | "maySubscribeTo">;

const everything: Rights = { mayPublishTo: ["#"], maySubscribeTo: ["#"] };

function rightsOf(file: EmulationFile, name: string, { authentication, attributes }: FileClient): Rights {
  if (file.profile !== "event-grid") return everything;
  // An identity of Microsoft Entra has no attributes.
  const known = attributes !== undefined && authentication === "certificate" ? { attributes } : {};
  const filtersOf = (wanted: "Publisher" | "Subscriber") =>
    file.permissionBindings
      .filter(({ client, permission }) => client === name && permission === wanted)
      .flatMap(({ topicSpace }) => file.topicSpaces[topicSpace]?.topicTemplates ?? [])
      .flatMap((template) => resolveTopicSpaceTemplate(template, { authenticationName: name, ...known }) ?? []);
  return { mayPublishTo: filtersOf("Publisher"), maySubscribeTo: filtersOf("Subscriber") };
}
