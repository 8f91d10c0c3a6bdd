import { createFaults } from "../../../cli/demo/faults.ts";

function make() {
  const done: string[] = [];
  const faults = createFaults(
    { set: (state) => done.push(state) },
    { revokePublisher: (isRevoked) => done.push(isRevoked ? "revoked" : "given back") },
  );
  return { faults, done };
}

test("a link that is cut and slow is cut, and slow once it is mended", () => {
  const { faults, done } = make();

  faults.set("slow", true);
  faults.set("cut", true);
  faults.set("cut", false);
  faults.set("slow", false);

  expect(done).toEqual(["slow", "cut", "slow", "whole"]);
});

test("what is so already is not done again: a role is given back once", () => {
  const { faults, done } = make();

  faults.set("role", false);
  faults.set("role", true);
  faults.set("role", true);
  faults.clear();
  faults.clear();

  expect(done).toEqual(["revoked", "given back"]);
});

test("tells which are made, and knows no other", () => {
  const { faults } = make();
  faults.set("role", true);

  expect(faults.list().map(({ id, isOn }) => [id, isOn])).toEqual([
    ["cut", false],
    ["slow", false],
    ["role", true],
  ]);
  expect(faults.set("fire", true)).toBe(false);
});
