import * as pulumi from "@pulumi/pulumi";

import {
  buildCaCertificate,
  buildClient,
  buildClientGroup,
  checkX509Clients,
} from "../../../components/event-grid/x509.ts";
import type { X509ClientsArgs } from "../../../components/event-grid/x509.ts";
import { certificate } from "../../../doc/checks/declaration.ts";

const sha1 = "0123456789abcdef0123456789ABCDEF01234567";
const sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

function named<T>(count: number, value: T): { [name: string]: T } {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`name-${index}`, value]));
}

/** Path and problem of what is refused. */
function refused(args: X509ClientsArgs, topicSpaces: readonly string[] | undefined = ["telemetry"]): string[] {
  return checkX509Clients(args, topicSpaces).map(({ path, problem }) => `${path} ${problem}`);
}

test("takes all that fits together", () => {
  const args: X509ClientsArgs = {
    caCertificates: { "plant-ca": { certificate } },
    clients: {
      "relay.oslo_1:a": { attributes: { type: "relay" } },
      spare: { validationScheme: "ThumbprintMatch", allowedThumbprints: [sha1, sha256] },
    },
    clientGroups: { relays: { query: "attributes.type = 'relay'" } },
    permissionBindings: {
      up: { clientGroup: "relays", topicSpace: "telemetry", permission: "Publisher" },
      all: { clientGroup: "$all", topicSpace: "telemetry", permission: "Subscriber" },
    },
  };

  expect(refused({ ...args, permissionBindings: { "up-1": args.permissionBindings!["up"]! } })).toEqual([]);
  expect(refused({})).toEqual([]);
});

describe("quotas of a namespace", () => {
  const binding = { clientGroup: "$all", topicSpace: "telemetry", permission: "Publisher" as const };

  test("are met", () => {
    expect(
      refused({
        caCertificates: named(10, { certificate }),
        clientGroups: named(10, { query: "" }),
        permissionBindings: named(100, binding),
        clients: named(101, {}),
      }),
    ).toEqual([]);
  });

  test("are exceeded by one", () => {
    expect(
      refused({
        caCertificates: named(11, { certificate }),
        clientGroups: named(11, { query: "" }),
        permissionBindings: named(101, binding),
      }),
    ).toEqual([
      "caCertificates lists 11, more than the 10 of a namespace",
      "clientGroups lists 11, more than the 10 of a namespace",
      "permissionBindings lists 101, more than the 100 of a namespace",
    ]);
  });
});

describe("names", () => {
  test.each(["ab", "a_b_c", "a b c", "a".repeat(51), "grün-rot"])(
    "%p is none for a CA, a group or a binding",
    (name) => {
      const args: X509ClientsArgs = {
        caCertificates: { [name]: { certificate } },
        clientGroups: { [name]: { query: "" } },
        permissionBindings: { [name]: { clientGroup: "$all", topicSpace: "telemetry", permission: "Publisher" } },
      };

      expect(refused(args)).toEqual([
        `caCertificates.${name} is no name that Event Grid takes ("${name}")`,
        `clientGroups.${name} is no name that Event Grid takes ("${name}")`,
        `permissionBindings.${name} is no name that Event Grid takes ("${name}")`,
      ]);
    },
  );

  test.each(["", "a b", "a/b", "a".repeat(129)])("%p is none for a client", (name) => {
    expect(refused({ clients: { [name]: {} } })).toEqual([`clients.${name} is no name for a client ("${name}")`]);
  });
});

describe("a CA certificate", () => {
  test.each([
    ["nothing", "", "is empty"],
    ["the path of a file", "/etc/plant-ca.pem", "is the path of a file, not its content"],
    ["a chain", certificate + certificate, "has 2 certificates in PEM format"],
    ["a private key", `${certificate}-----BEGIN EC PRIVATE KEY-----\nhunter2\n`, "has a private key in it"],
  ])("is refused when it is %s", (_, text, problem) => {
    const [found, ...others] = checkX509Clients({ caCertificates: { plant: { certificate: text } } }, undefined);

    expect(found).toMatchObject({ path: "caCertificates.plant.certificate", problem });
    expect(others).toEqual([]);
    expect(JSON.stringify(found)).not.toContain("hunter2");
  });

  test("is judged when it is known", () => {
    expect(refused({ caCertificates: { plant: { certificate: pulumi.output("") } } })).toEqual([]);
  });
});

