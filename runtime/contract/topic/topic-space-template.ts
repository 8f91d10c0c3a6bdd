import { topicFilterProblem } from "./filter.ts";

/*
 * Topic templates of Event Grid's topic spaces: MQTT topic filters in which variables stand for something of the client.
 * `machines/${client.authenticationName|.factory1}/temp` has the topics `machines/machine1.factory1/temp` and so on: the text
 * behind "|" follows the value.
 * @see Event Grid, Topic spaces (2026-08-26); for the keys of attributes Event Grid, MQTT clients
 */

/** What a topic template can take from a client. */
export interface TemplateClient {
  readonly authenticationName: string;
  readonly attributes?: { readonly [key: string]: unknown };
}

/** Event Grid reserves topics that begin with this. @see Event Grid, Topic spaces (2026-08-26) */
const reservedPrefix = "$";

/** A variable stands for a level or a part of one, so the text behind "|" has no level of its own and no wildcard. */
const variable = /\$\{client\.(?:authenticationName|attributes\.(?<key>[A-Za-z0-9_]+))(?:\|(?<suffix>[^/+#${}|]+))?\}/g;

/** Tells whether Event Grid reserves a topic, or every topic under a topic filter that is not shared. */
export function isReservedTopic(topic: string): boolean {
  return topic.startsWith(reservedPrefix);
}

/** Says why Event Grid has no such topic template, or `undefined` when it has. */
export function topicSpaceTemplateProblem(template: string): string | undefined {
  const rest = withoutVariables(template);
  if (rest.includes("${")) {
    return "has a variable other than ${client.authenticationName} and ${client.attributes.<key>}";
  }
  if (template.startsWith("$share/")) return "is a shared subscription, which no topic template can be";
  if (isReservedTopic(rest)) return 'begins with "$", and Event Grid reserves those topics';
  return topicFilterProblem(template);
}

/** The topics of a template as a topic filter: a level with a variable in it may be any. */
export function templateFilter(template: string): string {
  return template
    .split("/")
    .map((level) => (level.search(variable) < 0 ? level : "+"))
    .join("/");
}

/**
 * The topic filter that a template is for one client; `undefined` when it is none for this client, because an attribute is
 * missing or a value does not fit into one level.
 */
export function resolveTopicSpaceTemplate(template: string, client: TemplateClient): string | undefined {
  const values = [...template.matchAll(variable)].map(({ groups = {} }) => valueOf(client, groups["key"]));
  // A variable can't cover more than one level, and a value is no wildcard.
  if (values.some((value) => value === undefined || /[/+#]/.test(value))) return undefined;
  return template.replaceAll(variable, (_, key: string | undefined, suffix = "") => {
    return `${valueOf(client, key)}${suffix}`;
  });
}

function valueOf({ authenticationName, attributes }: TemplateClient, key: string | undefined): string | undefined {
  return key === undefined ? authenticationName : attributeText(attributes?.[key]);
}

/** No page says which of several values a list stands for. */
function attributeText(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

/** Each variable becomes a text that is no variable, nor anything special in a topic filter. */
function withoutVariables(template: string): string {
  return template.replaceAll(variable, "value");
}
