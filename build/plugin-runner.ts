import { createRequire } from "node:module";
import path from "node:path";

/*
 * What Pulumi's host for Node.js starts: `node <this file> <folder of the plugin> [options] <address of the engine>`.
 * The plugin gets the arguments after its folder, as Pulumi's own runner gives them.
 */
const [node = "", self = "", folder = "", ...args] = process.argv;
process.argv = [node, self, ...args];
const plugin = path.resolve(folder);
createRequire(path.join(plugin, "package.json"))(plugin);
