import type { SourceVerdict } from "../capture/check-source.ts";
import { type Finding, fault, ok, warning } from "./decide-findings.ts";

/** What the findings about stock are made of. */
export interface StockSetup {
  readonly keepsLedger: boolean;
  readonly owner: "shop" | "erp";
  readonly captureMode: "auto" | "polling";
  readonly source: SourceVerdict;
  /** `binlog_row_image` of the server. */
  readonly rowImage: string;
  /** The shop's settings by name; what is not set is missing. */
  readonly settings: Readonly<Record<string, string>>;
  /** At least one product is mapped to an item of the ERP. */
  readonly hasMappings: boolean;
  readonly shopExists: boolean;
  readonly shopId: number;
  readonly hasApiToken: boolean;
}

/** Settings of the shop that decide about stock. */
export const STOCK_SETTINGS = [
  "PS_STOCK_MANAGEMENT",
  "ERPSYNC_LOCK_CHECKOUT",
  "ERPSYNC_CAPTURE_STOCK",
] as const;

/** Decides on all that exact stock needs. */
export function decideStock(setup: StockSetup): readonly Finding[] {
  const findings = setup.keepsLedger
    ? [...decideLedger(setup), ...decideShopSettings(setup.settings), decideToken(setup.hasApiToken)]
    : [NO_LEDGER];
  return setup.owner === "erp" ? [...findings, ...decideOwner(setup)] : findings;
}

/** The configuration refuses an ERP that owns the stock without a ledger. */
const NO_LEDGER = warning(
  "stock-ledger",
  "stock.ledger is off: changes of stock are not explained, and lost decrements stay lost",
  "Set stock.ledger to true",
);

/** The ledger reads the binlog, whole rows; without it figures of the ERP would be written on no ground. */
function decideLedger({ captureMode, owner, rowImage, source }: StockSetup): readonly Finding[] {
  const finding = owner === "erp" ? fault : warning;
  const cost = owner === "erp" ? "no figure of the ERP is written" : "lost decrements stay lost";
  const tell = (why: string, remedy: string): Finding =>
    finding("stock-ledger", `The stock ledger cannot be kept, so ${cost}: ${why}`, remedy);
  if (captureMode === "polling") return [tell("capture.mode is polling", "Set capture.mode to auto")];
  if (source.mode === "polling") return source.reasons.map((reason) => tell("no binlog can be read", reason));
  if (rowImage !== "FULL") {
    return [tell(`binlog_row_image is ${rowImage}`, "SET GLOBAL binlog_row_image = 'FULL'")];
  }
  return [ok("stock-ledger", "The binlog tells every change of stock")];
}

function decideShopSettings(settings: StockSetup["settings"]): readonly Finding[] {
  const isOn = (name: (typeof STOCK_SETTINGS)[number]): boolean => settings[name] === "1";
  return [
    isOn("PS_STOCK_MANAGEMENT")
      ? ok("stock-management", "The shop manages its stock")
      : warning(
          "stock-management",
          "Stock management is off in the shop: orders take nothing, and the ledger expects nothing of them",
          "Shop parameters, product settings, enable stock management",
        ),
    isOn("ERPSYNC_LOCK_CHECKOUT")
      ? ok("stock-lock", "Checkouts of the same product take their stock one after the other")
      : warning(
          "stock-lock",
          "The module's lock around the checkout is off: concurrent orders overwrite each other's stock until the ledger puts it right",
          "Switch it on on the module's page (ERPSYNC_LOCK_CHECKOUT)",
        ),
    isOn("ERPSYNC_CAPTURE_STOCK")
      ? ok("stock-declared", "The module declares who moves stock")
      : warning(
          "stock-declared",
          "The module does not record stock movements: changes by people are told as unexplained",
          "Switch it on on the module's page (ERPSYNC_CAPTURE_STOCK)",
        ),
  ];
}

function decideToken(hasApiToken: boolean): Finding {
  return hasApiToken
    ? ok("api-token", "/api answers who knows the token")
    : warning(
        "api-token",
        "http.apiToken is not set, so /api answers nobody: other channels cannot report what they sold",
        "Set http.apiToken to at least 32 random characters, for instance from openssl rand -hex 32",
      );
}

function decideOwner({ hasMappings, shopExists, shopId }: StockSetup): readonly Finding[] {
  return [
    shopExists
      ? ok("stock-shop", `The ERP's figures are for shop ${String(shopId)}`)
      : fault(
          "stock-shop",
          `stock.shopId is ${String(shopId)}, and there is no such shop`,
          "Set it to the id_shop whose stock the ERP keeps",
        ),
    hasMappings
      ? ok("stock-mappings", "Products are mapped to items of the ERP")
      : fault(
          "stock-mappings",
          "stock.owner is erp and no product is mapped to an item of the ERP: no figure finds its row",
          "erpsync mapping import product FILE.csv",
        ),
  ];
}
