import { deliveryDuration, families } from "../../../../runtime/report/metrics/families.ts";

const suffixOf: { readonly [unit: string]: RegExp } = { s: /_seconds$/, By: /_bytes$/ };

describe("families", () => {
  test.each(families.map((family) => [family.name, family] as const))(
    "%s keeps to Prometheus' rules of naming",
    (name, { type, unit, help, labels }) => {
      expect(name).toMatch(/^relay_[a-z]+(_[a-z]+)*$/);
      expect(name.endsWith("_total")).toBe(type === "counter");
      const base = name.replace(/_total$/, "");
      for (const [ofUnit, suffix] of Object.entries(suffixOf)) expect(suffix.test(base)).toBe(unit === ofUnit);
      expect(help).toMatch(/^[A-Z0-9][^\n\\]*[^.]$/);
      for (const label of labels) expect(label).toMatch(/^[a-z]+$/);
    },
  );

  test("have no name twice", () => {
    const names = [...families, deliveryDuration].map(({ name }) => name);

    expect(new Set(names).size).toBe(names.length);
  });
});