describe("thumbprints", () => {
  test.each([
    [{ allowedThumbprints: [sha1] }, "is set, and validation scheme SubjectMatchesAuthenticationName does not use it"],
    [
      { validationScheme: "DnsMatchesAuthenticationName" as const, allowedThumbprints: [] },
      "is set, and validation scheme DnsMatchesAuthenticationName does not use it",
    ],
    [
      { validationScheme: "ThumbprintMatch" as const },
      "is empty, and validation scheme ThumbprintMatch compares with it",
    ],
    [
      { validationScheme: "ThumbprintMatch" as const, allowedThumbprints: [] },
      "is empty, and validation scheme ThumbprintMatch compares with it",
    ],
  ])("%j are refused", (client, problem) => {
    expect(refused({ clients: { relay: client } })).toEqual([`clients.relay.allowedThumbprints ${problem}`]);
  });

  test("shows no key that stands in its place", () => {
    const key = "-----BEGIN PRIVATE KEY-----\nhunter2-hunter2\n-----END PRIVATE KEY-----\n";
    const relay = { validationScheme: "ThumbprintMatch" as const, allowedThumbprints: [key] };

    expect(refused({ clients: { relay } })).toEqual([
      "clients.relay.allowedThumbprints[0] is a certificate or a key in PEM format",
    ]);
  });

  test.each(["01:23", sha1.slice(1), `${sha1}0`, `${sha256}0`, `${sha1.slice(1)}g`])("%p is none", (thumbprint) => {
    const relay = { validationScheme: "ThumbprintMatch" as const, allowedThumbprints: [sha1, thumbprint] };

    expect(refused({ clients: { relay } })).toEqual([`clients.relay.allowedThumbprints[1] is "${thumbprint}"`]);
  });
});

test("two clients of one authentication name are refused, one of them by its own name too", () => {
  expect(
    refused({ clients: { one: {}, two: { authenticationName: "one" }, three: { authenticationName: "One" } } }),
  ).toEqual([
    'clients.two has the authentication name "one" of clients.one',
    'clients.three has the authentication name "One" of clients.one, but for upper and lower case, which Event Grid ignores',
  ]);
});

test("names that differ only in case are refused, since Azure has one resource for both", () => {
  const binding = { clientGroup: "$all", topicSpace: "telemetry", permission: "Publisher" as const };
  const args: X509ClientsArgs = {
    caCertificates: { plant: { certificate }, Plant: { certificate } },
    clients: { relay: {}, Relay: {}, RELAY: { authenticationName: "other" } },
    clientGroups: { all: { query: "" }, ALL: { query: "" } },
    permissionBindings: { "up-1": binding, "UP-1": binding },
  };
  const twin = (part: string, name: string, other: string) =>
    `${part}.${name} is ${part}.${other} but for upper and lower case, which Azure ignores in names`;

  expect(refused(args)).toEqual([
    twin("caCertificates", "Plant", "plant"),
    twin("clientGroups", "ALL", "all"),
    twin("permissionBindings", "UP-1", "up-1"),
    twin("clients", "Relay", "relay"),
    twin("clients", "RELAY", "relay"),
  ]);
});

describe("what Event Grid keeps of a client", () => {
  const thumbprints = [sha1, sha256, sha1];
  const tooLarge = "a".repeat(2043);

  test.each<[string, NonNullable<X509ClientsArgs["clients"]>[string]]>([
    ["2 thumbprints", { validationScheme: "ThumbprintMatch", allowedThumbprints: [sha1, sha256] }],
    ["an authentication name of 128 characters", { authenticationName: "å".repeat(128) }],
    [
      "attributes of every kind",
      { attributes: { Type_1: "relay", floor: -3, isNew: true, tags: ["a", "b"], none: [] } },
    ],
    ["attributes of 4095 bytes", { attributes: { one: tooLarge, two: tooLarge, n: 12 } }],
    ["a value that is not known yet", { attributes: { one: pulumi.output(1.5) } }],
  ])("may be %s", (_, client) => {
    expect(refused({ clients: { relay: client } })).toEqual([]);
  });

  test.each<[string, NonNullable<X509ClientsArgs["clients"]>[string], string]>([
    [
      "a third thumbprint",
      { validationScheme: "ThumbprintMatch", allowedThumbprints: thumbprints },
      "allowedThumbprints lists 3 thumbprints, more than the 2 of a client",
    ],
    [
      "an authentication name of 129 characters",
      { authenticationName: "a".repeat(129) },
      "authenticationName is 129 characters long",
    ],
    ["no authentication name", { authenticationName: "" }, "authenticationName is 0 characters long"],
    [
      "a key with a dash",
      { attributes: { "floor-1": 1 } },
      'attributes.floor-1 is no key for an attribute ("floor-1")',
    ],
    ["a fraction", { attributes: { floor: 1.5 } }, "attributes.floor is no value that Event Grid keeps"],
    ["nothing", { attributes: { floor: null } }, "attributes.floor is no value that Event Grid keeps"],
    ["a list of numbers", { attributes: { floors: [1, 2] } }, "attributes.floors is no value that Event Grid keeps"],
    ["an object", { attributes: { floor: { at: 1 } } }, "attributes.floor is no value that Event Grid keeps"],
    [
      "attributes of 4096 bytes",
      { attributes: { one: tooLarge, two: tooLarge, n: 123 } },
      "attributes has 4096 bytes of keys and values",
    ],
    [
      "attributes of 4096 bytes in fewer characters",
      { attributes: { one: "å".repeat(1024), two: ["å".repeat(1000), "å".repeat(20)], n: 1 } },
      "attributes has 4096 bytes of keys and values",
    ],
  ])("is not %s", (_, client, problem) => {
    expect(refused({ clients: { relay: client } })).toEqual([`clients.relay.${problem}`]);
  });
});

