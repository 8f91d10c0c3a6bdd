/**
 * One project per kind of test, so that `jest --selectProjects unit` answers in seconds.
 * Sources run as CommonJS here, because that is what jest loads without flags; Node itself runs them as ES modules.
 */

/** Packages without a CommonJS build: jest cannot load these untransformed. */
const esModulePackages = ["@commander-js/extra-typings", "commander", "jose", "leven"];

const swc = {
  jsc: { target: "es2024", parser: { syntax: "typescript" } },
  module: { type: "commonjs" },
};

function project(displayName, folders, testTimeoutMs) {
  return {
    displayName,
    testEnvironment: "<rootDir>/test/support/patient-environment.js",
    testMatch: folders.map((folder) => `<rootDir>/test/${folder}/**/*.test.ts`),
    globals: { testTimeoutMs },
    setupFilesAfterEnv: ["<rootDir>/test/support/secrets/watch.ts"],
    transform: { "\\.[jt]s$": ["@swc/jest", swc] },
    transformIgnorePatterns: [`/node_modules/(?!(${esModulePackages.join("|")})/)`],
    // Examples import the package by its name.
    moduleNameMapper: { "^mqtt-dataflow$": "<rootDir>/components/index.ts" },
    // What the build leaves there has the name of this package.
    modulePathIgnorePatterns: ["<rootDir>/dist/"],
    restoreMocks: true,
  };
}

export default {
  projects: [
    project(
      "unit",
      ["runtime", "components", "cli", "stacks", "policy", "doc", "bench", "support", "ledger", "fuzz", "pipelines"],
      10_000,
    ),
    project("emulator", ["emulator"], 20_000),
    project("integration", ["integration"], 60_000),
    project("links", ["links"], 240_000),
    project("disk", ["disk"], 120_000),
    project("memory", ["memory"], 180_000),
    // One node of Kubernetes, for ten minutes and more: `npm test` leaves it out, `npm run test:cluster` runs it.
    project("cluster", ["cluster"], 60_000),
    // These compile the whole package first.
    project("build", ["build", "examples"], 240_000),
    {
      ...project("engine", ["engine"], 180_000),
      globalSetup: "<rootDir>/test/engine/support/setup.ts",
      globalTeardown: "<rootDir>/test/engine/support/teardown.ts",
    },
  ],
  reporters: ["default", "<rootDir>/test/support/reporter.js"],
  // Each worker holds Pulumi's generated SDK once; two of them fit a small build machine.
  maxWorkers: 2,
  workerIdleMemoryLimit: "1GB",
};
