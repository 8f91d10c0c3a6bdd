import * as pulumi from "@pulumi/pulumi";

import { lateArgs } from "../arguments/declared.ts";
import type { ArgumentSchema } from "../arguments/schema.ts";
import type { Refusals } from "./refusals.ts";

/** The component classes by the last part of their type tokens. */
export interface Components {
  readonly [className: string]: ComponentClass;
}

/** Any component: its arguments come from a program in another language, checked against the schema there. */
type ComponentClass = new (
  name: string,
  args: never,
  opts?: pulumi.ComponentResourceOptions,
) => pulumi.ComponentResource;

/** The part of a package's schema that construction needs. */
interface PackageSchema {
  readonly version: string;
  readonly resources: {
    readonly [typeToken: string]: ArgumentSchema["resources"][string] & {
      readonly properties: { readonly [output: string]: unknown };
    };
  };
}

/**
 * What the engine asks for the schema and for the components of other languages' programs.
 *
 * Pulumi's own host for components infers the schema whenever it starts, from sources and with a compiler that would
 * have to be installed with the plugin; this one has what was inferred when the package was built.
 */
export class ComponentProvider implements pulumi.provider.Provider {
  readonly version: string;
  readonly schema: string;
  readonly #package: PackageSchema;
  readonly #components: Components;
  readonly #refusals: Refusals;

  /** @param schema the package's schema, as JSON */
  constructor(schema: string, components: Components, refusals: Refusals) {
    this.#package = JSON.parse(schema) as PackageSchema;
    this.version = this.#package.version;
    this.schema = schema;
    this.#components = components;
    this.#refusals = refusals;
  }

  /**
   * Creates a component and gives the outputs that the schema has for it.
   * @throws {pulumi.InputPropertiesError} when the component refuses its arguments
   * @throws {Error} when there is no component of this type
   */
  construct(
    name: string,
    type: string,
    inputs: pulumi.Inputs,
    options: pulumi.ComponentResourceOptions,
  ): Promise<pulumi.provider.ConstructResult> {
    return this.#refusals.answering(async () => {
      const { resources } = this.#package;
      const definition = resources[type];
      const Component = this.#components[type.split(":").at(-1) ?? ""];
      if (definition === undefined || Component === undefined) {
        const known = Object.keys(resources).join(", ");
        throw new Error(`${name}: has the type "${type}", which is no component; use one of ${known}`);
      }
      const component = new Component(name, inputs as never, options);
      const outputs = component as unknown as pulumi.Inputs;
      const state = Object.fromEntries(Object.keys(definition.properties).map((key) => [key, outputs[key]]));
      // What nothing depends on may still be refused.
      await Promise.all([...lateArgs(component), state].map(settled));
      return { urn: component.urn, state };
    });
  }
}

/** Waits until it is known of every output whether it fails. */
async function settled(state: unknown): Promise<void> {
  const outputs = pulumi.output(state) as unknown as { promise(): Promise<unknown> };
  await outputs.promise().catch(() => undefined);
}
