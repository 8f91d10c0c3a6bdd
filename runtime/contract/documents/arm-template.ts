import { evaluateArm, isArmExpression, isUnknown, type ArmScope } from "./arm-expression.ts";
import { resolveArm, scopeOf, type TemplateScope } from "./arm-scope.ts";
import { addArmResource } from "./arm-resource.ts";
import { countOther, isObject, type Findings, type Spot, type Unresolved } from "./resource.ts";
import { step, type TextDocument } from "./text-document.ts";

const deployment = "microsoft.resources/deployments";
/** Resources and deployments within each other. @see Azure Resource Manager, Template limits */
const maxDepth = 8;

/** Tells whether a value is a template of Azure Resource Manager, which Bicep is compiled to. */
export function isArmTemplate(value: Readonly<Record<string, unknown>>): boolean {
  const { resources, contentVersion, $schema } = value;
  const hasResources = Array.isArray(resources) || isObject(resources);
  return hasResources && (typeof contentVersion === "string" || /deploymentTemplate/i.test(String($schema)));
}

/**
 * Finds the dataflows, endpoints and profiles of a template, with those of its nested deployments. Expressions are resolved as
 * far as the template itself says their values: by literals and by defaults of parameters.
 */
export function readArmTemplate(document: TextDocument, findings: Findings): void {
  if (isObject(document.value))
    walkTemplate(document.value, scopeOf(document.value), { document, path: "" }, findings, 0);
}

function walkTemplate(
  template: Readonly<Record<string, unknown>>,
  scope: TemplateScope,
  { document, path }: Spot,
  findings: Findings,
  depth: number,
): void {
  const walker = { scope, document, findings, depth };
  for (const [key, resource] of listOf(template["resources"])) {
    walkResource(resource, step(step(path, "resources"), key), undefined, walker);
  }
}

interface Walker {
  readonly scope: TemplateScope;
  readonly document: TextDocument;
  readonly findings: Findings;
  readonly depth: number;
}

/** @param parent type and name of the resource around it, which a nested one continues */
function walkResource(
  resource: unknown,
  path: string,
  parent: { readonly type: string; readonly name: string } | undefined,
  walker: Walker,
): void {
  const { scope, document, findings, depth } = walker;
  if (!isObject(resource) || resource["existing"] === true || depth > maxDepth) return;
  const ownType = String(resource["type"]);
  const type = parent === undefined ? ownType : `${parent.type}/${ownType}`;
  const ownName = nameOf(resource["name"], scope);
  const name = parent === undefined ? ownName : `${parent.name}/${ownName}`;
  if (isTurnedOff(resource["condition"], scope)) return;
  const spot = { document, path };
  if (type.toLowerCase() === deployment) walkDeployment(resource, path, walker);
  else if (resource["copy"] !== undefined && /\/dataflow/i.test(type)) {
    findings.skipped.push({ spot, text: `${type} is made by a copy loop, which only a deployment runs` });
  } else {
    const unresolved: Unresolved[] = [];
    const properties = resolveArm(resource["properties"], scope, step(path, "properties"), unresolved);
    const written = typeof resource["name"] === "string" ? resource["name"] : "";
    const isArm = addArmResource({ type, name, written, properties, spot, unresolved }, findings);
    if (!isArm) countOther(findings, type, spot);
  }
  for (const [key, child] of listOf(resource["resources"])) {
    walkResource(child, step(step(path, "resources"), key), { type, name }, { ...walker, depth: depth + 1 });
  }
}

/** A nested deployment, as a module of Bicep becomes one: its parameters are resolved outside, its resources inside. */
function walkDeployment(resource: Readonly<Record<string, unknown>>, path: string, walker: Walker): void {
  const { scope, document, findings, depth } = walker;
  const properties = isObject(resource["properties"]) ? resource["properties"] : {};
  const { template, parameters, expressionEvaluationOptions: options } = properties;
  if (!isObject(template)) return;
  const given = new Map(
    (isObject(parameters) ? Object.entries(parameters) : []).map(([name, parameter]) => [
      name,
      resolveArm(isObject(parameter) ? parameter["value"] : undefined, scope, "", []),
    ]),
  );
  const isInner = isObject(options) && String(options["scope"]).toLowerCase() === "inner";
  const inner = isInner ? scopeOf(template, given) : scope;
  walkTemplate(template, inner, { document, path: `${path}.properties.template` }, findings, depth + 1);
}

/** A list of resources, or an object of them by symbolic names. */
function listOf(resources: unknown): [string | number, unknown][] {
  if (Array.isArray(resources)) return [...resources.entries()];
  return isObject(resources) ? Object.entries(resources) : [];
}

/** A name as far as it can be known; only its last parts matter. */
function nameOf(name: unknown, scope: ArmScope): string {
  if (typeof name !== "string") return "";
  return isArmExpression(name) ? String(evaluateArm(name, scope)) : name;
}

/** A condition that can't be known counts as true. */
function isTurnedOff(condition: unknown, scope: ArmScope): boolean {
  const value = typeof condition === "string" && isArmExpression(condition) ? evaluateArm(condition, scope) : condition;
  return !isUnknown(value) && (value === false || String(value).toLowerCase() === "false");
}
