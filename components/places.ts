/** Where the fields of a declaration stand in what is rendered of it, learnt from the function that renders. */
export class Places {
  /** Declared field by rendered path; elements of every list have the path `…[]`. */
  readonly #fields = new Map<string, string>();

  /**
   * Renders names in place of values, and notes where each arrives.
   * @param known fields that the function decides by, with a value that nothing else has
   */
  learn<T extends object>(render: (fields: T) => unknown, known: Partial<T> = {}): this {
    const names = new Map<unknown, string>(Object.entries(known).map(([field, value]) => [value, field]));
    this.#note(render(nameOf("", names, known) as T), "", names);
    return this;
  }

  #note(value: unknown, path: string, names: ReadonlyMap<unknown, string>): void {
    const field = names.get(value);
    if (field !== undefined) this.#fields.set(path, field);
    else if (Array.isArray(value)) value.forEach((element) => this.#note(element, `${path}[]`, names));
    else if (typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        this.#note(inner, path === "" ? key : `${path}.${key}`, names);
      }
    }
  }

  /**
   * The path in the declaration for one in what is rendered; `undefined` where no field leads there. What lies within a field
   * keeps its own path, and an object that stands for no field is named by the first one in it.
   */
  declaredPath(rendered: string): string | undefined {
    for (
      let end = rendered.length;
      end > 0;
      end = Math.max(rendered.lastIndexOf(".", end - 1), rendered.lastIndexOf("[", end - 1))
    ) {
      const field = this.#fields.get(anyElement(rendered.slice(0, end)));
      if (field !== undefined) return field + rendered.slice(end);
    }
    const start = `${anyElement(rendered)}.`;
    return [...this.#fields].find(([path]) => path.startsWith(start))?.[1];
  }
}

function anyElement(path: string): string {
  return path.replaceAll(/\[\d+\]/g, "[]");
}

/** Stands for a field, and has every field that one may have; each is entered into `names`. */
function nameOf(path: string, names: Map<unknown, string>, known: object = {}): object {
  const made = new Map<string, unknown>(Object.entries(known));
  const name = new Proxy(
    {},
    {
      get: (_, key) => {
        if (typeof key === "symbol") return undefined;
        if (!made.has(key)) made.set(key, nameOf(path === "" ? key : `${path}.${key}`, names));
        return made.get(key);
      },
    },
  );
  if (path !== "") names.set(name, path);
  return name;
}
