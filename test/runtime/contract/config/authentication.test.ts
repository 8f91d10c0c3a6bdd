import { authenticationMethods } from "../../../../runtime/contract/config/authentication.ts";
import { buildDocument, parseDocument, problemsOf } from "./build-document.ts";

const at = "endpoints.plant.mqttSettings.authentication";
const clientId = "11111111-2222-3333-4444-555555555555";
const tenantId = "66666666-7777-8888-9999-aaaaaaaaaaaa";
const methods = authenticationMethods.join(", ");

function withAuthentication(authentication: unknown) {
  return buildDocument({ "endpoints.plant.mqttSettings.authentication": authentication });
}

/** Every method with as little as it may be given, and what that becomes. */
const complete: readonly (readonly [string, object, object])[] = [
  [
    "SystemAssignedManagedIdentity",
    {},
    { systemAssignedManagedIdentitySettings: { audience: "https://eventgrid.azure.net" } },
  ],
  [
    "UserAssignedManagedIdentity",
    { userAssignedManagedIdentitySettings: { clientId, tenantId } },
    {
      userAssignedManagedIdentitySettings: { clientId, tenantId, scope: "https://eventgrid.azure.net/.default" },
    },
  ],
  ["ServiceAccountToken", {}, { serviceAccountTokenSettings: { audience: "aio-internal" } }],
  [
    "X509Certificate",
    { x509CertificateSettings: { secretRef: "edge-certificate" } },
    { x509CertificateSettings: { secretRef: "edge-certificate" } },
  ],
  [
    "AccessToken",
    { accessTokenSettings: { secretRef: "edge-token" } },
    { accessTokenSettings: { secretRef: "edge-token" } },
  ],
  ["Anonymous", {}, {}],
  [
    "UsernamePassword",
    { usernamePasswordSettings: { secretRef: "edge-user" } },
    { usernamePasswordSettings: { secretRef: "edge-user" } },
  ],
];

/** The key of each method's settings. */
const settingsKeys: Readonly<Record<string, string>> = {
  SystemAssignedManagedIdentity: "systemAssignedManagedIdentitySettings",
  UserAssignedManagedIdentity: "userAssignedManagedIdentitySettings",
  ServiceAccountToken: "serviceAccountTokenSettings",
  X509Certificate: "x509CertificateSettings",
  AccessToken: "accessTokenSettings",
  Anonymous: "anonymousSettings",
  UsernamePassword: "usernamePasswordSettings",
};

test("every method has its rows in these tables", () => {
  expect(complete.map(([method]) => method)).toEqual(authenticationMethods);
  expect(Object.keys(settingsKeys)).toEqual(authenticationMethods);
});

describe("a method with its settings", () => {
  test.each(complete)("%s is read with its defaults", (method, settings, filledIn) => {
    const { config } = parseDocument(withAuthentication({ method, ...settings }));

    expect(config.endpoints["plant"]?.mqttSettings.authentication).toEqual({ method, ...filledIn });
  });

  test.each([
    ["SystemAssignedManagedIdentity", { systemAssignedManagedIdentitySettings: { audience: "https://b.example/" } }],
    [
      "UserAssignedManagedIdentity",
      { userAssignedManagedIdentitySettings: { clientId, tenantId, scope: "https://b.example/.default" } },
    ],
    ["ServiceAccountToken", { serviceAccountTokenSettings: { audience: "my-audience" } }],
    ["Anonymous", { anonymousSettings: {} }],
  ])("%s keeps what is set", (method, settings) => {
    const { config } = parseDocument(withAuthentication({ method, ...settings }));

    expect(config.endpoints["plant"]?.mqttSettings.authentication).toEqual({ method, ...settings });
  });
});

describe("a method without settings that it needs", () => {
  test.each([
    ["UserAssignedManagedIdentity", {}, ["userAssignedManagedIdentitySettings"]],
    [
      "UserAssignedManagedIdentity",
      { userAssignedManagedIdentitySettings: {} },
      ["userAssignedManagedIdentitySettings.clientId", "userAssignedManagedIdentitySettings.tenantId"],
    ],
    ["X509Certificate", {}, ["x509CertificateSettings"]],
    ["X509Certificate", { x509CertificateSettings: {} }, ["x509CertificateSettings.secretRef"]],
    ["AccessToken", {}, ["accessTokenSettings"]],
    ["AccessToken", { accessTokenSettings: {} }, ["accessTokenSettings.secretRef"]],
    ["UsernamePassword", {}, ["usernamePasswordSettings"]],
    ["UsernamePassword", { usernamePasswordSettings: {} }, ["usernamePasswordSettings.secretRef"]],
  ])("%s with %j", (method, settings, missing) => {
    expect(problemsOf(withAuthentication({ method, ...settings }))).toEqual(
      missing.map((key) => `${at}.${key}: is missing; add it`),
    );
  });
});

