import { createSites } from "./sides.ts";
import type { Side } from "./sides.ts";

/*
 * The program that the real engine previews. What to create comes from the environment, which the engine's host of
 * programs hands on.
 */
const { PREVIEW_SIDE = "components", PREVIEW_SITES = "1", PREVIEW_FILE = "" } = process.env;
createSites(PREVIEW_SIDE as Side, Number(PREVIEW_SITES), PREVIEW_FILE);
