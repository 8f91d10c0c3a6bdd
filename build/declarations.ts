import { readFileSync, writeFileSync, rmSync, readdirSync } from "node:fs";
import path from "node:path";

import ts from "typescript";

/**
 * Leaves in a folder of compiled declarations what a program sees that imports one of them: other files are removed, and
 * types that the schema library infers are written out, so that a program needs no more packages than those of Pulumi.
 */
export function tidyDeclarations(folder: string, entry: string): void {
  const seen = reachableFiles(path.join(folder, entry));
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const full = path.join(folder, file);
    if (file.endsWith(".ts") && !seen.has(full)) rmSync(full);
  }
  const program = ts.createProgram([...seen], {
    module: ts.ModuleKind.NodeNext,
    strict: true,
    types: [],
    // Wherever the folder is.
    paths: { "*": [path.join(import.meta.dirname, "../node_modules/*")] },
  });
  // Made before the files are read: it is what gives their nodes parents.
  const checker = program.getTypeChecker();
  const texts = [...seen].map((file) => [file, withoutSchemas(program, checker, file)] as const);
  for (const [file, text] of texts) writeFileSync(file, renameExtensions(text));
}

/** The packages that declarations or sources import; Node's own modules are none. */
export function packagesOf(files: readonly string[]): string[] {
  const specifiers = files.flatMap((file) =>
    ts.preProcessFile(readFileSync(file, "utf8")).importedFiles.map(({ fileName }) => fileName),
  );
  return packageNames(specifiers);
}

/** The names of the packages among what is imported, sorted; Node's own modules are none. */
export function packageNames(specifiers: readonly string[]): string[] {
  const outside = specifiers.filter((specifier) => !/^(\.|node:)/.test(specifier));
  return [...new Set(outside.map((specifier) => /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier))].sort();
}

function reachableFiles(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const { fileName } of ts.preProcessFile(readFileSync(file, "utf8")).importedFiles) {
    if (fileName.startsWith(".")) {
      reachableFiles(path.join(path.dirname(file), fileName.replace(/\.ts$/, ".d.ts")), seen);
    }
  }
  return seen;
}

/** The library's name in the sources. */
const schemaLibrary = "valibot";

interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The text of a file without the schema library: what is inferred of a schema is written out, and schemas are left out. */
function withoutSchemas(program: ts.Program, checker: ts.TypeChecker, file: string): string {
  const source = program.getSourceFile(file);
  if (source === undefined) throw new Error(`${file}: is no file of the program`);
  const schemas = source.statements.filter((statement) => isOfSchemas(statement));
  if (schemas.length === 0) return source.text;
  const names = new Set(schemas.flatMap(declaredNames));
  const removed = source.statements.filter((one) => schemas.includes(one) || isOwnTypeOf(names, one));
  // With their docstrings.
  const replacements: Replacement[] = removed.map((one) => ({
    start: one.getFullStart(),
    end: one.getEnd(),
    text: "",
  }));
  for (const statement of source.statements) {
    if (!removed.includes(statement)) replacements.push(...writtenOut(checker, statement, names));
  }
  const text = replace(source.text, replacements);
  if (/\bv\.[A-Z]/.test(text))
    throw new Error(`${file}: has types of ${schemaLibrary} left, which are to be written out`);
  return text;
}

/** Whether a statement imports the schema library, or declares a constant that is one of its schemas. */
function isOfSchemas(statement: ts.Statement): boolean {
  if (ts.isImportDeclaration(statement)) return statement.moduleSpecifier.getText() === `"${schemaLibrary}"`;
  return ts.isVariableStatement(statement) && /\bv\.\w+Schema\b|\bv\.SchemaWithPipe\b/.test(statement.getText());
}

/** Whether a statement declares a type for its own file, out of the types of schemas. */
function isOwnTypeOf(schemas: ReadonlySet<string>, statement: ts.Statement): boolean {
  if (!ts.isTypeAliasDeclaration(statement) || statement.modifiers !== undefined) return false;
  return [...statement.getText().matchAll(/typeof (\w+)/g)].some(([, name = ""]) => schemas.has(name));
}

function declaredNames(statement: ts.Statement): string[] {
  if (!ts.isVariableStatement(statement)) return [];
  return statement.declarationList.declarations.map(({ name }) => name.getText());
}

/** What takes the place of the types in a node that are inferred of one of the schemas. */
function writtenOut(checker: ts.TypeChecker, node: ts.Node, schemas: ReadonlySet<string>): Replacement[] {
  const isInferred = ts.isTypeReferenceNode(node) && node.typeName.getText().startsWith("v.Infer");
  const isKeys =
    ts.isTypeOperatorNode(node) && ts.isTypeQueryNode(node.type) && schemas.has(node.type.exprName.getText());
  if (isInferred || isKeys) {
    const text = checker.typeToString(checker.getTypeFromTypeNode(node), node, ts.TypeFormatFlags.NoTruncation);
    return [{ ...rangeOf(node), text: text.includes("|") ? `(${text})` : text }];
  }
  return node.getChildren().flatMap((child) => writtenOut(checker, child, schemas));
}

function rangeOf(node: ts.Node): { readonly start: number; readonly end: number } {
  return { start: node.getStart(), end: node.getEnd() };
}

function replace(text: string, replacements: readonly Replacement[]): string {
  return [...replacements]
    .sort((a, b) => b.start - a.start)
    .reduce((before, { start, end, text: after }) => before.slice(0, start) + after + before.slice(end), text);
}

/** Imports with the extension `.js`: compilers before TypeScript 5.7 take no other in declarations. */
function renameExtensions(text: string): string {
  return text.replaceAll(/(from |import\()"(\.[^"]+)\.ts"/g, '$1"$2.js"');
}
