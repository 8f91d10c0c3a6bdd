import { levelsOverlap } from "./levels.ts";

/** A row of levels that all filters below it have in common. */
interface Node<T> {
  /** Its levels, one at least but for the root. */
  levels: readonly string[];
  parent: Node<T> | undefined;
  /** By the first of their levels. */
  readonly children: Map<string, Node<T>>;
  /** Filters that end here. */
  readonly entries: Set<Entry<T>>;
  /** Filters here and below that can still be found. */
  live: number;
}

/** A filter in a tree; {@link FilterTree.remove} takes it. */
export interface Entry<T> {
  readonly node: Node<T>;
  readonly levels: readonly string[];
  readonly value: T;
}

/**
 * Topic filters, shared ones without their share, by their levels: finds those that share topics with another filter without
 * a look at the rest. A topic name is a filter too, which shares topics with those that it falls under. Each filter adds two
 * nodes at most, however many levels it has.
 */
export class FilterTree<T> {
  readonly #root: Node<T> = createNode([], undefined);
  /** Levels and filters that were compared so far: what searching has cost. */
  steps = 0;

  add(filter: string, value: T): Entry<T> {
    const levels = filter.split("/");
    let node = this.#root;
    for (let depth = 0; depth < levels.length; depth += node.levels.length) {
      const parent: Node<T> = node;
      const child = parent.children.get(levels[depth] ?? "");
      node = child === undefined ? createNode(levels.slice(depth), parent) : splitWhereTheyDiffer(child, levels, depth);
      parent.children.set(levels[depth] ?? "", node);
    }
    const entry = { node, levels, value };
    node.entries.add(entry);
    for (let passed: Node<T> | undefined = node; passed !== undefined; passed = passed.parent) passed.live += 1;
    return entry;
  }

  /** Takes a filter out; a search that goes on meanwhile does not find it any more. */
  remove(entry: Entry<T>): void {
    if (!entry.node.entries.delete(entry)) return;
    for (let passed: Node<T> | undefined = entry.node; passed !== undefined; passed = passed.parent) {
      passed.live -= 1;
      if (passed.live === 0) passed.parent?.children.delete(passed.levels[0] ?? "");
    }
  }

  /**
   * Finds the values of the filters that share topics with this one. What was added first comes first as a rule. Needs no
   * stack, and goes on where it was when filters were taken out meanwhile.
   */
  *overlapping(filter: string): Generator<T, undefined> {
    const levels = filter.split("/");
    const open: Row<T>[] = [{ nodes: [this.#root].values(), depth: 0, isOpen: false }];
    for (let row = open.at(-1); row !== undefined; row = open.at(-1)) {
      const node = row.nodes.next().value;
      const place = node && this.#enter(node, row, levels);
      if (node === undefined) open.pop();
      if (node === undefined || place === undefined) continue;
      const level = place.isOpen ? "#" : levels[place.depth];
      if (level === undefined || level === "#") {
        for (const { levels: others, value } of node.entries) {
          this.steps += 1;
          if (levelsOverlap(others, levels)) yield value;
        }
      }
      open.push({ nodes: nextNodes(node, level), ...place });
    }
    return undefined;
  }

  /** The place behind a node's levels; `undefined` where they and the filter's have no topic in common. */
  #enter(node: Node<T>, { depth: start, isOpen }: Place, levels: readonly string[]): Place | undefined {
    this.steps += 1;
    if (isOpen) return { depth: start, isOpen };
    let depth = start;
    for (const level of node.levels) {
      const other = levels[depth];
      this.steps += 1;
      if (level === "#" || other === "#") return { depth, isOpen: true };
      if (other === undefined || (level !== "+" && other !== "+" && level !== other)) return undefined;
      depth += 1;
    }
    return { depth, isOpen: false };
  }
}

/** A place in the filter that is searched for. */
interface Place {
  /** Which of its levels comes next. */
  readonly depth: number;
  /** A "#" has been met on the way: the filters from here on are judged by their levels. */
  readonly isOpen: boolean;
}

/** Nodes side by side that are looked at, each at the same place. */
interface Row<T> extends Place {
  readonly nodes: Iterator<Node<T>, undefined>;
}

/** The nodes below one in which a level may have topics; `undefined` where the filter ends. */
function nextNodes<T>({ children }: Node<T>, level: string | undefined): Iterator<Node<T>, undefined> {
  if (level === "#" || level === "+") return children.values();
  const keys = level === undefined ? ["#"] : ["#", "+", level];
  return keys
    .map((key) => children.get(key))
    .filter((node) => node !== undefined)
    .values();
}

function createNode<T>(levels: readonly string[], parent: Node<T> | undefined): Node<T> {
  return { levels, parent, children: new Map(), entries: new Set(), live: 0 };
}

/** The node of the levels which a node and a filter have in common: itself, or one that is put above it. */
function splitWhereTheyDiffer<T>(node: Node<T>, levels: readonly string[], depth: number): Node<T> {
  let common = 1;
  while (common < node.levels.length && node.levels[common] === levels[depth + common]) common += 1;
  if (common === node.levels.length) return node;
  const above = createNode(node.levels.slice(0, common), node.parent);
  above.live = node.live;
  node.levels = node.levels.slice(common);
  node.parent = above;
  above.children.set(node.levels[0] ?? "", node);
  return above;
}
