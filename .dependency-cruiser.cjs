// The import table of the design. Folders are stages, and stages hand over by a row, never by a call.
const PURE = "/(check|decide|diff|decode|plan|encode)-[^/]+\\.ts$";
const STATEMENTS = "[-/]statements\\.ts$";

/** What a folder may import besides itself; config.ts and the composition are nobody's to import. */
function only(name, from, to, comment) {
  return { name, severity: "error", comment, from, to: { path: "^sidecar/", pathNot: to } };
}

/** A package that one file alone may import. */
function door(packageName, file) {
  return {
    name: `one-door-${packageName}`,
    severity: "error",
    comment: `Only ${file} imports ${packageName}, so that it can be replaced in one place.`,
    from: { path: "^sidecar/", pathNot: file },
    to: { path: `(^|/)node_modules/${packageName}(/|$)` },
  };
}

module.exports = {
  forbidden: [
    only(
      "domain-alone",
      { path: "^sidecar/domain/" },
      ["^sidecar/domain/"],
      "The domain imports nothing but itself.",
    ),
    only(
      "platform-below",
      { path: "^sidecar/platform/" },
      ["^sidecar/(platform|domain)/", "^sidecar/erp/port\\.ts$"],
      "The platform knows no stage. Its HTTP client is the one that the ERP port describes.",
    ),
    only(
      "queue-below",
      { path: "^sidecar/queue/" },
      ["^sidecar/(queue|domain|platform)/"],
      "The queue knows no stage.",
    ),
    only(
      "shop-below",
      { path: "^sidecar/shop/" },
      ["^sidecar/(shop|domain|platform)/", "^sidecar/erp/port\\.ts$"],
      "The shop's side knows no stage; its commands go over the port's HTTP.",
    ),
    only(
      "stages-apart",
      { path: "^sidecar/(capture|ingest|orders|stock|feed|reconcile|identity)/" },
      ["^sidecar/$1/", "^sidecar/(domain|platform|queue|shop)/", "^sidecar/erp/port\\.ts$"],
      "A stage never imports another: stages hand over by a row.",
    ),
    only(
      "stock-in-order",
      { path: "^sidecar/stock/(?:writer|history)/" },
      [
        "^sidecar/stock/(writer|history)/",
        "^sidecar/stock/[^/]+\\.ts$",
        "^sidecar/(domain|platform|queue|shop)/",
      ],
      "Within stock/, writer and history are below the others.",
    ),
    only(
      "ledger-below",
      { path: "^sidecar/stock/ledger/" },
      [
        "^sidecar/stock/(ledger|writer)/",
        "^sidecar/stock/[^/]+\\.ts$",
        "^sidecar/(domain|platform|queue|shop)/",
      ],
      "The ledger knows nothing of snapshots and comparisons.",
    ),
    only(
      "snapshot-below",
      { path: "^sidecar/stock/snapshot/" },
      [
        "^sidecar/stock/(snapshot|writer|history)/",
        "^sidecar/stock/[^/]+\\.ts$",
        "^sidecar/(domain|platform|queue|shop)/",
        "^sidecar/erp/port\\.ts$",
      ],
      "A snapshot knows neither the ledger's inside nor the comparison.",
    ),
    {
      name: "reconcile-only-looks",
      severity: "error",
      comment:
        "Comparing orders flags and never fixes: it has neither the shop's commands nor the queue's marks.",
      from: { path: "^sidecar/reconcile/" },
      to: { path: "^sidecar/(shop/commands|queue/[^/]+)\\.ts$" },
    },
    only(
      "adapters-apart",
      { path: "^sidecar/erp/([^/]+)/" },
      ["^sidecar/erp/$1/", "^sidecar/erp/port\\.ts$", "^sidecar/domain/"],
      "An adapter gets HTTP, clock and log handed in.",
    ),
    only(
      "erp-below",
      { path: "^sidecar/erp/[^/]+\\.ts$" },
      ["^sidecar/erp/[^/]+\\.ts$", "^sidecar/(domain|platform)/"],
      "Port and limiter know no adapter.",
    ),
    only(
      "ops-below",
      { path: "^sidecar/ops/" },
      ["^sidecar/(ops|domain|platform|queue)/"],
      "Stages' actions and read models are handed to ops by wiring.",
    ),
    only(
      "config-alone",
      { path: "^sidecar/config\\.ts$" },
      ["^sidecar/domain/", "^sidecar/erp/port\\.ts$", "^sidecar/erp/[^/]+/adapter\\.ts$"],
      "The configuration knows words and the adapters' settings.",
    ),
    {
      name: "pure",
      severity: "error",
      comment:
        "What decides, diffs, decodes, plans or encodes has no hands: words (the port's errors too), pure files, zod, and types.",
      from: { path: `^sidecar/.*${PURE}` },
      to: {
        pathNot: [
          "^sidecar/domain/",
          "^sidecar/erp/port\\.ts$",
          `^sidecar/.*${PURE}`,
          "(^|/)node_modules/(@types/)?zod(/|$)",
          "^node:crypto$|^crypto$",
        ],
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "kysely-in-statements",
      severity: "error",
      comment: "SQL is written in statements and in the platform.",
      from: { path: "^sidecar/", pathNot: [STATEMENTS, "^sidecar/platform/"] },
      to: { path: "(^|/)node_modules/kysely(/|$)", dependencyTypesNot: ["type-only"] },
    },
    door("mysql2", "^sidecar/platform/database\\.ts$"),
    door("(@vlasky/)?zongji", "^sidecar/capture/binlog-tail\\.ts$"),
    door("p-queue", "^sidecar/queue/worker\\.ts$"),
    door("(bottleneck|ioredis)", "^sidecar/erp/limiter\\.ts$"),
    // The configuration checks the expression that the schedule reads.
    door("croner", "^sidecar/(platform/schedule|config)\\.ts$"),
    door("pino", "^sidecar/platform/log\\.ts$"),
    door("undici", "^sidecar/platform/http\\.ts$"),
    door("prom-client", "^sidecar/platform/metrics\\.ts$"),
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "no-orphans",
      severity: "error",
      comment: "Nobody imports it and it imports nobody.",
      from: { orphan: true, path: "^sidecar/", pathNot: "\\.d\\.ts$" },
      to: {},
    },
    {
      name: "no-dev-packages",
      severity: "error",
      comment: "What runs in production is a dependency.",
      from: { path: "^sidecar/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "no-tests-in-production",
      severity: "error",
      from: { path: "^sidecar/" },
      to: { path: "^test/" },
    },
    {
      name: "resolvable",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
    },
  },
};
