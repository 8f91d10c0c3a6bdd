"use strict";

/*
 * What Pulumi's host for Node.js starts: `node <this file> <folder of the plugin> [options] <address of the engine>`.
 * The plugin gets the arguments after its folder, as Pulumi's own runner gives them.
 */
const path = require("node:path");

const [node, self, folder, ...args] = process.argv;
process.argv = [node, self, ...args];
require(path.resolve(folder));
