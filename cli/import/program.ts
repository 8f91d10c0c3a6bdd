import { Expression, type Declared } from "./expression.ts";
import type { Declaration } from "./declaration.ts";

/** Longest line that a list is written on. */
const lineLength = 110;

/** Writes the Pulumi program of one bridge, in TypeScript. */
export function writeProgram(declaration: Declaration): string {
  return `import * as pulumi from "@pulumi/pulumi";
import { MqttBridge } from "mqtt-dataflow";

const config = new pulumi.Config();

const bridge = new MqttBridge(${JSON.stringify(declaration["site"])}, ${write(declaration, "")});

export const statefulSetName = bridge.statefulSetName;
`;
}

/** Names of the settings that the program asks for, those that are secrets apart. */
export function settingsOf(program: string): { readonly name: string; readonly isSecret: boolean }[] {
  const found = [...program.matchAll(/config\.(require|requireSecret)\("([^"]+)"\)/g)];
  return found.map(([, read, name = ""]) => ({ name, isSecret: read === "requireSecret" }));
}

function write(value: Declared, indent: string): string {
  if (value instanceof Expression) return value.text;
  if (typeof value !== "object") return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const items = (value as readonly Declared[]).map((item) => write(item, inner));
    const line = `[${items.join(", ")}]`;
    return line.length < lineLength - indent.length
      ? line
      : `[\n${items.map((item) => `${inner}${item},\n`).join("")}${indent}]`;
  }
  const fields = Object.entries(value).map(([key, field]) => `${inner}${writeKey(key)}: ${write(field, inner)},\n`);
  return fields.length === 0 ? "{}" : `{\n${fields.join("")}${indent}}`;
}

function writeKey(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
}
