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

test("drops the oldest that has not asked before one that waits for its answer", () => {
  const bound = boundOf([
    connection("answered", undefined, true),
    connection("silent"),
    ...several(40, "10.0.0.1", true),
  ]);

  // The newest sixteen are spared, and the silent one is older.
  expect(bound.add(connection("new"))?.name).toBe("silent");
});

test("spares the newest that have not asked: their request may be on its way", () => {
  const bound = boundOf([connection("answered", undefined, true), ...several(16, "10.0.0.1")]);

  expect(bound.add(connection("new"))?.name).toBe("answered");
});

test("drops of the address with the most connections, whatever the others do", () => {
  const bound = boundOf([connection("probe", "10.0.0.9"), ...several(30, "10.0.0.1", true)]);

  expect(bound.add(connection("new", "10.0.0.9"))?.address).toBe("10.0.0.1");
});

test("has room again for each that was closed", () => {
  const first = connection("first");
  const bound = boundOf([first, connection("second")]);

  bound.delete(first);

  expect(bound.add(connection("third"))).toBeUndefined();
});
