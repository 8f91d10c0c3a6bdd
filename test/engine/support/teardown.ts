import { tearDown } from "./setup.ts";

// eslint-disable-next-line import-x/no-default-export -- where jest looks for it
export default tearDown;
