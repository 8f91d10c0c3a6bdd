import fc from "fast-check";

import {
  matchesTopicFilter,
  maxTopicBytes,
  parseSharedFilter,
  topicFilterProblem,
  topicNameProblem,
} from "../../../../runtime/contract/topic/filter.ts";

describe("topicNameProblem", () => {
  test.each([
    ["an ordinary name", "sport/tennis/player1"],
    ["a single slash", "/"],
    ["empty levels", "/a//b/"],
    ["spaces", "Accounts payable"],
    ["a topic of the server", "$SYS/broker/uptime"],
    ["the exact maximum length", "a".repeat(maxTopicBytes)],
  ])("accepts %s", (_case, name) => {
    expect(topicNameProblem(name)).toBeUndefined();
  });

  test.each([
    ["an empty name", "", "is empty"], // [MQTT-4.7.3-1]
    ["a multi-level wildcard", "a/#", 'has a wildcard ("+" or "#"), which only a topic filter may have'], // [MQTT-3.3.2-2]
    ["a single-level wildcard", "+/a", 'has a wildcard ("+" or "#"), which only a topic filter may have'],
    ["a wildcard inside a level", "a/b+", 'has a wildcard ("+" or "#"), which only a topic filter may have'],
    ["the null character", "a\u0000b", "holds the character U+0000"], // [MQTT-4.7.3-2]
    ["one byte too many", "a".repeat(maxTopicBytes + 1), "is 65536 bytes long, more than 65535"], // [MQTT-4.7.3-3]
    ["two-byte characters", "é".repeat(32_768), "is 65536 bytes long, more than 65535"],
  ])("refuses %s", (_case, name, problem) => {
    expect(topicNameProblem(name)).toBe(problem);
  });
});

describe("topicFilterProblem", () => {
  test.each(["#", "sport/tennis/#", "+", "+/tennis/#", "sport/+/player1", "/+", "a//b", "$SYS/#", "$share/g/a/+/#"])(
    'accepts "%s"',
    (filter) => {
      expect(topicFilterProblem(filter)).toBeUndefined();
    },
  );

  test.each([
    ["", "is empty"],
    ["sport/tennis#", 'has "#" inside the level "tennis#", it must stand alone'], // [MQTT-4.7.1-1]
    ["sport/tennis/#/ranking", 'has "#" before the last level'],
    ["#/", 'has "#" before the last level'],
    ["sport+", 'has "+" inside the level "sport+", it must stand alone'], // [MQTT-4.7.1-2]
    ["a/+b/c", 'has "+" inside the level "+b", it must stand alone'],
    ["++", 'has "+" inside the level "++", it must stand alone'],
    ["a/\u0000", "holds the character U+0000"],
    ["$share/g/a#", 'has "#" inside the level "a#", it must stand alone'],
    ["$share/g", 'is not a shared subscription of the form "$share/<group>/<filter>"'],
  ])('refuses "%s"', (filter, problem) => {
    expect(topicFilterProblem(filter)).toBe(problem);
  });

  test("counts the whole of a shared filter against the maximum length", () => {
    const prefix = "$share/g/";

    expect(topicFilterProblem(prefix + "a".repeat(maxTopicBytes - prefix.length))).toBeUndefined();
    expect(topicFilterProblem(prefix + "a".repeat(maxTopicBytes))).toBe("is 65544 bytes long, more than 65535");
  });
});

describe("parseSharedFilter", () => {
  test.each([
    ["$share/consumer1/sport/tennis/+", { group: "consumer1", filter: "sport/tennis/+" }],
    ["$share/g//finance", { group: "g", filter: "/finance" }],
    ["$share/g//", { group: "g", filter: "/" }],
    ["$share/g/#", { group: "g", filter: "#" }],
  ])('takes "%s" apart', (filter, parts) => {
    expect(parseSharedFilter(filter)).toEqual(parts);
  });

  test.each(["sport/tennis", "share/g/a", "$shared/g/a", "$SYS/share", "/$share/g/a", ""])(
    'leaves "%s" as an ordinary filter',
    (filter) => {
      expect(parseSharedFilter(filter)).toBeUndefined();
    },
  );

  test.each([
    ["$share"],
    ["$share/"],
    ["$share/g"], // no filter after the group: [MQTT-4.8.2-2]
    ["$share/g/"],
    ["$share//a"], // no character in the group: [MQTT-4.8.2-1]
    ["$share/g+/a"],
    ["$share/#/a"],
  ])('calls "%s" malformed', (filter) => {
    expect(parseSharedFilter(filter)).toBe("malformed");
  });
});

