/** A test that shows a behaviour: its file below `test/`, and its name there, as it is written. */
export interface NamedTest {
  readonly file: string;
  readonly name: string;
}

/** Something that a bridge may be asked for, and where it is shown. */
export interface Scenario {
  /** How its source names it. */
  readonly id: string;
  readonly behaviour: string;
  readonly tests: readonly NamedTest[];
  /** Why it does not apply to this relay, or how it does in another way. */
  readonly remark?: string;
}

/** Names tests of one file. */
export function tests(file: string, ...names: readonly string[]): NamedTest[] {
  return names.map((name) => ({ file, name }));
}
