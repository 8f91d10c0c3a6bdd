import fc from "fast-check";

import { evaluateArm, isArmExpression, unknownPart } from "../../../../runtime/contract/documents/arm-expression.ts";
import { resolveArm, scopeOf } from "../../../../runtime/contract/documents/arm-scope.ts";
import type { Unresolved } from "../../../../runtime/contract/documents/resource.ts";

const template = {
  parameters: {
    site: { type: "string", defaultValue: "oslo" },
    settings: { type: "object", defaultValue: { port: 8883, hosts: ["a.example", "b.example"] } },
    derived: { type: "string", defaultValue: "[concat(parameters('site'), '-1')]" },
    given: { type: "string" },
  },
  variables: {
    host: "[format('{0}.example:{1}', parameters('site'), variables('port'))]",
    port: "[parameters('settings').port]",
    circle: "[variables('circle2')]",
    circle2: "[variables('circle')]",
  },
};

test.each([
  ["[parameters('site')]", "oslo"],
  ["[PARAMETERS('SITE')]", "oslo"],
  ["[variables('host')]", "oslo.example:8883"],
  ["[parameters('derived')]", "oslo-1"],
  ["[parameters('settings').hosts[1]]", "b.example"],
  ["[parameters('settings')['port']]", 8883],
  ["[concat('it''s ', toUpper('x'))]", "it's X"],
  ["[format('{{0}} {1} {0}', 'a', 2)]", "{0} 2 a"],
  ["[if(equals(parameters('site'), 'oslo'), 'yes', 'no')]", "yes"],
  ["[coalesce(null(), 'b')]", "b"],
  ["[createObject('a', createArray(1, true))]", { a: [1, true] }],
  ["[string(8883)]", "8883"],
  ["[not(empty(''))]", false],
])("%s is what the template says", (expression, value) => {
  expect(evaluateArm(expression, scopeOf(template))).toEqual(value);
});

test.each([
  ["[parameters('given')]", unknownPart],
  ["[concat(parameters('given'), '/', 'default')]", `${unknownPart}/default`],
  ["[format('{0}/x', uniqueString(resourceGroup().id))]", `${unknownPart}/x`],
  ["[resourceGroup().location]", unknownPart],
  ["[parameters('nosuch')]", unknownPart],
  ["[variables('circle')]", unknownPart],
  ["[concat('a'", unknownPart],
  ["[parameters('site') 'b']", unknownPart],
  ["[if(parameters('given'), 'a', 'b')]", unknownPart],
])("what only a deployment knows of %s is marked as not known", (expression, value) => {
  expect(evaluateArm(`${expression}${expression.endsWith("]") ? "" : "]"}`, scopeOf(template))).toEqual(value);
});

test("resolves what is within a value, and tells where the rest stands", () => {
  const unresolved: Unresolved[] = [];
  const value = { host: "[variables('host')]", list: ["[[x]", "[reference('y')]"] };

  expect(resolveArm(value, scopeOf(template), "properties", unresolved)).toEqual({
    host: "oslo.example:8883",
    list: ["[x]", unknownPart],
  });
  expect(unresolved).toEqual([{ path: "properties.list[1]", expression: "[reference('y')]" }]);
});

test("a nested deployment's parameters go before the defaults", () => {
  expect(evaluateArm("[parameters('site')]", scopeOf(template, new Map([["Site", "bergen"]])))).toBe("bergen");
});

test.each([
  ["texts", (inner: string) => `[concat(${inner}, ${inner})]`],
  ["lists", (inner: string) => `[createArray(${inner}, ${inner})]`],
  ["objects as texts", (inner: string) => `[string(createObject('a', ${inner}, 'b', ${inner}))]`],
])("variables that double with each other end as not known: %s", (_case, twice) => {
  const variables = Object.fromEntries(
    Array.from({ length: 60 }, (_, index) => [`v${index}`, index === 0 ? "xx" : twice(`variables('v${index - 1}')`)]),
  );

  const value = resolveArm("[variables('v59')]", scopeOf({ variables }), "", []);

  expect(JSON.stringify(value).length).toBeLessThan(200_000);
});

test("never throws, whatever stands in the brackets", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 30, unit: fc.constantFrom(...Array.from("()[],.'0aif concat")) }), (noise) => {
      const expression = `[${noise}]`;
      if (isArmExpression(expression)) evaluateArm(expression, scopeOf(template));
    }),
    { numRuns: 1000 },
  );
});
