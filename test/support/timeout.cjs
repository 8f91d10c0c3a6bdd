// Jest 30 takes `testTimeout` from its global configuration only; each project hands its own over as a global.
jest.setTimeout(globalThis.testTimeoutMs);
