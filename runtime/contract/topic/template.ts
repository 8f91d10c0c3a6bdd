import { quote } from "../errors.ts";
import { maxTopicBytes, topicNameProblem } from "./filter.ts";

/** One piece of a topic template: literal text, the whole input topic, or one level of it. */
type Piece = { readonly kind: "text"; readonly text: string } | { readonly kind: "topic" } | Level;

interface Level {
  readonly kind: "level";
  /** Counted from 1. */
  readonly number: number;
}

/** A parsed `dataDestination`, such as `sites/oslo/${inputTopic.2}/temperature`. */
export interface TopicTemplate {
  readonly text: string;
  readonly pieces: readonly Piece[];
  /** Whether every message goes to the same topic. */
  readonly isStatic: boolean;
  /** Whether the topic stays as it came. */
  readonly isIdentity: boolean;
}

/** Most placeholders of a template: each may put a whole topic in. Far more than any topic has levels that mean something. */
const maxPlaceholders = 64;

/**
 * Parses a `dataDestination`, or says what is wrong with it.
 * A bare `$inputTopic.2` is a legal topic, taken literally.
 * @see Azure IoT Operations, Configure data flow destinations (2026-03-19), dynamic destination topics
 */
export function parseTopicTemplate(
  template: string,
): TopicTemplate | { readonly problem: string; readonly remedy: string } {
  const pieces: Piece[] = [];
  let placeholders = 0;
  let end = 0;
  for (let start = template.indexOf("${"); start >= 0; start = template.indexOf("${", end)) {
    const close = template.indexOf("}", start);
    if (close < 0) return { problem: 'has "${" without its "}"', remedy: "close the placeholder" };
    placeholders += 1;
    if (placeholders > maxPlaceholders) {
      const problem = `has more than ${maxPlaceholders} placeholders`;
      return { problem, remedy: "use ${inputTopic} for the whole topic" };
    }
    const piece = parsePlaceholder(template.slice(start + 2, close));
    if (piece === undefined) {
      const remedy = "use ${inputTopic}, or ${inputTopic.1} for its first level and so on";
      return { problem: `has the unknown placeholder ${quote(template.slice(start, close + 1))}`, remedy };
    }
    if (start > end) pieces.push({ kind: "text", text: template.slice(end, start) });
    pieces.push(piece);
    end = close + 1;
  }
  if (end < template.length) pieces.push({ kind: "text", text: template.slice(end) });
  const problem = topicNameProblem(pieces.map((piece) => (piece.kind === "text" ? piece.text : "x")).join(""));
  if (problem !== undefined) {
    return { problem: `${quote(template)} ${problem}`, remedy: "give a topic name to publish to" };
  }
  const isStatic = pieces.every((piece) => piece.kind === "text");
  return { text: template, pieces, isStatic, isIdentity: pieces.length === 1 && pieces[0]?.kind === "topic" };
}

function parsePlaceholder(inner: string): Piece | undefined {
  if (inner === "inputTopic") return { kind: "topic" };
  const level = /^inputTopic\.([1-9][0-9]{0,4})$/.exec(inner)?.[1];
  return level === undefined ? undefined : { kind: "level", number: Number(level) };
}

/**
 * Makes the destination topic of a message; `undefined` when the input topic lacks a level that the template asks for,
 * or when no topic is left: a PUBLISH without one, and without a topic alias, is a protocol error. One that grows longer
 * than a topic may be is not made to its end.
 * `site/${inputTopic.2}` and `plant/line4/temp` → `site/line4`
 */
export function resolveTopicTemplate({ pieces }: TopicTemplate, inputTopic: string): string | undefined {
  let levels: string[] | undefined;
  let topic = "";
  for (const piece of pieces) {
    if (piece.kind === "text") topic += piece.text;
    else if (piece.kind === "topic") topic += inputTopic;
    else {
      levels ??= topicLevels(inputTopic);
      const level = levels[piece.number - 1];
      if (level === undefined) return undefined;
      topic += level;
    }
    if (topic.length > maxTopicBytes) return topic;
  }
  return topic === "" ? undefined : topic;
}

/**
 * The first level that a template asks for and that no topic under the filter has; `undefined` when all may resolve.
 * @param mostLevels how many levels a topic of the broker has at most
 */
export function unresolvableLevel(
  { pieces }: TopicTemplate,
  filter: string,
  mostLevels = Infinity,
): number | undefined {
  const levels = topicLevels(filter);
  const most = levels.at(-1) === "#" ? mostLevels : levels.length;
  return pieces.find((piece): piece is Level => piece.kind === "level" && piece.number > most)?.number;
}

/** The deepest level that a template asks for; 0 when it asks for none. */
export function deepestLevel({ pieces }: TopicTemplate): number {
  return Math.max(0, ...pieces.map((piece) => (piece.kind === "level" ? piece.number : 0)));
}

/** The levels of a topic or of a filter, as `${inputTopic.1}` counts them: without the slashes at the start and at the end. */
export function topicLevels(topic: string): string[] {
  let start = 0;
  let end = topic.length;
  // No regular expression: one for the end looks at every row of slashes again from each of its slashes.
  while (start < end && topic[start] === "/") start += 1;
  while (end > start && topic[end - 1] === "/") end -= 1;
  return start === end ? [] : topic.slice(start, end).split("/");
}
