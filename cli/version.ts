import manifest from "../package.json" with { type: "json" };

/** Version of this package, as `0.1.0`. */
export const { version } = manifest;
