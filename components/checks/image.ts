import type { Problem } from "../../runtime/contract/errors.ts";
import { byRule } from "./rules.ts";

/** Warns of an image that can be another one tomorrow: pods that start then run what nobody has reviewed. */
export function findMovingImage(path: string, image: string): Problem[] {
  const name = image.slice(image.lastIndexOf("/") + 1);
  const tag = name.split("@")[0]?.split(":")[1];
  if (name.includes("@sha256:") || (tag !== undefined && tag !== "latest")) return [];
  const problem = `is "${image}", which is whatever was pushed last`;
  return byRule("image", [{ path, problem, remedy: "name it with a digest, or with a tag that never moves" }]);
}
