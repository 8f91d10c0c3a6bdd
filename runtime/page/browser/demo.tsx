import { useEffect, useState } from "preact/hooks";

/** A fault that the demo can make, as it says it. */
interface Fault {
  readonly id: string;
  readonly title: string;
  readonly explanation: string;
  readonly isOn: boolean;
}

/** Only the demo's own server puts this into the page. */
export const isDemo = document.querySelector('meta[name="mqtt-dataflow-demo"]') !== null;

/** Buttons for the demo's faults. */
export function Demo() {
  const [faults, setFaults] = useState<readonly Fault[]>([]);
  const load = async (request: Promise<Response>) => {
    const answer = await request;
    if (answer.ok) setFaults((await answer.json()) as Fault[]);
  };
  useEffect(() => {
    load(fetch("/demo/faults")).catch(() => undefined);
  }, []);
  const toggle = ({ id, isOn }: Fault) => {
    const body = JSON.stringify({ id, isOn: !isOn });
    load(fetch("/demo/faults", { method: "POST", headers: { "content-type": "application/json" }, body })).catch(
      () => undefined,
    );
  };
  return (
    <section aria-labelledby="demo" class="demo">
      <h2 id="demo">This is the demo: make something go wrong</h2>
      <div class="faults">
        {faults.map((fault) => (
          <div key={fault.id}>
            <button
              type="button"
              aria-pressed={fault.isOn}
              aria-describedby={`${fault.id}-why`}
              onClick={() => toggle(fault)}
            >
              {fault.title}
            </button>
            <span id={`${fault.id}-why`} class="muted">
              {fault.explanation}
            </span>
          </div>
        ))}
      </div>
    </section>
  );
}
