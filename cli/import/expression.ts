/** A piece of a program that stands where a value would: `config.require("relayImage")`. */
export class Expression {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A value of a declaration. */
export type Declared =
  string | number | boolean | undefined | Expression | readonly Declared[] | { readonly [key: string]: Declared };
