import { checkFileReferences, checkSecretUses } from "../../../components/checks/file-references.ts";

const path = "relay.secrets";
const at = (name: string | undefined, field = "customEndpoints.old.secretRef") => ({ path: field, name });
const fine = { problems: [], warnings: [] };

test("a name that is declared, or that resembles none which nothing names, is fine", () => {
  const names = ["site-a-client"];

  expect(checkFileReferences([{ path, names }], [at("site-a-client")])).toEqual(fine);
  // The one of another site is in the cluster already.
  expect(checkFileReferences([{ path, names }], [at("site-a-client"), at("site-b-client")])).toEqual(fine);
  expect(checkFileReferences([{ path, names: [] }], [at("other")])).toEqual(fine);
});

test("a name that is declared nowhere is refused beside a similar one that nothing names", () => {
  expect(
    checkFileReferences([{ path, names: ["historian-client", "login"] }], [at("historian-clent"), at("login")]),
  ).toEqual({
    problems: [
      {
        path: "customEndpoints.old.secretRef",
        problem:
          'is "historian-clent", which relay.secrets does not have, beside "historian-client", which nothing names',
        remedy: 'did you mean "historian-client"?',
        rule: "file-references",
      },
    ],
    warnings: [],
  });
});

test("what nothing names draws a warning", () => {
  expect(checkFileReferences([{ path, names: ["login"] }], [at("historian")])).toEqual({
    problems: [],
    warnings: [
      {
        path: "relay.secrets.login",
        problem: "is created, and no endpoint and no proxy names it",
        remedy: "name it, or remove it",
        rule: "file-references",
      },
    ],
  });
});

test("where one name is not known yet, nothing is certain", () => {
  const names = ["historian-client", "login"];

  const { problems, warnings } = checkFileReferences([{ path, names }], [at("historian-clent"), at(undefined)]);

  expect(problems).toEqual([]);
  expect(warnings.map(({ path: where }) => where)).toEqual(["customEndpoints.old.secretRef"]);
});

test("a text that is no name is not shown: it may be the secret itself", () => {
  const found = checkFileReferences([{ path, names: ["hunter2-hunter3"] }], [at("Hunter2-hunter2")]);

  expect(JSON.stringify(found)).not.toContain("Hunter2");
});

describe("a Secret that is created", () => {
  const use = { path: "customEndpoints.old.secretRef", name: "login", user: "authentication method X509Certificate" };
  const needs = ["clientCertificate", "clientKey"];

  test("has what its user reads there", () => {
    expect(checkSecretUses("relay.secrets", { login: ["username", "password"] }, [{ ...use, needs }])).toEqual([
      {
        path: "customEndpoints.old.secretRef",
        problem:
          'is "login", which has username and password in relay.secrets, and authentication method X509Certificate needs clientCertificate and clientKey',
        remedy: "name another Secret, or give this one that content",
        rule: "file-references",
      },
    ]);
    expect(checkSecretUses("relay.secrets", { login: ["clientCertificate"] }, [{ ...use, needs }])).toEqual([]);
  });

  test("is not judged where another one is used, or nobody knows which", () => {
    const contents = { login: ["username", "password"] };

    expect(checkSecretUses("relay.secrets", contents, [{ ...use, needs, name: "other" }])).toEqual([]);
    expect(checkSecretUses("relay.secrets", contents, [{ ...use, needs, name: undefined }])).toEqual([]);
    expect(checkSecretUses("relay.secrets", {}, [{ ...use, needs, name: "toString" }])).toEqual([]);
  });
});
