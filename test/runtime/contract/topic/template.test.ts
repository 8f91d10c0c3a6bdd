import fc from "fast-check";

import { topicNameProblem } from "../../../../runtime/contract/topic/filter.ts";
import {
  parseTopicTemplate,
  resolveTopicTemplate,
  unresolvableLevel,
  type TopicTemplate,
} from "../../../../runtime/contract/topic/template.ts";

function parsed(text: string): TopicTemplate {
  const template = parseTopicTemplate(text);
  if ("problem" in template) throw new Error(template.problem);
  return template;
}

describe("parseTopicTemplate", () => {
  test.each([
    ["sites/oslo/temperature", { isStatic: true, isIdentity: false }],
    ["${inputTopic}", { isStatic: false, isIdentity: true }],
    ["cloud/${inputTopic}", { isStatic: false, isIdentity: false }],
    ["${inputTopic}${inputTopic}", { isStatic: false, isIdentity: false }],
    ["a/${inputTopic.1}/${inputTopic.12}", { isStatic: false, isIdentity: false }],
    ["$inputTopic.2", { isStatic: true, isIdentity: false }], // legal, taken literally
    ["a/$b/{c}", { isStatic: true, isIdentity: false }],
  ])('reads "%s"', (text, kind) => {
    expect(parseTopicTemplate(text)).toMatchObject({ text, ...kind });
  });

  const placeholders = "use ${inputTopic}, or ${inputTopic.1} for its first level and so on";
  const topicName = "give a topic name to publish to";
  test.each([
    ["a/${inputTopic.0}", 'has the unknown placeholder "${inputTopic.0}"', placeholders],
    ["a/${inputTopic.01}", 'has the unknown placeholder "${inputTopic.01}"', placeholders],
    ["a/${inputTopic.-1}", 'has the unknown placeholder "${inputTopic.-1}"', placeholders],
    ["a/${inputTopic.x}", 'has the unknown placeholder "${inputTopic.x}"', placeholders],
    ["a/${inputTopic.}", 'has the unknown placeholder "${inputTopic.}"', placeholders],
    ["a/${inputtopic}", 'has the unknown placeholder "${inputtopic}"', placeholders],
    ["a/${outputTopic}", 'has the unknown placeholder "${outputTopic}"', placeholders],
    ["a/${}", 'has the unknown placeholder "${}"', placeholders],
    ["a/${inputTopic", 'has "${" without its "}"', "close the placeholder"],
    ["${inputTopic}/${", 'has "${" without its "}"', "close the placeholder"],
    ["", '"" is empty', topicName],
    ["a/#", '"a/#" has a wildcard ("+" or "#"), which only a topic filter may have', topicName],
    ["${inputTopic}/+", '"${inputTopic}/+" has a wildcard ("+" or "#"), which only a topic filter may have', topicName],
    ["a\u0000", '"a\u0000" holds the character U+0000', topicName],
  ])('refuses "%s"', (text, problem, remedy) => {
    expect(parseTopicTemplate(text)).toEqual({ problem, remedy });
  });
});

describe("resolveTopicTemplate", () => {
  test.each([
    ["site/${inputTopic.2}", "plant/line4/temp", "site/line4"],
    ["${inputTopic.3}/${inputTopic.1}", "plant/line4/temp", "temp/plant"],
    ["${inputTopic.1}-${inputTopic.1}", "plant/line4", "plant-plant"],
    ["cloud/${inputTopic}", "plant/line4", "cloud/plant/line4"],
    ["${inputTopic}", "/plant/line4/", "/plant/line4/"],
    ["static", "plant/line4", "static"],
    // Slashes at the start and at the end are not counted; empty levels between others are.
    ["x/${inputTopic.1}", "/plant/line4/", "x/plant"],
    ["x/${inputTopic.2}", "//plant/line4//", "x/line4"],
    ["x/${inputTopic.3}", "plant//line4", "x/line4"],
    ["x/${inputTopic.2}", "plant//line4", "x/"],
    ["${inputTopic.1}", "åre/b", "åre"],
    ["x/${inputTopic.1}", "$SYS/uptime", "x/$SYS"],
  ])('"%s" and "%s" make "%s"', (template, inputTopic, topic) => {
    expect(resolveTopicTemplate(parsed(template), inputTopic)).toBe(topic);
  });

  test.each([
    ["a level too deep", "site/${inputTopic.4}", "plant/line4/temp"],
    ["a level behind the slash at the end", "site/${inputTopic.3}", "plant/line4/"],
    ["a level of a topic of slashes", "site/${inputTopic.1}", "//"],
    ["an empty level that would be the whole topic", "${inputTopic.2}", "plant//temp"],
  ])("makes no topic from %s", (_case, template, inputTopic) => {
    expect(resolveTopicTemplate(parsed(template), inputTopic)).toBeUndefined();
  });

  test("makes a topic that a PUBLISH may carry, or none, whatever the input topic", () => {
    const levels = fc.array(fc.constantFrom("a", "", "é", "$x"), { minLength: 1, maxLength: 5 });
    const pieces = fc.array(fc.constantFrom("${inputTopic}", "${inputTopic.1}", "${inputTopic.3}", "/", "b"), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(levels, pieces, (input, template) => {
        const inputTopic = input.join("/");
        fc.pre(inputTopic !== "");
        const topic = resolveTopicTemplate(parsed(template.join("")), inputTopic);
        expect(topic === undefined ? undefined : topicNameProblem(topic)).toBeUndefined();
      }),
    );
  });
});