describe("settings of another method", () => {
  const pairs = complete.flatMap(([method, settings]) =>
    Object.entries(settingsKeys)
      .filter(([other]) => other !== method)
      .map(([, key]) => [method, key, settings] as const),
  );

  test.each(pairs)("%s refuses %s", (method, key, settings) => {
    const remedy = `keep only what "method" names ("method", "${settingsKeys[method]}")`;
    expect(problemsOf(withAuthentication({ method, ...settings, [key]: {} }))).toEqual([
      `${at}.${key}: belongs to another method; ${remedy}`,
    ]);
  });

  test("are told apart from mistyped ones", () => {
    const authentication = { method: "ServiceAccountToken", serviceAccountTokensSettings: {} };
    expect(problemsOf(withAuthentication(authentication))).toEqual([
      `${at}.serviceAccountTokensSettings: is not a known field; did you mean "serviceAccountTokenSettings"?`,
    ]);
  });
});

describe("the method itself", () => {
  test.each([
    [undefined, at, `is missing; set "method" to one of ${methods}`],
    [{}, `${at}.method`, `is missing; set "method" to one of ${methods}`],
    [{ method: "Sasl" }, `${at}.method`, `is not an authentication method; set "method" to one of ${methods}`],
    [{ method: "anonymous" }, `${at}.method`, `is not an authentication method; set "method" to one of ${methods}`],
    ["Anonymous", at, `is not an authentication method; set "method" to one of ${methods}`],
    [null, at, `is not an authentication method; set "method" to one of ${methods}`],
  ])("%j", (authentication, path, message) => {
    expect(problemsOf(withAuthentication(authentication))).toEqual([`${path}: ${message}`]);
  });
});

describe("single settings", () => {
  const uuid = "give the UUID that Microsoft Entra shows for it";
  test.each([
    ["userAssignedManagedIdentitySettings.clientId", "my-identity", `is "my-identity"; ${uuid}`],
    ["userAssignedManagedIdentitySettings.clientId", `{${clientId}}`, `is "{${clientId}}"; ${uuid}`],
    ["userAssignedManagedIdentitySettings.tenantId", "contoso.com", `is "contoso.com"; ${uuid}`],
    ["userAssignedManagedIdentitySettings.scope", "", 'is ""; give a scope, or leave it out for Event Grid\'s'],
    [
      "systemAssignedManagedIdentitySettings.audience",
      " ",
      'is " "; give an audience, or leave it out for the default',
    ],
    ["serviceAccountTokenSettings.audience", "", 'is ""; give an audience, or leave it out for the default'],
    ["anonymousSettings.user", "x", "is not a known field; remove it"],
  ])("%s refuses %j", (path, value, message) => {
    const [block = "", field = ""] = path.split(".");
    const [method = "", settings = {}] = complete.find(([name]) => settingsKeys[name] === block) ?? [];
    const before = (settings as Record<string, object>)[block];
    const authentication = { method, [block]: { ...before, [field]: value } };

    expect(problemsOf(withAuthentication(authentication))).toEqual([`${at}.${path}: ${message}`]);
  });

  test("a UUID may have capital letters", () => {
    const settings = { clientId: clientId.replaceAll("1", "A"), tenantId };
    const authentication = { method: "UserAssignedManagedIdentity", userAssignedManagedIdentitySettings: settings };

    expect(problemsOf(withAuthentication(authentication))).toEqual([]);
  });
});

describe("a secret pasted where its name belongs", () => {
  const secret = "Hunter2!Hunter2!";

  test.each(["X509Certificate", "AccessToken", "UsernamePassword"])("is not repeated for %s", (method) => {
    const key = settingsKeys[method] ?? "";
    const documents = [{ secretRef: secret }, { secretRef: { value: secret } }, secret, [secret], { [key]: secret }];
    for (const settings of documents) {
      const problems = problemsOf(withAuthentication({ method, [key]: settings }));

      expect(problems).not.toEqual([]);
      expect(problems.join()).not.toContain("Hunter2");
    }
  });

  test("is not repeated when it stands for the method", () => {
    expect(problemsOf(withAuthentication({ method: secret })).join()).not.toContain("Hunter2");
  });
});
