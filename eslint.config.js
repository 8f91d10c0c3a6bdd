import path from "node:path";

import pulumi from "@pulumi/eslint-plugin";
import { createTypeScriptImportResolver } from "eslint-import-resolver-typescript";
import { importX } from "eslint-plugin-import-x";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

/**
 * What each room may import from the others, as folders or single files; a room always reads itself.
 * Test and bench read everything and nothing reads them, so they are no keys here.
 */
const readableFrom = {
  stacks: ["components"],
  components: ["runtime/contract"],
  runtime: [],
  emulator: ["runtime/contract/topic", "runtime/contract/mqtt-properties.ts"],
  cli: ["runtime", "emulator", "components", "stacks"],
  policy: ["components", "runtime/contract"],
  build: ["components", "runtime/page"],
};

/** The only files, or folders with a "/" at the end, that may import a package; `/*` stands for a whole npm scope. */
const importersOf = {
  "@azure/core-rest-pipeline": ["runtime/identity/azure-identity.ts", "cli/comment/http.ts"],
  "@azure/identity": ["runtime/identity/azure-identity.ts"],
  "@peculiar/x509": ["emulator/certificates/"],
  "@bomb.sh/tab": ["cli/commands/completion.ts"],
  "@commander-js/extra-typings": ["runtime/command-line/", "runtime/main.ts", "cli/"],
  "@pulumi/*": ["components/", "stacks/", "cli/", "policy/", "build/"],
  // Builds, and the page from its sources; nothing that runs in a pod.
  esbuild: ["build/", "runtime/bundle.ts", "runtime/page/build.ts", "runtime/page/html.ts"],
  mqtt: ["runtime/report/mqtt-client.ts"],
  "node:sqlite": ["runtime/disk/"],
  pino: ["runtime/report/log.ts"],
  preact: ["runtime/page/browser/"],
  "prom-client": ["runtime/report/metrics.ts"],
  uplot: ["runtime/page/browser/"],
  // The components render and read JSON only, and their package needs no reader of YAML.
  yaml: ["runtime/contract/documents/yaml-text.ts", "cli/demo/stack-file.ts"],
};

/** Node runs the sources unbuilt, so an import names the file that is there. The compiler would take ".js" for it too. */
const otherThanTypeScript = {
  regex: "^\\.\\.?/(?!.*\\.(tsx?|json)$)",
  message: 'End a relative import with the extension of the file, ".ts" or ".json".',
};

const everyAzureService = {
  name: "@pulumi/azure-native",
  message: 'It loads every Azure service; import one, such as "@pulumi/azure-native/eventgrid/index.js".',
};

const sources = Object.keys(readableFrom).flatMap((room) => [`${room}/**/*.ts`, `${room}/**/*.tsx`]);
const pulumiPrograms = ["components/**/*.ts", "stacks/**/*.ts"];

