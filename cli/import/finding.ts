/** What became of one option, or of a whole section, of a file that is imported. */
export interface Finding {
  /** `mapped`: the relay does the same. `changed`: it does something close to it. `notMapped`: it has nothing like it. */
  readonly kind: "mapped" | "changed" | "notMapped";
  /** What it is about: `connection cloud: keepalive_interval`. Never a secret. */
  readonly what: string;
  /** What it became, or why it became nothing, with what to do. */
  readonly text: string;
  /** Line of the file, counted from 1; omitted where no single line says it. */
  readonly line?: number;
}

/** A secret that the program asks the stack's settings for. Its value is never read. */
export interface ImportedSecret {
  /** Key of `relay.secrets` or `relay.trustBundles`. */
  readonly ref: string;
  /** Argument by name to the name of the setting: `{ password: "cloudPassword" }`. */
  readonly settings: Readonly<Record<string, string>>;
}

/** What the program has to create beside the dataflows. */
export interface ImportedSecrets {
  readonly secrets: readonly ImportedSecret[];
  /** Setting with the CA certificates, by the name of the ConfigMap. */
  readonly trustBundles: Readonly<Record<string, string>>;
}

/** An import in memory: files by name, and what to know about them. */
export interface Imported {
  /** The Pulumi program, TypeScript. */
  readonly program: string;
  /** The relay's configuration, JSON; `check` takes it. */
  readonly configuration: string;
  readonly findings: readonly Finding[];
}
