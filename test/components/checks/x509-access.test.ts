import { X509Certificate } from "node:crypto";

import { checkX509Access, findPartialPermissions } from "../../../components/checks/x509-access.ts";
import type { X509Access } from "../../../components/checks/x509-access.ts";
import type { X509ClientArgs, X509ClientsArgs } from "../../../components/index.ts";
import { createCertificateAuthority } from "../../../emulator/certificates/certificate-authority.ts";

const x509: X509ClientsArgs = {
  caCertificates: { plant: { certificate: "PEM" } },
  clients: { relay: { attributes: { type: "relay", site: "oslo" } }, machine: { attributes: { type: "machine" } } },
  clientGroups: { relays: { query: "attributes.type IN ['relay']" } },
  permissionBindings: {
    up: { clientGroup: "relays", topicSpace: "telemetry", permission: "Publisher" },
    down: { clientGroup: "relays", topicSpace: "commands", permission: "Subscriber" },
  },
};

const access: X509Access = {
  path: "eventGridEndpoints.cloud",
  username: "relay",
  isUsernameKnown: true,
  hasNameSources: false,
  x509,
  topicSpaces: {
    telemetry: { topicTemplates: ["sites/oslo/plant/#"] },
    commands: { topicTemplates: ["sites/${client.attributes.site}/commands/+"] },
  },
  published: [{ path: "dataflows.up.dataDestination", filter: "sites/oslo/plant/+/telemetry/#" }],
  subscribed: [{ path: "dataflows.down.dataSources[0]", filter: "sites/oslo/commands/+" }],
};

/** Path and problem of what is refused. */
function refused(changed: Partial<X509Access>): string[] {
  return checkX509Access({ ...access, ...changed }).map(({ path, problem }) => `${path} ${problem}`);
}

test("a client that is in a group with the permissions is let in", () => {
  expect(refused({})).toEqual([]);
});

test("a name from the certificate takes the place of the user name", () => {
  const { username: _, ...unnamed } = access;

  expect(checkX509Access({ ...unnamed, username: undefined, hasNameSources: true })).toEqual([]);
});

test("an endpoint without any name is refused", () => {
  expect(checkX509Access({ ...access, username: undefined })).toEqual([
    {
      path: "eventGridEndpoints.cloud.username",
      problem: "is missing, and the namespace takes the authentication name from no field of the certificate",
      remedy: "give the authentication name of the client, or list eventGrid.authenticationNameSources",
      rule: "x509-access",
    },
  ]);
});

describe("what the certificate is judged by", () => {
  test("is refused when it is neither a CA nor a thumbprint", () => {
    expect(refused({ x509: { ...x509, caCertificates: {} } })).toEqual([
      "eventGrid.x509.caCertificates is empty, and no client has validation scheme ThumbprintMatch",
    ]);
  });

  test("may be a thumbprint alone", () => {
    const relay = { ...x509.clients!["relay"]!, validationScheme: "ThumbprintMatch" as const };

    expect(refused({ x509: { ...x509, caCertificates: {}, clients: { relay } } })).toEqual([]);
  });
});

describe("the client", () => {
  const missing =
    'eventGridEndpoints.cloud.username is "relay", which is the authentication name of no enabled client in eventGrid.x509.clients';

  test("is refused when it does not exist, without what would follow from that", () => {
    expect(refused({ x509: { ...x509, clients: { machine: {} } } })).toEqual([missing]);
  });

  test("is refused when it is disabled", () => {
    expect(refused({ x509: { ...x509, clients: { relay: { state: "Disabled" } } } })).toEqual([missing]);
  });

  test("is known by its authentication name, before its own", () => {
    const clients = {
      relay: { authenticationName: "other" },
      second: { ...x509.clients!["relay"], authenticationName: "relay" },
    };

    expect(refused({ x509: { ...x509, clients } })).toEqual([]);
    expect(refused({ x509: { ...x509, clients: { relay: { authenticationName: "other" } } } })).toEqual([missing]);
  });

  test("is known by its authentication name in any case, as Event Grid knows it", () => {
    expect(refused({ username: "RELAY" })).toEqual([]);
    expect(
      refused({ x509: { ...x509, clients: { one: { ...x509.clients!["relay"], authenticationName: "Relay" } } } }),
    ).toEqual([]);
  });

  test("may be any of them while the user name is unknown", () => {
    expect(refused({ username: "", isUsernameKnown: false })).toEqual([]);
  });

  test("is missing when there is none at all, whatever its name will be", () => {
    const none = { ...x509, clients: {} };

    expect(refused({ x509: none, username: undefined, hasNameSources: true })).toEqual([
      "eventGridEndpoints.cloud.authenticationMethod is X509Certificate, and eventGrid.x509.clients has no enabled client",
    ]);
    expect(refused({ x509: none, username: "", isUsernameKnown: false })).toHaveLength(1);
  });
});

