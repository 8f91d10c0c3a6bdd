import path from "node:path";

import { getPulumiComponents } from "@pulumi/pulumi/provider/experimental/index.js";
import { Analyzer } from "@pulumi/pulumi/provider/experimental/analyzer.js";
import { generateSchema } from "@pulumi/pulumi/provider/experimental/schema.js";
import type ts from "typescript";

import * as exported from "../components/index.ts";
import { forOtherLanguages } from "./other-languages.ts";

/** One property in a package's schema, as far as it is read here. */
export interface SchemaProperty {
  readonly $ref?: string;
  readonly type?: string;
  readonly additionalProperties?: SchemaProperty;
  readonly items?: SchemaProperty;
  description?: string;
}

/** One type in a package's schema: an object with properties, or an enumeration. */
export interface SchemaType {
  readonly type: string;
  readonly properties?: { readonly [name: string]: SchemaProperty };
  readonly required?: readonly string[];
  readonly enum?: readonly { readonly name: string; readonly value: string | number }[];
  description?: string;
}

/** One component in a package's schema. */
export interface SchemaResource {
  readonly inputProperties: { readonly [name: string]: SchemaProperty };
  readonly requiredInputs: readonly string[];
  readonly properties: { readonly [name: string]: SchemaProperty };
  readonly required: readonly string[];
}

/** What other languages' SDKs are generated from. @see Pulumi, Package schema */
export interface PackageSchema {
  readonly name: string;
  readonly resources: { readonly [typeToken: string]: SchemaResource };
  readonly types: { readonly [typeToken: string]: SchemaType };
  /** What the generator of a language is told, by language. */
  readonly language: { readonly [language: string]: { readonly [option: string]: unknown } };
}

export const packageName = "mqtt-dataflow";

const componentsFolder = path.join(import.meta.dirname, "../components/");

/**
 * Reads the schema out of the components' sources, with the inference that Pulumi has for components. It leaves out
 * the texts of types and every default, which are added here: in other languages nobody sees the sources.
 * @throws {Error} naming the component and the property of a type that no other language could have
 */
export function inferSchema(version: string, description: string): PackageSchema {
  const names = getPulumiComponents(exported).map(({ name }) => name);
  const manifest = { exports: { ".": "../components/index.ts" } };
  const analyzer = new Analyzer(import.meta.dirname, packageName, manifest, new Set(names));
  const { components, typeDefinitions, dependencies } = analyzer.analyze();
  const schema = generateSchema(packageName, version, description, components, typeDefinitions, dependencies);
  // By way of JSON, which leaves out what is undefined.
  const plain = JSON.parse(JSON.stringify(schema)) as PackageSchema;
  const { program, checker } = analyzer as unknown as {
    readonly program: ts.Program;
    readonly checker: ts.TypeChecker;
  };
  const texts = readTexts(program, checker);
  for (const [token, resource] of Object.entries(plain.resources)) {
    addDefaults(resource.inputProperties, texts.get(`${className(token)}Args`));
  }
  for (const [token, type] of Object.entries(plain.types)) {
    type.description = typeDefinitions[className(token)]?.description ?? texts.get(className(token))?.description ?? "";
    if (type.properties !== undefined) addDefaults(type.properties, texts.get(className(token)));
  }
  return renameArguments(forOtherLanguages(plain), names);
}

/**
 * Takes "Args" off the names of types, since SDKs add it to them. A type with the name of a component would then have
 * the name of that component's own arguments in the SDK: `LocalEndpointArgs` becomes `LocalEndpointSettings`.
 */
function renameArguments(schema: PackageSchema, components: readonly string[]): PackageSchema {
  const renamed = JSON.stringify(schema).replaceAll(
    new RegExp(`(${packageName}:index:)(\\w+)Args"`, "g"),
    (_, prefix: string, name: string) => `${prefix}${name}${components.includes(name) ? "Settings" : ""}"`,
  );
  return JSON.parse(renamed) as PackageSchema;
}

function className(typeToken: string): string {
  return typeToken.split(":").at(-1) ?? "";
}

/** What the docstrings of an interface say. */
interface InterfaceTexts {
  readonly description: string;
  readonly defaults: ReadonlyMap<string, string>;
}

function readTexts(program: ts.Program, checker: ts.TypeChecker): ReadonlyMap<string, InterfaceTexts> {
  const symbols = program
    .getSourceFiles()
    .filter(({ fileName }) => fileName.startsWith(componentsFolder))
    .flatMap((file) => {
      const module = checker.getSymbolAtLocation(file);
      return module === undefined ? [] : checker.getExportsOfModule(module);
    });
  return new Map(
    symbols
      .filter(({ flags }) => (flags & interfaceFlag) !== 0)
      .map((symbol) => [symbol.name, textsOf(symbol, checker)]),
  );
}

/** `ts.SymbolFlags.Interface`; importing it would load the compiler a second time. */
const interfaceFlag = 64;

function textsOf(symbol: ts.Symbol, checker: ts.TypeChecker): InterfaceTexts {
  const defaults = checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol)).flatMap((property) => {
    const tag = property.getJsDocTags(checker).find(({ name }) => name === "default");
    return tag?.text === undefined ? [] : [[property.name, tag.text.map(({ text }) => text).join("")] as const];
  });
  const description = symbol.getDocumentationComment(checker).map(({ text }) => text);
  const fallback = `The arguments of \`${symbol.name.replace(/Args$/, "")}\`.`;
  return { description: description.join("") || fallback, defaults: new Map(defaults) };
}

function addDefaults(properties: { readonly [name: string]: SchemaProperty }, texts: InterfaceTexts | undefined): void {
  for (const [name, text] of texts?.defaults ?? []) {
    const property = properties[name];
    if (property !== undefined) property.description = `${property.description ?? ""}\nDefault: ${text}`.trimStart();
  }
}

/** The schema as it is stored: each property on a line of its own, and at the end a line break. */
export function formatSchema(schema: PackageSchema): string {
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}
