import { podRows } from "./pod-rows.ts";
import type { Row } from "./row.ts";

/** Every row, in the order in which they run: each leaves its site as the next one takes it. */
export const rows: readonly Row[] = [...podRows];
