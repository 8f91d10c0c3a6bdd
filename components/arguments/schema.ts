import { readFileSync } from "node:fs";
import path from "node:path";

/** What a property takes. @see Pulumi, Package schema */
export interface PropertySchema {
  readonly $ref?: string;
  readonly type?: string;
  /** Whether it takes no output. */
  readonly plain?: boolean;
  readonly items?: PropertySchema;
  readonly additionalProperties?: PropertySchema;
}

export interface PropertySchemas {
  readonly [name: string]: PropertySchema;
}

/** An object with properties, or an enumeration. */
export interface TypeSchema {
  readonly properties?: PropertySchemas;
  readonly required?: readonly string[];
  readonly enum?: readonly { readonly value: string | number }[];
}

/** The part of the package's schema that arguments are checked against. */
export interface ArgumentSchema {
  readonly resources: {
    readonly [typeToken: string]: {
      readonly inputProperties: PropertySchemas;
      readonly requiredInputs?: readonly string[];
    };
  };
  readonly types: { readonly [typeToken: string]: TypeSchema };
}

/** Beside `components`, in the sources and in the package; `npm run schema` renews it. */
const file = path.join(import.meta.dirname, "../../schema.json");
let schema: ArgumentSchema | undefined;

/** The package's schema, which is read when the first component is declared. */
export function argumentSchema(): ArgumentSchema {
  return (schema ??= JSON.parse(readFileSync(file, "utf8")) as ArgumentSchema);
}
