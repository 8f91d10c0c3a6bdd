/*
 * The numbered statements that the emulator does not keep, each with the reason. A statement that is in no list and in no name of a
 * test fails test/doc/emulator.test.ts.
 */

export interface NotKept {
  readonly numbers: readonly string[];
  readonly why: string;
}

/** Event Grid's pages say that it does not offer what these are about; neither does the emulator, whatever its profile. */
export const notOffered: readonly NotKept[] = [
  {
    numbers: [
      ...["3.5.2-1", "3.5.2-2", "3.5.2-3", "3.6.2-1", "3.6.2-2", "3.6.2-3", "3.7.2-1", "3.7.2-2", "3.7.2-3"],
      ...Array.from({ length: 13 }, (_, index) => `4.3.3-${index + 1}`),
      ...["4.8.2-4", "4.8.2-5"],
    ],
    why: "QoS 2 (Event Grid, MQTT support, 2025-07-30; Azure IoT Operations, MQTT support, 2023-12-12)",
  },
  {
    numbers: ["4.12.0-2", "4.12.0-3"],
    why: "authentication in several steps: CONNECT or AUTH has the whole token (Event Grid, Microsoft Entra JWT authentication)",
  },
];

/** What the emulator should keep, and does not yet: `why` says what is missing. */
export const notYet: readonly NotKept[] = [];
