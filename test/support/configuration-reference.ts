import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { ConfigSchema } from "../../sidecar/config.ts";

const ERP_FOLDER = resolve(import.meta.dirname, "../../sidecar/erp");

/** A schema as JSON Schema says it, as far as the reference shows it. */
interface Described {
  readonly description?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: string;
  readonly format?: string;
  readonly default?: string | number | boolean | object;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Described>>;
  readonly additionalProperties?: Described | boolean;
  readonly oneOf?: readonly Described[];
  readonly anyOf?: readonly Described[];
}

/** The text of deploy/configuration.md, made from the schemas that the program checks the file with. */
export async function configurationReference(): Promise<string> {
  const whole = described(ConfigSchema);
  const sections = Object.entries(whole.properties ?? {});
  const parts = [
    "# Configuration",
    "Made from the schemas by `npm run docs`; a test compares. One YAML file; `${NAME}` in a text stands for the environment variable of that name. `deploy/erpsync.example.yaml` is a complete example. All faults are reported at once, each with its place in the file.",
    section("Top of the file", {
      ...whole,
      properties: Object.fromEntries(sections.filter(([, schema]) => schema.properties === undefined)),
    }),
    ...sections
      .filter(([, schema]) => schema.properties !== undefined)
      .flatMap(([name, schema]) => [section(`\`${name}\``, schema), ...within(name, schema)]),
  ];
  for (const name of adapterNames()) {
    const { settings } = (await import(join(ERP_FOLDER, name, "adapter.ts"))) as { settings: z.ZodType };
    const schema = described(settings);
    const path = `erp.${name}`;
    parts.push(section(`\`${path}\``, schema), ...within(path, schema), ...variants(path, schema));
  }
  return `${parts.join("\n\n")}\n`;
}

/** The adapters' names, which are their folders'. */
export function adapterNames(): readonly string[] {
  return readdirSync(ERP_FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(ERP_FOLDER, entry.name, "adapter.ts")))
    .map((entry) => entry.name);
}

function described(schema: z.ZodType): Described {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Described;
}

function section(title: string, schema: Described): string {
  const rows = Object.entries(schema.properties ?? {}).map(
    ([name, setting]) =>
      `| \`${name}\` | ${kindOf(setting)} | ${defaultOf(setting, schema.required?.includes(name) ?? false)} | ${setting.description ?? ""} |`,
  );
  const intro = (schema.description ?? "") === "" ? "" : `${schema.description ?? ""}\n\n`;
  return `## ${title}\n\n${intro}| setting | value | default | meaning |\n|---|---|---|---|\n${rows.join("\n")}`;
}

/** Sections within a section. */
function within(path: string, schema: Described): readonly string[] {
  return Object.entries(schema.properties ?? {})
    .filter(([, setting]) => setting.properties !== undefined)
    .map(([name, setting]) => section(`\`${path}.${name}\``, { ...setting, description: "" }));
}

/** Settings that come in several forms, each told by its `kind`. */
function variants(path: string, schema: Described): readonly string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, setting]) =>
    (setting.oneOf ?? []).map((form) =>
      section(`\`${path}.${name}\` of kind \`${String(form.properties?.["kind"]?.const)}\``, form),
    ),
  );
}

function kindOf(setting: Described): string {
  if (setting.enum !== undefined) return setting.enum.map((value) => `\`${String(value)}\``).join(" or ");
  if (setting.const !== undefined) return `\`${setting.const}\``;
  if (setting.oneOf !== undefined || setting.properties !== undefined) return "a section";
  if (setting.type === "object") return isOfTexts(setting) ? "a table of texts" : "a table of settings";
  if (setting.type === "array") return "a list of texts";
  if (setting.type === "boolean") return "`true` or `false`";
  if (setting.type !== "integer" && setting.type !== "number") {
    return setting.format === "uri" ? "address" : "text";
  }
  const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = setting;
  return maximum === Number.MAX_SAFE_INTEGER ? `${minimum} or more` : `${minimum} to ${maximum}`;
}

const isOfTexts = ({ properties, additionalProperties: inner }: Described): boolean =>
  properties === undefined && typeof inner === "object" && inner.type !== "object";

function defaultOf(setting: Described, isRequired: boolean): string {
  if (typeof setting.default === "object") {
    return Object.keys(setting.default).length === 0 ? "none" : `\`${JSON.stringify(setting.default)}\``;
  }
  if (setting.default !== undefined) return `\`${String(setting.default)}\``;
  return isRequired ? "required" : "none";
}
