// The rules of the code. Formatting is biome's, import rules are dependency-cruiser's, dead code is knip's.
import jsdoc from "eslint-plugin-jsdoc";
import tseslint from "typescript-eslint";

const HOUSE_BANS = [
  { selector: "ExportDefaultDeclaration", message: "Named exports only: a name is what people search for." },
  { selector: "ExportAllDeclaration", message: "No barrels: import a thing from the file that makes it." },
  { selector: "TSEnumDeclaration", message: "Use a union of literals." },
];

const ERROR_BAN = [
  {
    selector: "NewExpression[callee.name='Error']",
    message:
      "Raise an error of the catalogue (domain/errors.ts, erp/port.ts): a class with a code and its own advice.",
  },
];

const ENVIRONMENT_BAN = [
  {
    selector: "MemberExpression[object.name='process'][property.name='env']",
    message: "Only config.ts reads the environment.",
  },
];

const TIME_BANS = [
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: "Time is an argument: take a Clock.",
  },
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: "Time is an argument: take a Clock.",
  },
  {
    selector: "MemberExpression[object.name='Math'][property.name='random']",
    message: "Chance is an argument: take a Random.",
  },
  {
    selector: "CallExpression[callee.name=/^(setTimeout|setInterval|setImmediate)$/]",
    message: "Waiting is an argument: take a Sleep.",
  },
];

const TITLE = "CallExpression[callee.name=/^(test|it)$/] > Literal:first-child";
const TITLE_BANS = [
  { selector: `${TITLE}[value=/^(should|works|tests?)\\b/i]`, message: "A test's title is a true sentence." },
  {
    selector: `${TITLE}:not([value=/^\\s*(\\S+\\s+){3,}\\S+/])`,
    message: "A test's title is a sentence of more than three words.",
  },
];

/** What a statement's comment must say, so that one sees locks and index without reading the SQL. */
const statementComment = {
  meta: { type: "problem", schema: [] },
  create(context) {
    return {
      "ExportNamedDeclaration > FunctionDeclaration"(node) {
        const comment = context.sourceCode.getCommentsBefore(node.parent).at(-1)?.value ?? "";
        for (const word of ["Locks:", "Reads:"]) {
          if (comment.includes(word)) continue;
          context.report({ node: node.id ?? node, message: `The comment of a statement says "${word}".` });
        }
      },
    };
  },
};

const house = { rules: { "statement-comment": statementComment } };

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", "coverage/", ".erpsync/", "prestashop-module/"] },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    plugins: { jsdoc, house },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/only-throw-error": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      // It meets `noPropertyAccessFromIndexSignature`, which asks for brackets.
      "@typescript-eslint/dot-notation": ["error", { allowIndexSignaturePropertyAccess: true }],
      // A switch counts as one: a table of cases is easy to read, whatever its length.
      complexity: ["error", { max: 10, variant: "modified" }],
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_", ignoreRestSiblings: true },
      ],
      "no-restricted-syntax": ["error", ...HOUSE_BANS],
    },
  },
  {
    files: ["sidecar/**/*.ts"],
    rules: {
      "@typescript-eslint/strict-boolean-expressions": "error",
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "max-params": "off",
      "@typescript-eslint/max-params": ["error", { max: 5 }],
      "no-console": "error",
      "no-restricted-syntax": ["error", ...HOUSE_BANS, ...ERROR_BAN, ...TIME_BANS, ...ENVIRONMENT_BAN],
    },
  },
  {
    // The doors to the machine's clock, chance and timers, and to the environment.
    files: ["sidecar/platform/**/*.ts", "sidecar/config.ts"],
    rules: { "no-restricted-syntax": ["error", ...HOUSE_BANS, ...ERROR_BAN] },
  },
  {
    files: ["sidecar/main.ts", "sidecar/cli/**/*.ts"],
    rules: { "no-restricted-syntax": ["error", ...HOUSE_BANS, ...ERROR_BAN, ...TIME_BANS] },
  },
  {
    files: [
      "sidecar/domain/**/*.ts",
      "sidecar/erp/port.ts",
      "sidecar/**/statements.ts",
      "sidecar/**/*-statements.ts",
    ],
    rules: {
      "jsdoc/require-jsdoc": [
        "error",
        {
          publicOnly: true,
          enableFixer: false,
          require: { ClassDeclaration: true, FunctionDeclaration: true },
          contexts: ["TSInterfaceDeclaration"],
        },
      ],
    },
  },
  {
    files: ["sidecar/**/statements.ts", "sidecar/**/*-statements.ts"],
    rules: { "house/statement-comment": "error" },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      // A test says what it knows; numbers in titles and logs read well without String().
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/restrict-template-expressions": "off",
      "@typescript-eslint/no-confusing-void-expression": "off",
      "@typescript-eslint/no-useless-default-assignment": "off",
      // The emulators and the shop simulator follow systems that branch as they do.
      complexity: ["error", { max: 15, variant: "modified" }],
      "no-restricted-syntax": ["error", ...HOUSE_BANS, ...TITLE_BANS],
    },
  },
  {
    // Vitest reads its configuration from the default export.
    files: ["**/*.config.ts"],
    rules: { "no-restricted-syntax": "off" },
  },
);