describe("unresolvableLevel", () => {
  test.each([
    ["${inputTopic.2}", "plant/+", undefined],
    ["${inputTopic.3}", "plant/+", 3],
    ["${inputTopic.2}/${inputTopic.4}", "plant/+/x", 4],
    ["${inputTopic.9}", "plant/#", undefined],
    ["${inputTopic.9}", "#", undefined],
    ["${inputTopic.2}", "/plant/line4/", undefined],
    ["${inputTopic.3}", "/plant/line4/", 3],
    ["${inputTopic}", "plant", undefined],
    ["static", "plant", undefined],
  ])('of "%s" under "%s" is %s', (template, filter, level) => {
    expect(unresolvableLevel(parsed(template), filter)).toBe(level);
  });

  test("is one that no topic of the broker is deep enough for", () => {
    expect(unresolvableLevel(parsed("${inputTopic.15}"), "#", 15)).toBeUndefined();
    expect(unresolvableLevel(parsed("${inputTopic.16}"), "a/#", 15)).toBe(16);
  });
});

describe("for any template and any topic", () => {
  const piece = fc.oneof(
    fc.string({ unit: fc.constantFrom("a", "é", "/", "$", "{", "}", " "), maxLength: 4 }),
    fc.constant("${inputTopic}"),
    fc.integer({ min: 1, max: 4 }).map((level) => `\${inputTopic.${level}}`),
  );
  const text = fc.array(piece, { maxLength: 5 }).map((pieces) => pieces.join(""));
  const topic = fc.string({ unit: fc.constantFrom("a", "b", "é", "/", "$"), minLength: 1, maxLength: 12 });

  /** The same by plain replacement; `undefined` where a level is lacking or nothing is left. */
  function replaced(template: string, inputTopic: string): string | undefined {
    const levels = inputTopic.replace(/^\/+|\/+$/g, "").split("/");
    const lacking: string[] = [];
    const made = template.replace(/\$\{inputTopic(?:\.(\d+))?\}/g, (all, level?: string) => {
      if (level === undefined) return inputTopic;
      const found = /^\/*$/.test(inputTopic) ? undefined : levels[Number(level) - 1];
      if (found === undefined) lacking.push(all);
      return found ?? "";
    });
    return lacking.length > 0 || made === "" ? undefined : made;
  }

  test("what parses makes the topic that plain replacement makes, and nothing throws", () => {
    fc.assert(
      fc.property(text, topic, (written, inputTopic) => {
        const parsed = parseTopicTemplate(written);
        if ("problem" in parsed) return;

        expect(resolveTopicTemplate(parsed, inputTopic)).toBe(replaced(written, inputTopic));
      }),
      { numRuns: 3000 },
    );
  });

  test("what it makes is a topic name that a PUBLISH may carry", () => {
    fc.assert(
      fc.property(text, topic, (written, inputTopic) => {
        const parsed = parseTopicTemplate(written);
        const made = "problem" in parsed ? undefined : resolveTopicTemplate(parsed, inputTopic);

        if (made !== undefined) expect(topicNameProblem(made)).toBeUndefined();
      }),
    );
  });

  test("a template that is refused says what to do", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (written) => {
        const parsed = parseTopicTemplate(written);

        if ("problem" in parsed) expect(parsed.remedy).not.toBe("");
      }),
    );
  });
});
