import { say } from "../../policy/inputs.ts";

/** A list in a list in a list. */
function deep(): unknown {
  let nest: unknown[] = [];
  for (let level = 0; level < 50_000; level++) nest = [nest];
  return nest;
}

test.each<[unknown, string]>([
  [undefined, "is missing"],
  ["x", 'is "x"'],
  [["a", 1], 'is ["a",1]'],
  [deep(), "has more than 64 objects and lists within each other"],
])("says a value as it was written, and one that is too deep for that without a stack: case %#", (value, said) => {
  expect(say(value)).toBe(said);
});