export default defineConfig(
  { ignores: ["dist/", "coverage/", "doc/reference/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: ["**/*.ts", "**/*.tsx"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    plugins: { "import-x": importX },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    settings: {
      ...importX.flatConfigs.typescript.settings,
      "import-x/resolver-next": [
        createTypeScriptImportResolver({ project: ["tsconfig.json", "runtime/page/tsconfig.json"] }),
      ],
    },
    rules: {
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "separate-type-imports" }],
      "@typescript-eslint/no-floating-promises": "error",
      // `{ instance, ...fields }` is how a property is left out.
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // Brackets mark the key of a document that someone else wrote.
      "@typescript-eslint/dot-notation": ["error", { allowIndexSignaturePropertyAccess: true }],
      // Pulumi's schema inference reads `{ [name: string]: T }`, and the key's name says what the key is.
      "@typescript-eslint/consistent-indexed-object-style": "off",
      "import-x/no-cycle": ["error", { ignoreExternal: true }],
      "import-x/no-default-export": "error",
      "import-x/no-duplicates": "error",
      "import-x/order": [
        "error",
        {
          groups: ["builtin", "external", ["parent", "sibling", "index"]],
          "newlines-between": "always",
          sortTypesGroup: false,
        },
      ],
      eqeqeq: "error",
      "no-restricted-imports": ["error", { patterns: [otherThanTypeScript] }],
      "no-console": "error",
      "max-lines": ["error", { max: 250, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": ["error", { max: 40, skipBlankLines: true, skipComments: true, IIFEs: true }],
    },
  },
  {
    files: sources,
    plugins: { house: { rules: { "package-importers": packageImportersRule() } } },
    rules: {
      "import-x/no-restricted-paths": ["error", { basePath: import.meta.dirname, zones: importZones() }],
      "house/package-importers": ["error", importersOf],
    },
  },
  {
    files: pulumiPrograms,
    plugins: { pulumi },
    rules: {
      "pulumi/no-output-in-template-literal": "error",
      "pulumi/no-output-instance-in-template-literal": "error",
      "no-restricted-imports": ["error", { patterns: [otherThanTypeScript], paths: [everyAzureService] }],
      // A constructor is an inventory of child resources, one statement after the other.
      "max-lines-per-function": ["error", { max: 60, skipBlankLines: true, skipComments: true }],
      // `new SomeResource(...)` declares the resource; the variable is often not needed.
      "no-new": "off",
    },
  },
  {
    // A command line talks to its user on standard output.
    files: ["cli/**/*.ts", "bench/**/*.ts", "build/**/*.ts"],
    rules: { "no-console": "off" },
  },
  {
    files: ["bench/**/*.ts"],
    rules: {
      "max-lines": ["error", { max: 400, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": ["error", { max: 80, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      // A `describe` block is one function, and a table of cases is as long as its source.
      "max-lines": "off",
      "max-lines-per-function": "off",
      // A missing value fails the test, which is what a test is for.
      "@typescript-eslint/no-non-null-assertion": "off",
      // Jest's asymmetric matchers, such as `expect.objectContaining`, are typed `any`.
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      // Fakes implement promise-returning ports and have empty methods.
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/no-empty-function": "off",
      // `expect(port.publish).toHaveBeenCalled()` never calls the method.
      "@typescript-eslint/unbound-method": "off",
    },
  },
  {
    // Read by tools before any TypeScript runs, so there are no types to check them with.
    files: ["**/*.js", "**/*.cjs"],
    extends: [tseslint.configs.strict, tseslint.configs.disableTypeChecked],
    languageOptions: { globals: { jest: "readonly", module: "writable", process: "readonly" } },
    rules: { "no-undef": "error", "no-unused-vars": "off" },
  },
);

/** One zone for each pair of rooms of which the first may not read all of the second. */
function importZones() {
  const rooms = [...Object.keys(readableFrom), "test", "bench"];
  const contract = {
    target: "./runtime/contract",
    from: "./runtime",
    except: ["./contract"],
    message: "runtime/contract/ is a library without sockets, files or clocks; it may import from itself only.",
  };
  const betweenRooms = Object.entries(readableFrom).flatMap(([room, readable]) =>
    rooms
      .filter((other) => other !== room && !readable.includes(other))
      .map((other) => ({
        target: `./${room}`,
        from: `./${other}`,
        except: readable
          .filter((entry) => entry.startsWith(`${other}/`))
          .map((entry) => `.${entry.slice(other.length)}`),
        message: `${room}/ may import from ${["itself", ...readable].join(", ")}.`,
      })),
  );
  return [contract, ...betweenRooms];
}

/** Reports an import, a re-export or an `import()` of a package in a file that `importersOf` does not name for it. */
function packageImportersRule() {
  return {
    meta: {
      type: "problem",
      schema: [{ type: "object" }],
      messages: { importer: "Only {{files}} may import {{name}}." },
    },
    create(context) {
      const file = path.relative(context.cwd, context.filename).replaceAll(path.sep, "/");
      const check = ({ source }) => {
        if (typeof source?.value !== "string") return;
        const name = Object.keys(context.options[0]).find((key) => isPackage(source.value, key));
        const files = name && context.options[0][name];
        if (!files || files.some((entry) => (entry.endsWith("/") ? file.startsWith(entry) : file === entry))) return;
        context.report({ node: source, messageId: "importer", data: { files: files.join(", "), name } });
      };
      return {
        ImportDeclaration: check,
        ExportNamedDeclaration: check,
        ExportAllDeclaration: check,
        ImportExpression: check,
      };
    },
  };
}

function isPackage(specifier, key) {
  return key.endsWith("/*")
    ? specifier.startsWith(key.slice(0, -1))
    : specifier === key || specifier.startsWith(`${key}/`);
}