describe("the name that a client had before", () => {
  test("is one that no other client has", () => {
    expect(refused({ clients: { relay: { previousName: "edge" }, other: { previousName: "other" } } })).toEqual([]);
  });

  test("is refused when a client has it still, or had it too", () => {
    const clients = { relay: { previousName: "edge" }, edge: { previousName: "old" }, third: { previousName: "old" } };

    expect(refused({ clients })).toEqual([
      'clients.relay.previousName is "edge", and clients.edge still has that name',
      'clients.third.previousName is "old", as clients.edge.previousName is',
    ]);
  });
});

describe("a permission binding", () => {
  const binding = { clientGroup: "relays", topicSpace: "telemtry", permission: "Publisher" as const };

  test("names a group and a topic space that are there", () => {
    const problems = checkX509Clients({ permissionBindings: { "up-1": binding } }, ["telemetry", "commands"]);

    expect(problems).toEqual([
      {
        path: "permissionBindings.up-1.clientGroup",
        problem: 'is "relays", which is no client group here',
        remedy: 'use "$all", or add it to clientGroups',
        rule: "x509-clients",
      },
      {
        path: "permissionBindings.up-1.topicSpace",
        problem: 'is "telemtry", which is no topic space here',
        remedy: 'use one of "telemetry", "commands", or add it to topicSpaces',
        rule: "x509-clients",
      },
    ]);
  });

  test("may name any topic space where nobody knows which there are", () => {
    expect(
      checkX509Clients({ permissionBindings: { "up-1": { ...binding, clientGroup: "$all" } } }, undefined),
    ).toEqual([]);
  });

  test("has no topic space to name where there is none", () => {
    expect(
      checkX509Clients({ permissionBindings: { "up-1": { ...binding, clientGroup: "$all" } } }, [])[0]?.remedy,
    ).toBe("add it to topicSpaces");
  });
});

const namespace = { resourceGroupName: "rg", namespaceName: "ns" };

test("a CA certificate goes to Azure as it is", () => {
  expect(buildCaCertificate(namespace, "plant", { certificate, description: "Plant" })).toEqual({
    ...namespace,
    caCertificateName: "plant",
    encodedCertificate: certificate,
    description: "Plant",
  });
  expect(buildCaCertificate(namespace, "plant", { certificate })).not.toHaveProperty("description");
});

test("a client of which nothing is said is enabled, and its subject is its name", () => {
  expect(buildClient(namespace, "relay", {})).toEqual({
    ...namespace,
    clientName: "relay",
    authenticationName: "relay",
    clientCertificateAuthentication: { validationScheme: "SubjectMatchesAuthenticationName" },
    attributes: {},
    state: "Enabled",
  });
});

test("a client keeps what is said of it, its thumbprints as Azure writes them", () => {
  const built = buildClient(namespace, "relay", {
    authenticationName: "relay.example",
    validationScheme: "ThumbprintMatch",
    allowedThumbprints: [sha1],
    attributes: { type: "relay", floors: ["1", "2"] },
    state: "Disabled",
    description: "The relay",
  });

  expect(built).toEqual({
    ...namespace,
    clientName: "relay",
    authenticationName: "relay.example",
    clientCertificateAuthentication: { validationScheme: "ThumbprintMatch", allowedThumbprints: [sha1.toUpperCase()] },
    attributes: { type: "relay", floors: ["1", "2"] },
    state: "Disabled",
    description: "The relay",
  });
});

test("a client group keeps its query to the letter", () => {
  const query = "attributes.type IN ['relay']  and attributes.floor <= 5";

  expect(buildClientGroup(namespace, "relays", { query, description: "Relays" })).toEqual({
    ...namespace,
    clientGroupName: "relays",
    query,
    description: "Relays",
  });
});