describe("matchesTopicFilter", () => {
  test.each([
    ["sport/tennis/player1", "sport/tennis/player1"],
    ["sport/tennis/player1/#", "sport/tennis/player1"],
    ["sport/tennis/player1/#", "sport/tennis/player1/ranking"],
    ["sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon"],
    ["sport/#", "sport"],
    ["#", "sport/tennis"],
    ["#", "/finance"],
    ["sport/tennis/+", "sport/tennis/player1"],
    ["sport/+", "sport/"],
    ["+/+", "/finance"],
    ["/+", "/finance"],
    ["$SYS/#", "$SYS/broker/uptime"],
    ["$SYS/monitor/+", "$SYS/monitor/Clients"],
    ["a/+/c", "a/$b/c"],
    ["a/#", "a/$b"],
  ])('"%s" takes in "%s"', (filter, topic) => {
    expect(matchesTopicFilter(filter, topic)).toBe(true);
  });

  test.each([
    ["sport/tennis/+", "sport/tennis/player1/ranking"],
    ["sport/+", "sport"],
    ["sport/#", "sports"],
    ["sport/+/#", "sport"],
    ["+", "/finance"],
    ["+", "a/b"],
    ["ACCOUNTS", "Accounts"],
    ["/a", "a"],
    ["a/", "a"],
    ["a/b", "a"],
    ["a", "a/b"],
    ["é", "e\u0301"], // no normalization: [MQTT-4.7.3-4]
    ["#", "$SYS/broker/uptime"], // [MQTT-4.7.2-1]
    ["+/monitor/Clients", "$SYS/monitor/Clients"],
    ["+", "$SYS"],
    ["$SYS/#", "SYS/a"],
  ])('"%s" leaves out "%s"', (filter, topic) => {
    expect(matchesTopicFilter(filter, topic)).toBe(false);
  });
});

describe("for any topic name", () => {
  // A small alphabet makes levels collide, where the interesting cases are.
  const level = fc.string({ unit: fc.constantFrom("a", "b", "é", " ", "$"), maxLength: 3 });
  const topicName = fc
    .array(level, { minLength: 1, maxLength: 5 })
    .map((levels) => levels.join("/"))
    .filter((name) => name !== "");
  const applicationTopic = topicName.filter((name) => !name.startsWith("$"));

  test("the name is a valid filter too, and takes in itself alone", () => {
    fc.assert(
      fc.property(topicName, topicName, (name, other) => {
        expect(topicNameProblem(name)).toBeUndefined();
        expect(matchesTopicFilter(name, name)).toBe(true);
        expect(matchesTopicFilter(name, other)).toBe(name === other);
      }),
    );
  });

  test('a "+" in place of any one level still takes in the name', () => {
    fc.assert(
      fc.property(applicationTopic, fc.nat(), (name, pick) => {
        const levels = name.split("/");
        const filter = levels.with(pick % levels.length, "+").join("/");

        expect(topicFilterProblem(filter)).toBeUndefined();
        expect(matchesTopicFilter(filter, name)).toBe(true);
      }),
    );
  });

  test('a "#" after any of its levels takes in the name', () => {
    fc.assert(
      fc.property(applicationTopic, fc.nat(), (name, pick) => {
        const levels = name.split("/");
        const kept = levels.slice(0, pick % (levels.length + 1));

        expect(matchesTopicFilter([...kept, "#"].join("/"), name)).toBe(true);
      }),
    );
  });

  test("a shared subscription comes apart into what it was made of", () => {
    const group = fc.string({ minLength: 1, maxLength: 8 }).filter((text) => !/[/+#]/.test(text));
    fc.assert(
      fc.property(group, topicName, (share, filter) => {
        expect(parseSharedFilter(`$share/${share}/${filter}`)).toEqual({ group: share, filter });
      }),
    );
  });
});