describe("permissions", () => {
  const up =
    'needs Publisher of "sites/oslo/plant/+/telemetry/#" for client "relay", which no permission binding gives';
  const down = 'needs Subscriber of "sites/oslo/commands/+" for client "relay", which no permission binding gives';

  test("are refused where they are missing, with what to add", () => {
    const problems = checkX509Access({ ...access, x509: { ...x509, permissionBindings: {} } });

    expect(problems.map(({ path, problem }) => [path, problem])).toEqual([
      ["dataflows.up.dataDestination", up],
      ["dataflows.down.dataSources[0]", down],
    ]);
    expect(problems[0]?.remedy).toContain("eventGrid.x509.permissionBindings: a client group with the client");
  });

  test("to publish don't allow to subscribe, nor the other way round", () => {
    const swapped = {
      up: { ...x509.permissionBindings!["up"]!, permission: "Subscriber" as const },
      down: { ...x509.permissionBindings!["down"]!, permission: "Publisher" as const },
    };

    expect(refused({ x509: { ...x509, permissionBindings: swapped } })).toHaveLength(2);
  });

  test("of another topic space don't count", () => {
    const elsewhere = {
      ...x509.permissionBindings,
      up: { ...x509.permissionBindings!["up"]!, topicSpace: "commands" },
    };

    expect(refused({ x509: { ...x509, permissionBindings: elsewhere } })).toEqual([
      `dataflows.up.dataDestination ${up}`,
    ]);
  });

  test("of a topic space with another client's name or attribute in its topics don't count", () => {
    const commands = (template: string) => ({ ...access.topicSpaces, commands: { topicTemplates: [template] } });
    const bergen = { ...x509.clients!["relay"], attributes: { type: "relay", site: "bergen" } };
    const nowhere = { ...x509.clients!["relay"], attributes: { type: "relay" } };

    expect(refused({ topicSpaces: commands("sites/${client.authenticationName}/commands/+") })).toEqual([
      `dataflows.down.dataSources[0] ${down}`,
    ]);
    expect(refused({ topicSpaces: commands("sites/${client.authenticationName|-2}/commands/+") })).toHaveLength(1);
    expect(refused({ x509: { ...x509, clients: { relay: bergen } } })).toHaveLength(1);
    // What Event Grid makes of a missing attribute is not documented.
    expect(refused({ x509: { ...x509, clients: { relay: nowhere } } })).toEqual([]);
  });

  test("of a group without the client don't count", () => {
    const clientGroups = { relays: { query: "attributes.type = 'machine'" } };

    expect(refused({ x509: { ...x509, clientGroups } })).toHaveLength(2);
  });

  test("of every client count", () => {
    const permissionBindings = {
      up: { ...x509.permissionBindings!["up"]!, clientGroup: "$all" },
      down: { ...x509.permissionBindings!["down"]!, clientGroup: "$all" },
    };

    expect(refused({ x509: { ...x509, permissionBindings, clientGroups: {} } })).toEqual([]);
  });

  test("of a group whose query is beyond us count, since Azure may read it", () => {
    expect(refused({ x509: { ...x509, clientGroups: { relays: { query: "attributes.type LIKE 'rel%'" } } } })).toEqual(
      [],
    );
  });

  test("of which any client may be meant are enough for one of them", () => {
    const { username: _, ...unnamed } = access;

    expect(checkX509Access({ ...unnamed, username: undefined, hasNameSources: true, published: [] })).toEqual([]);
  });
});

