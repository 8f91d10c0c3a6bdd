import type { HealthState } from "./types.ts";

const words: Readonly<Record<HealthState, string>> = { ok: "OK", attention: "Attention", failed: "Failed" };
/** A form for each state, so that colour is not all that tells them apart. */
const forms: Readonly<Record<HealthState, string>> = {
  ok: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Z",
  attention: "M8 1 15.5 14.5H.5Z",
  failed: "M2 2h12v12H2Z",
};

/** A state as form, colour and word. */
export function State({ state }: { readonly state: HealthState }) {
  return (
    <span class={`state ${state}`}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={forms[state]} />
      </svg>
      {words[state]}
    </span>
  );
}
