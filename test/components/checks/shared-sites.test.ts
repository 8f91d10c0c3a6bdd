import { checkFederatedCredentials } from "../../../components/checks/shared-sites.ts";

test("an identity has 20 federated credentials", () => {
  expect(checkFederatedCredentials("path", "mqtt", 20)).toEqual([]);
});

test("the 21st is refused", () => {
  expect(checkFederatedCredentials("identity.identityName", "mqtt", 21)).toEqual([
    {
      path: "identity.identityName",
      problem: 'is "mqtt", which would get 21 federated identity credentials of the 20 that an identity can have',
      remedy: "use another managed identity from the 21st site on",
      rule: "federated-credentials",
    },
  ]);
});
