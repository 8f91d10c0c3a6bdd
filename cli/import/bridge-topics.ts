import type { Problem } from "../../runtime/contract/errors.ts";
import { topicFilterProblem, topicNameProblem } from "../../runtime/contract/topic/filter.ts";
import { topicLevels } from "../../runtime/contract/topic/template.ts";

/** One direction of a `topic` line, as a dataflow has it. */
export interface TopicFlow {
  /** `out`: from the local broker to the remote one. */
  readonly direction: "in" | "out";
  readonly qos: 0 | 1;
  readonly filter: string;
  readonly dataDestination: string;
  /** Names single levels of the topic, so that a topic with an empty last level has no destination. */
  readonly namesLevels: boolean;
}

/** What a `topic` line says. */
export interface TopicLine {
  readonly flows: readonly TopicFlow[];
  /** What is otherwise than with mosquitto. */
  readonly remarks: readonly string[];
  /** Why the line moves nothing. */
  readonly problem?: Pick<Problem, "problem" | "remedy">;
}

interface Written {
  readonly pattern: string;
  readonly directions: readonly ("in" | "out")[];
  readonly qos: string;
  readonly local: string;
  readonly remote: string;
}

/**
 * Reads `topic pattern [[[out|in|both] qos] local-prefix remote-prefix]`: `# out 1 a/ b/` sends `a/x` as `b/x`.
 * @param levels a filter `a/#` whose prefix has to go is written as `a/+`, `a/+/+` and so on, with so many levels at most
 */
export function readTopicLine(value: string, levels: number): TopicLine {
  const [pattern = "", direction = "out", qos = "0", local = "", remote = "", more] = value
    .split(/ +/)
    .filter((part) => part !== "")
    .map((part) => (part === '""' ? "" : part));
  const directions = { in: ["in"], out: ["out"], both: ["out", "in"] } as const;
  const known = directions[direction.toLowerCase() as keyof typeof directions] as readonly ("in" | "out")[] | undefined;
  const fail = (problem: string, remedy: string) => ({ flows: [], remarks: [], problem: { problem, remedy } });
  if (value === "") return fail("has no pattern", "give one");
  if (known === undefined) return fail(`has the direction "${direction}"`, `give in, out or both`);
  if (more !== undefined) return fail(`has more than five parts`, `remove "${more}" and what follows`);
  if (pattern === "" && (local === "" || remote === "")) return fail('has the pattern ""', "give it both prefixes");
  if (/^[3-9]|^\d{2}/.test(qos)) return fail(`has the QoS ${qos}`, `give 0, 1 or 2`);
  return mapLine({ pattern, directions: known, qos, local, remote }, levels);
}

function mapLine({ pattern, directions, qos, local, remote }: Written, levels: number): TopicLine {
  const flows: TopicFlow[] = [];
  const remarks: string[] = [];
  for (const direction of directions) {
    const [from, to] = direction === "out" ? [local, remote] : [remote, local];
    const mapped = mapTopics(pattern, from, to, levels);
    if ("problem" in mapped) return { flows: [], remarks: [], problem: mapped };
    flows.push(...mapped.map((flow) => ({ direction, qos: /^[12]/.test(qos) ? (1 as const) : (0 as const), ...flow })));
    if (mapped.length > 1) {
      const parent = from + pattern.slice(0, -1);
      const itself = parent.endsWith("/") && parent.length > 1 ? `, nor is "${parent.slice(0, -1)}" itself` : "";
      const text = `topics with more than ${levels} levels behind "${parent}" are not moved${itself}: a dataflow can't cut the beginning off a topic of any depth, so there is one for each depth (--levels)`;
      remarks.push(text);
    }
  }
  if (qos.startsWith("2")) remarks.push("QoS 2 becomes QoS 1: a message may arrive twice after a lost connection");
  if (!/^[0-9]/.test(qos)) remarks.push("its QoS is no number, which mosquitto takes as 0");
  return { flows, remarks };
}

type Mapped = Omit<TopicFlow, "direction" | "qos">;

/** Filters at the one broker with the topics at the other: `#` from `a/` to `b/`. */
function mapTopics(
  pattern: string,
  from: string,
  to: string,
  levels: number,
): readonly Mapped[] | Pick<Problem, "problem" | "remedy"> {
  const filter = from + pattern;
  const problem = topicFilterProblem(filter) ?? topicFilterProblem(to + pattern) ?? prefixProblem(from, to);
  if (problem !== undefined) {
    const made = `makes "${filter}" and "${to}${pattern}", and one of them ${problem}`;
    return { problem: made, remedy: "end a prefix with a slash before a wildcard" };
  }
  if (`${filter}${to}`.includes("${")) {
    const problem = 'has "${" in a topic, which a dataflow has for placeholders';
    return { problem, remedy: "rename the topic" };
  }
  if (pattern !== "" && to.endsWith(from)) {
    const added = to.slice(0, to.length - from.length);
    return [{ filter, dataDestination: `${added}\${inputTopic}`, namesLevels: false }];
  }
  if (!pattern.endsWith("#")) return [mapLevels(pattern, from, to)];
  const start = pattern.slice(0, -1);
  return Array.from({ length: levels }, (_, more) =>
    mapLevels(
      `${start}${Array(more + 1)
        .fill("+")
        .join("/")}`,
      from,
      to,
    ),
  );
}

function prefixProblem(...prefixes: readonly string[]): string | undefined {
  return prefixes.map((prefix) => (prefix === "" ? undefined : topicNameProblem(prefix))).find(Boolean);
}

/** Each wildcard of the filter by the number of its level: `a/+/x` from `a/` to `b/` makes `b/${inputTopic.2}/x`. */
function mapLevels(pattern: string, from: string, to: string): Mapped {
  const filter = from + pattern;
  const numbers = topicLevels(filter).flatMap((level, index) => (level === "+" ? [index + 1] : []));
  const wildcards = numbers.values();
  const dataDestination = (to + pattern)
    .split("/")
    .map((level) => (level === "+" ? `\${inputTopic.${wildcards.next().value ?? 0}}` : level))
    .join("/");
  return { filter, dataDestination, namesLevels: numbers.length > 0 };
}
