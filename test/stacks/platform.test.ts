import { parsePlatform, platformContract } from "../../stacks/platform.ts";

const platform = Object.fromEntries(Object.keys(platformContract.outputs).map((name) => [name, `value of ${name}`]));

test("takes the platform's facts, and leaves its other outputs alone", () => {
  expect(parsePlatform("contoso/platform/oslo", { ...platform, more: 1 })).toMatchObject(platform);
});

test("names the stack, every output that is missing or of another type, and what it should be", () => {
  const { oidcIssuerUrl, ...others } = platform;

  const parse = () => parsePlatform("contoso/platform/oslo", { ...others, brokerHost: 18883, identityName: "" });

  expect(oidcIssuerUrl).toBeDefined();
  expect(parse).toThrow(
    [
      'platform stack "contoso/platform/oslo" has 3 problems:',
      "  identityName: is empty; export this output there as a text: the name of the user-assigned managed identity",
      "  oidcIssuerUrl: is missing; export this output there as a text: the OIDC issuer of the cluster",
      "  brokerHost: is no text but number; export this output there as a text: host name and port of AIO's MQTT broker",
    ].join("\n"),
  );
});

test("takes no outputs of another version", () => {
  expect(() => parsePlatform("contoso/platform/oslo", { ...platform, contractVersion: 2 })).toThrow(
    "  contractVersion: is 2, and this program reads version 1 of these outputs; deploy that stack and this program with releases that go together",
  );
});
