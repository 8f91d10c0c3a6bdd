import fc from "fast-check";

import { matchesClientQuery } from "../../../components/event-grid/client-query.ts";

const client = {
  authenticationName: "relay-1",
  attributes: { type: "relay", floor: 5, zone: "north", isSpare: false, sensors: ["motion", "humidity"] },
};

describe("as documented", () => {
  test.each([
    // The queries of Event Grid's page about client groups, and of its sample of a client group.
    ['attributes.zone IN ["motion", "north", "temperature"] and attributes.floor <= 5', true],
    ["authenticationName IN ['client1', 'client2']", false],
    ["authenticationName IN ['client1', 'relay-1']", true],
    ["attributes.type IN ['a', 'b', 'c']", false],
    ['(attributes.zone = "south" or attributes.zone = "north") or attributes.type = "home-sensors"', true],
    ['(attributes.zone = "south" or attributes.zone = "east") or attributes.type = "home-sensors"', false],
    ["attributes.type = 'relay'", true],
    ["attributes.type <> 'relay'", false],
    ["attributes.type != 'machine'", true],
    ["attributes.floor < 5", false],
    ["attributes.floor <= 5", true],
    ["attributes.floor > 4", true],
    ["attributes.floor >= 6", false],
    ["attributes.floor > -1", true],
    ["attributes.isSpare = false", true],
    ["attributes.type='relay'and attributes.floor=5", true],
    ["ATTRIBUTES.type In ['relay'] AND AuthenticationName = 'relay-1'", true],
  ])("%s: %p", (query, expected) => {
    expect(matchesClientQuery(query, client)).toBe(expected);
  });

  test("and binds closer than or, and parentheses closest", () => {
    expect(matchesClientQuery("attributes.floor = 5 or attributes.floor = 5 and attributes.floor = 6", client)).toBe(
      true,
    );
    expect(matchesClientQuery("(attributes.floor = 5 or attributes.floor = 5) and attributes.floor = 6", client)).toBe(
      false,
    );
  });

  test("an attribute that the client has not is equal to nothing", () => {
    expect(matchesClientQuery("attributes.role = 'relay'", client)).toBe(false);
    expect(matchesClientQuery("attributes.role IN ['relay']", client)).toBe(false);
    expect(matchesClientQuery("attributes.constructor = 'relay'", client)).toBe(false);
  });
});

describe("undecided is", () => {
  test.each([
    ["an empty query", ""],
    ["another operator", "attributes.type LIKE 'rel%'"],
    ["a negation", "not attributes.type = 'relay'"],
    ["a function", "contains(attributes.sensors, 'motion')"],
    ["a list as attribute", "attributes.sensors = 'motion'"],
    ["a list as attribute, among others", "attributes.sensors IN ['motion']"],
    ["the number of a text", "attributes.floor = '5'"],
    ["the number of a text, unequal", "attributes.floor <> '5'"],
    ["the number of a text, among others", "attributes.floor IN ['5']"],
    ["the order of texts", "attributes.zone > 'a'"],
    ["what an attribute is not that the client has not", "attributes.role <> 'relay'"],
    ["the order of an attribute that the client has not", "attributes.size < 5"],
    ["a text that does not end", "attributes.type = 'relay"],
    ["a parenthesis that does not end", "(attributes.type = 'relay'"],
    ["a list that does not end", "attributes.type IN ['relay'"],
    ["a list in parentheses", "attributes.type IN ('relay')"],
    ["a quote in a text", "attributes.type = 'it''s'"],
    ["what comes after the end", "attributes.type = 'relay' attributes.floor = 5"],
    ["something else than an attribute", "state = 'Enabled'"],
    ["a value on the left", "'relay' = attributes.type"],
    ["a word that objects have", "attributes.type hasOwnProperty 'relay'"],
    ["a nesting that nobody writes", "(".repeat(100_000)],
  ])("%s", (_, query) => {
    expect(matchesClientQuery(query, client)).toBeUndefined();
  });

  test("no reason to be undecided where the rest decides", () => {
    const undecided = "attributes.sensors = 'motion'";

    expect(matchesClientQuery(`${undecided} or attributes.floor = 5`, client)).toBe(true);
    expect(matchesClientQuery(`attributes.floor = 6 and ${undecided}`, client)).toBe(false);
    expect(matchesClientQuery(`${undecided} or attributes.floor = 6`, client)).toBeUndefined();
    expect(matchesClientQuery(`attributes.floor = 5 and ${undecided}`, client)).toBeUndefined();
  });
});

/** Queries with the answer that logic gives them, independent of how they are read. */
const decided = fc.letrec<{ query: { text: string; is: boolean } }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(
      { text: "attributes.floor = 5", is: true },
      { text: "attributes.floor > 5", is: false },
      { text: "authenticationName IN ['relay-1', 'x']", is: true },
      { text: 'attributes.type <> "relay"', is: false },
    ),
    fc.tuple(tie("query"), tie("query")).map(([a, b]) => ({ text: `(${a.text}) and (${b.text})`, is: a.is && b.is })),
    fc.tuple(tie("query"), tie("query")).map(([a, b]) => ({ text: `(${a.text}) OR (${b.text})`, is: a.is || b.is })),
  ),
}));

test("any nesting of and, or and parentheses is what logic makes of it", () => {
  fc.assert(
    fc.property(decided.query, ({ text, is }) => {
      expect(matchesClientQuery(text, client)).toBe(is);
    }),
  );
});

test("never throws, whatever the words are", () => {
  const words = fc.constantFrom(
    ...["(", ")", "[", "]", ",", "=", "<>", "<", "and", "or", "IN", "'a'", "5", "true", "attributes.type"],
    ...["authenticationName", "constructor", "__proto__", "hasOwnProperty", "attributes.__proto__", "toString"],
  );

  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(words).map((some) => some.join(" ")),
        fc.string(),
      ),
      (query) => {
        expect([true, false, undefined]).toContain(matchesClientQuery(query, client));
      },
    ),
    { numRuns: 1000 },
  );
});
