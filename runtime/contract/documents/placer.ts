import type { Place } from "../errors.ts";
import type { Spot } from "./resource.ts";
import type { Position, TextDocument } from "./text-document.ts";

/** Finds the places of many spots: each document is gone through once, however many of them are in it. */
export function placer(spots: readonly Spot[]): (spot: Spot) => Place {
  const paths = Map.groupBy(spots, ({ document }) => document);
  const positions = new Map<TextDocument, ReadonlyMap<string, Position>>(
    [...paths].map(([document, inIt]) => [document, document.positionsOf([...new Set(inIt.map(({ path }) => path))])]),
  );
  return ({ document, path }) => {
    const { line, column } = positions.get(document)?.get(path) ?? { line: 1, column: 1 };
    return { file: document.file, line, column };
  };
}
