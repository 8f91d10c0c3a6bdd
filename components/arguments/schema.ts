import schema from "../../schema.json" with { type: "json" };

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

/** The package's schema; `npm run schema` renews it, and the build puts it into its bundles. */
export function argumentSchema(): ArgumentSchema {
  return schema;
}