test("topics that Event Grid reserves need no permission: none could give them", () => {
  const reserved = [{ path: "dataflows.up.dataDestination", filter: "$SYS/#" }];

  expect(refused({ published: reserved, subscribed: reserved })).toEqual([]);
});

describe("permissions for some of the topics", () => {
  const topicSpaces = {
    ...access.topicSpaces,
    press: { topicTemplates: ["sites/oslo/plant/press/#"] },
    oven: { topicTemplates: ["sites/oslo/plant/oven/#"] },
  };
  const permissionBindings = {
    ...x509.permissionBindings,
    up: { ...x509.permissionBindings!["up"]!, topicSpace: "press" },
    oven: { ...x509.permissionBindings!["up"]!, topicSpace: "oven" },
  };
  const partial = { ...access, topicSpaces, x509: { ...x509, permissionBindings } };

  test("are no refusal: the machines that there are may have no others", () => {
    expect(checkX509Access(partial)).toEqual([]);
  });

  test("are a warning where the topic spaces have all of them", () => {
    expect(findPartialPermissions(partial)).toEqual([
      expect.objectContaining({
        path: "dataflows.up.dataDestination",
        problem:
          'needs Publisher of "sites/oslo/plant/+/telemetry/#" for client "relay", which permission bindings give only in part, so that Event Grid refuses the rest',
        rule: "x509-access",
      }),
    ]);
  });

  test("are left to the topic spaces' own warning where these have no more", () => {
    const { press, oven } = topicSpaces;
    const { commands } = access.topicSpaces;

    expect(findPartialPermissions({ ...partial, topicSpaces: { press, oven, commands: commands! } })).toEqual([]);
  });

  test("are no warning when one binding gives them all, or when none gives any", () => {
    expect(findPartialPermissions(access)).toEqual([]);
    expect(findPartialPermissions({ ...access, x509: { ...x509, permissionBindings: {} } })).toEqual([]);
  });
});

describe("a certificate that is known", () => {
  const at = (pem: string) => ({ path: "relay.secrets.relay.clientCertificate", pem });
  let own: string;
  let thumbprints: string[];

  beforeAll(async () => {
    const authority = await createCertificateAuthority("plant CA");
    own = (await authority.createClientCertificate("relay")).certificate;
    const { fingerprint, fingerprint256 } = new X509Certificate(own);
    thumbprints = [fingerprint256, fingerprint].map((text) => text.replaceAll(":", ""));
  });

  const withClient = (client: X509ClientArgs): Partial<X509Access> => ({
    x509: { ...x509, clients: { relay: { attributes: { type: "relay" }, ...client } } },
    certificate: at(own),
  });

  test("has the authentication name as its Common Name", () => {
    expect(refused(withClient({}))).toEqual([]);
    expect(refused({ ...withClient({ authenticationName: "other" }), username: "other" })).toEqual([
      'relay.secrets.relay.clientCertificate is the certificate "relay", and its client "relay" has the authentication name "other"',
    ]);
    // Another field of the certificate decides.
    expect(refused(withClient({ validationScheme: "DnsMatchesAuthenticationName" }))).toEqual([]);
  });

  test("has one of the thumbprints", () => {
    const validationScheme = "ThumbprintMatch";
    const foreign = "0".repeat(64);

    for (const thumbprint of thumbprints.flatMap((text) => [text, text.toLowerCase()]))
      expect(refused(withClient({ validationScheme, allowedThumbprints: [foreign, thumbprint] }))).toEqual([]);
    const access509 = { ...access, ...withClient({ validationScheme, allowedThumbprints: [foreign] }) };
    expect(checkX509Access(access509)).toEqual([
      {
        path: "eventGrid.x509.clients.relay.allowedThumbprints",
        problem: 'lists no thumbprint of the certificate "relay" in relay.secrets.relay.clientCertificate',
        remedy: `add "${thumbprints[0]}"`,
        rule: "x509-access",
      },
    ]);
  });

  test("is not judged where it can't be read, or may be of several clients", () => {
    expect(refused({ certificate: at("none") })).toEqual([]);
    expect(refused({ certificate: at(own), username: "", isUsernameKnown: false })).toEqual([]);
  });
});
