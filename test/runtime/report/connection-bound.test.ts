import { ConnectionBound, type BoundedConnection } from "../../../runtime/report/connection-bound.ts";

interface Named extends BoundedConnection {
  readonly name: string;
}

function connection(name: string, address = "10.0.0.1", hasAsked = false): Named {
  return { name, address, hasAsked };
}

/** A bound with as many connections as it takes, the oldest first. */
function boundOf(connections: readonly Named[]): ConnectionBound<Named> {
  const bound = new ConnectionBound<Named>(connections.length);
  for (const one of connections) expect(bound.add(one)).toBeUndefined();
  return bound;
}

function several(count: number, address?: string, hasAsked?: boolean): Named[] {
  return Array.from({ length: count }, (_, index) => connection(`${address}-${index}`, address, hasAsked));
}

test("drops nothing while there is room", () => {
  const bound = new ConnectionBound<Named>(3);

  expect([bound.add(connection("a")), bound.add(connection("b")), bound.add(connection("c"))]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(bound.size).toBe(3);
});

test("never holds more than its bound, and always the newest", () => {
  const bound = new ConnectionBound<Named>(64);
  const all = Array.from({ length: 1000 }, (_, index) =>
    connection(`${index}`, `10.0.0.${index % 7}`, index % 3 === 0),
  );

  for (const one of all) {
    bound.add(one);
    expect(bound.size).toBeLessThanOrEqual(64);
    expect([...bound].at(-1)).toBe(one);
  }
});

test("drops the oldest that has not asked before those that wait for their answer", () => {
  const silent = several(9, "10.0.0.1");
  const bound = boundOf([...several(40, "10.0.0.2", true), ...silent]);

  expect(bound.add(connection("new"))).toBe(silent[0]);
});

test("spares eight of an address that have not asked: their requests may be on their way", () => {
  const readers = several(9, "10.0.0.2", true);
  const bound = boundOf([...several(8, "10.0.0.1"), ...readers]);

  expect(bound.add(connection("new", "10.0.0.9"))).toBe(readers[0]);
});

test("of those that have not asked, drops one of the address with the most", () => {
  const silent = several(10, "10.0.0.1");
  const bound = boundOf([connection("probe", "10.0.0.9"), ...silent]);

  expect(bound.add(connection("new", "10.0.0.9"))).toBe(silent[0]);
});

test("where all have asked, drops the oldest of the address with the most connections", () => {
  const readers = several(30, "10.0.0.1", true);
  const bound = boundOf([connection("scrape", "10.0.0.9", true), ...readers]);

  expect(bound.add(connection("new", "10.0.0.9"))).toBe(readers[0]);
});

test("has room again for each that was closed", () => {
  const first = connection("first");
  const bound = boundOf([first, connection("second")]);

  bound.delete(first);

  expect(bound.add(connection("third"))).toBeUndefined();
});
