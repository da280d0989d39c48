import type { ErpRef } from "../domain/ids.ts";
import type { Mapping, MappingKind } from "./mapping-statements.ts";

/**
 * Kinds that people maintain; orders are mapped by acknowledgement alone. A payment or credit slip is mapped where people
 * booked it by hand, so that it is not sent any more.
 */
export const FILE_KINDS = [
  "product",
  "customer",
  "booked-payment",
  "booked-credit",
] as const satisfies readonly MappingKind[];
export type FileKind = (typeof FILE_KINDS)[number];

/** The first line of a mapping file. */
export const MAPPING_HEADER = ["shop_key", "external_id", "erp_ref"] as const;

/** A row of the file, with the line that it ends on. */
export interface FileRow {
  readonly line: number;
  readonly fields: readonly string[];
}

/** What a file says; with a fault nothing of it is used. */
export interface MappingFile {
  readonly mappings: readonly Mapping[];
  /** Each names its line and what to write instead. */
  readonly faults: readonly string[];
}

const PRODUCT_KEY = /^([1-9][0-9]{0,9})(?::(0|[1-9][0-9]{0,9}))?$/;
const ID_KEY = /^[1-9][0-9]{0,9}$/;
const PAYMENT_KEY = /^[1-9][0-9]{0,9}:[1-9][0-9]{0,9}$/;
/** What an external id may be: printable ASCII without blanks, as the column takes it. */
const EXTERNAL_ID = /^[\x21-\x7e]{1,96}$/;

const REF = /^.{1,96}$/;

const KEY_FORMS: Readonly<Record<FileKind, string>> = {
  product: "the product's id, or id:combination such as 12:34",
  customer: "the customer's id",
  "booked-payment": "the order's id and the payment's, such as 1001:77",
  "booked-credit": "the credit slip's id",
};

/** Decodes all rows of a mapping file, the header first; every faulty row is named. */
export function decodeMappings(kind: FileKind, rows: readonly FileRow[]): MappingFile {
  const [header, ...rest] = rows;
  const found = header?.fields.map((name) => name.toLowerCase()).join(",");
  if (found !== MAPPING_HEADER.join(",")) {
    return { mappings: [], faults: [`line 1: the header must be "${MAPPING_HEADER.join(",")}"`] };
  }
  const decoded = rest.map((row) => ({ line: row.line, ...decodeRow(kind, row) }));
  const faults = [
    ...decoded.flatMap(({ line, faults: ofRow }) => ofRow.map((fault) => ({ line, fault }))),
    ...repeated(decoded),
  ].sort((a, b) => a.line - b.line);
  return {
    mappings: faults.length > 0 ? [] : decoded.map(({ mapping }) => mapping),
    faults: faults.map(({ line, fault }) => `line ${String(line)}: ${fault}`),
  };
}

function decodeRow(
  kind: FileKind,
  { fields }: FileRow,
): { readonly mapping: Mapping; readonly faults: readonly string[] } {
  const [key = "", externalId = "", ref = ""] = fields;
  const shopKey = shopKeyOf(kind, key);
  const faults = [
    ...(fields.length === MAPPING_HEADER.length
      ? []
      : [`${String(fields.length)} fields instead of 3; a field with a comma needs quotes`]),
    ...(shopKey === undefined ? [`shop_key "${key}" must be ${KEY_FORMS[kind]}`] : []),
    ...(EXTERNAL_ID.test(externalId)
      ? []
      : [`external_id "${externalId}" must be 1 to 96 letters, digits or signs without blanks`]),
    ...(REF.test(ref) ? [] : [`erp_ref "${ref}" must be the ERP's own id, 1 to 96 characters`]),
  ];
  return { mapping: mappingRow(kind, shopKey ?? key, externalId, ref), faults };
}

function mappingRow(kind: FileKind, shopKey: string, externalId: string, ref: string): Mapping {
  return { kind, shopKey, externalId, ref: ref as ErpRef, fingerprint: null, origin: "import" };
}

function shopKeyOf(kind: FileKind, text: string): string | undefined {
  if (kind === "product") return productKey(text);
  return (kind === "booked-payment" ? PAYMENT_KEY : ID_KEY).test(text) ? text : undefined;
}

/** A product without combinations has the key `12:0`; people write `12`. */
function productKey(text: string): string | undefined {
  const match = PRODUCT_KEY.exec(text);
  return match === null ? undefined : `${match[1] ?? ""}:${match[2] ?? "0"}`;
}

function repeated(
  rows: readonly { readonly line: number; readonly mapping: Mapping }[],
): readonly { readonly line: number; readonly fault: string }[] {
  const firstLine = new Map<string, number>();
  const faults: { line: number; fault: string }[] = [];
  for (const { line, mapping } of rows) {
    const first = firstLine.get(mapping.shopKey);
    if (first === undefined) firstLine.set(mapping.shopKey, line);
    else faults.push({ line, fault: `shop_key ${mapping.shopKey} stands on line ${String(first)} already` });
  }
  return faults;
}
