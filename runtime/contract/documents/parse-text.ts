import { readJson } from "./json-text.ts";
import type { TextDocument, TextSlip } from "./text-document.ts";
import { readYaml } from "./yaml-text.ts";

/**
 * Reads the documents of a text: JSON where its file says so or where it is JSON, else YAML. Never throws.
 * @param file its ending decides, `.json`, `.yaml` or `.yml`; with another one the text does
 */
export function readText(text: string, file: string): readonly TextDocument[] | TextSlip {
  if (/\.ya?ml$/i.test(file)) return readYaml(text, file);
  const json = readJson(text, file);
  if (!("problem" in json)) return [json];
  if (/\.json$/i.test(file) && looksLikeJson(text)) return json;
  const yaml = readYaml(text, file);
  return "problem" in yaml && looksLikeJson(text) ? json : yaml;
}

function looksLikeJson(text: string): boolean {
  return /^\uFEFF?\s*(?:[[{"]|$)/.test(text);
}
