// Each exported statement of the sidecar is one query, and reads by an index on both servers.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { deflateRawSync } from "node:zlib";
import type { LogEvent } from "kysely";
import type mysql from "mysql2/promise";
import { describe, expect, test } from "vitest";
import { openDatabase } from "../../sidecar/platform/database.ts";
import { eachServer } from "../support/each-server.ts";
import { migrateWorld } from "../support/sidecar.ts";
import { World } from "../support/world.ts";

const SIDECAR = resolve(import.meta.dirname, "../../sidecar");
/** Enough that an index is cheaper than reading the whole table. */
const ROWS = 2_000;

type Statement = (db: unknown, ...args: readonly unknown[]) => Promise<unknown>;
type Arguments = Readonly<Record<string, readonly unknown[]>>;

const HASH = "a".repeat(64);
const UUID = "0199f000-0000-7000-8000-000000000001";
const CLAIM = {
  subject: "order:7",
  token: UUID,
  attempts: 0,
  planHash: null,
  requested: false,
  released: false,
  heldMs: 0,
  alarmed: false,
  traceparent: null,
  eventAgeMs: undefined,
  claimedAtMs: 0,
};
const SETTLED = {
  state: "held",
  delayMs: 5_000,
  attempts: 0,
  planHash: null,
  code: "order-torn",
  reason: null,
  waitsFor: null,
};
const intent = (number: number): object => ({
  key: `order:7#${number}`,
  subject: "order:7",
  number,
  kind: "create",
  externalId: "PS-main-7",
  body: "{}",
  bodyHash: HASH,
  contentHash: null,
  shopState: 2,
  money: { payments: true, paymentsDue: true, credits: false },
});
const EVENT = {
  id: 1,
  event_id: UUID,
  type: "order.placed",
  version: 1,
  subject: "order:7",
  id_shop: 1,
  occurred_at: "2026-11-01 10:00:00.000000",
  traceparent: `00-${"1".repeat(32)}-${"2".repeat(16)}-01`,
  payload: null,
};
const EXCHANGE = { method: "POST", path: "/", request: "{}", status: 204, answer: "", tookMs: 1 };
const ATTEMPT = {
  subject: "order:7",
  key: "order:7#1",
  direction: "to_erp",
  purpose: "create",
  outcome: "ok",
  message: null,
  exchange: EXCHANGE,
  actor: "test:1",
};
const MAPPING = {
  kind: "order",
  shopKey: "7",
  externalId: "PS-main-7",
  ref: "700",
  fingerprint: null,
  origin: "sync",
};
const PROGRESS = {
  id_order: 7,
  erp_ref: "700",
  stage: "shipped",
  parcels: "[]",
  invoice_numbers: "[]",
  content_hash: HASH,
};
const ENTRY = {
  kind: "tax",
  selector: ["FR", "7", "", ""],
  firstDay: "1000-01-01",
  lastDay: "9999-12-31",
  ref: "20",
};
const IDENTITY = {
  installation: UUID,
  server: "",
  shopUrl: "shop.test/",
  orderHighWater: 1,
  customerHighWater: 1,
  exportAfterOrder: 0,
};
const MARK = { subject: "order:7", when: "now", traceparent: null };
const STOCK_WRITE = {
  row: 7,
  delta: 1,
  cause: "channel",
  source: "channel:pos:statements",
  orderId: null,
  actor: "pos",
  reason: "a test",
  undoes: null,
};
const RANGE = { since: "2026-11-01", until: "2026-12-01" };

const AT = "2026-11-20 10:00:00";
const LEDGER_ROW = {
  row: 7,
  product: 7,
  combination: 0,
  shop: 1,
  group: 0,
  managed: true,
  opening: 9,
  openedAt: AT,
  openedBecause: "first",
  position: 9,
  lastDeclared: 0,
  linesAfter: 0,
  linesOrder: 0,
  linesAt: null,
  linesFrom: 0,
  closedAt: null,
};
const NEW_MOVEMENT = {
  row: 7,
  changeId: 9,
  delta: -1,
  after: 8,
  cause: "sale",
  source: null,
  orderId: 7,
  actor: null,
  committedAt: AT,
};
const LINE_RECORD = {
  detailId: 7,
  row: 7,
  orderId: 7,
  factor: 1,
  whole: 1,
  units: 1,
  moved: 0,
  settled: 0,
  cause: "sale",
  changeId: 9,
  isAnnounced: true,
  firstSeenAt: AT,
};

const CHECK = {
  id_order: 7,
  currency: "EUR",
  decimals: 2,
  shop_state: 2,
  shop_customer: 7,
  shop_excl: 1_000,
  shop_incl: 1_200,
  shop_paid: 1_200,
  shop_credited: 0,
  reference_paid: 1_200,
  erp_ref: "700",
  erp_customer: "70",
  erp_cancelled: 0,
  erp_excl: 1_000,
  erp_incl: 1_300,
  erp_paid: null,
  erp_credited: null,
  kinds: "total",
  author: "erp",
  differences: "[]",
};

/** What each statement is called with, behind the database. A new statement joins here. */
const CALLS: Readonly<Record<string, Arguments>> = {
  "capture/statements.ts": {
    readVariables: [],
    readGrants: [],
    readBinaryLogs: [],
    readMysqlGtids: [],
    readMariadbGtids: ["binlog.000001"],
    readCheckpoint: [],
    writeCheckpoint: [{ server: "s", file: "f", position: 4, gtidSet: "" }],
    insertStockFacts: [[{ committedAtMs: 1_795_000_000_000, facts: [] }]],
    noteLedgerOff: [],
    takeLeaderLock: ["erpsync.test.statements", 0],
    holdsLeaderLock: ["erpsync.test.statements"],
    countMissedHooks: ["module-absent", [7, 8]],
    readModuleState: [],
    findOrdersByReference: [["REF000007"]],
  },
  "identity/statements.ts": {
    readIdentity: [],
    writeIdentity: [IDENTITY],
    raiseHighWater: [7, 7],
    writeStop: ["restored", "a test"],
    readEpochs: [],
    insertEpoch: [{ number: 2, firstOrderId: 8, firstCustomerId: 8 }],
    readShopMarks: [],
    readOrderMark: [7],
    readNextOrderId: ["ps_orders"],
    readServerUuid: [],
  },
  "identity/adopt-statements.ts": {
    pageOrders: [100, 0, 50],
    pageCustomers: [1, 0, 50],
    pageTraces: ["order", 100, 50],
    retireOperations: [["order:17"], 2],
    retireAttempts: [["order:17"], 2],
    retireCommands: [["order:17"], 2],
    deleteMappings: ["order", [17]],
    deleteConfirmations: [[17]],
    deleteProgress: [[17]],
    deleteParcels: [[17]],
    resetJobs: [["order:17"], "ready"],
    readyStrangers: [],
    askForStockPass: [],
    countClaims: [],
    lowestOrderAfter: [100, "2026-11-01 00:00:00"],
    readFirstStart: [],
  },
  "feed/progress-statements.ts": {
    readCursor: ["progress:fake"],
    moveCursor: ["progress:fake", "1", "2"],
    findOrdersUnderWay: [["PS-main-7", "PS-main-8"]],
    findOrders: [
      [
        { orderRef: "7", orderExternalId: "PS-main-7" },
        { orderRef: "8", orderExternalId: "PS-main-8" },
      ],
    ],
    readHashes: [[7, 8]],
    upsertProgress: [[PROGRESS]],
    insertPageAttempts: [
      "progress:fake",
      [{ outcome: "ok", message: null, exchange: EXCHANGE, answer: "{}", actor: "test:1" }],
    ],
  },
  "ingest/statements.ts": {
    outboxHasRows: [],
    lockOldestRows: [50],
    lockAnnouncedRows: [[7, 8]],
    knownEvents: [[UUID]],
    insertEvents: [[EVENT]],
    deleteRows: [[7]],
    outboxDepth: [],
  },
  "ingest/sweep-statements.ts": {
    ordersWithoutJob: [1_900, 50],
    highestOrder: [],
    hashOrders: [1_900, 50],
    rememberOrders: [[{ id: 7, hash: "b".repeat(32), seenHash: null }]],
    lastOrderBefore: ["2026-11-01 00:00:00"],
    lastOrderOlderThan: [7],
  },
  "ingest/backfill-statements.ts": {
    countOrders: [RANGE],
    pageBackfill: [RANGE, 1_900, 50],
    noteRequested: [["order:7"]],
  },
  "ops/lock-statements.ts": { isLockHeld: ["erpsync.test.statements"] },
  "ops/action-statements.ts": {
    insertActions: [[{ actor: "a", action: "dlq.resubmit", subject: "order:7", reason: "a test" }]],
  },
  "ops/dead-letter-statements.ts": {
    listJobs: [{ states: ["dead"] }, 50],
    lockResubmittable: [{ code: "E_DECODE" }, 50],
    resubmitJobs: [["order:7"]],
    releaseJob: ["order:7"],
    readJob: ["order:7"],
    readOperationsWithBodies: ["order:7", 50],
    readAttempts: ["order:7", 50],
    readEffects: ["order", "order:7"],
    readActions: ["order:7"],
    countMatching: [{ states: ["dead"] }],
  },
  "ops/doctor-statements.ts": {
    readServerFacts: [],
    readMostConnections: [],
    readDatabaseTime: [],
    tryRight: ["UPDATE", "erpsync_job", "subject"],
    readSettings: [["PS_STOCK_MANAGEMENT"]],
    readStockBasis: [1],
  },
  "ops/prune-statements.ts": {
    pageOldAttempts: [1_900, 90, 50],
    forgetBodies: [1_900, 1_910],
    forgetOperationBodies: [90, 50],
    deleteOldEvents: [90, 50],
    deleteLostChecks: [50],
    deleteOldPasses: [90, 50],
  },
  "ops/purge-statements.ts": {
    listOwnTables: ["ps_"],
    dropTable: ["ps_erpsync_not_there"],
    deleteModuleSettings: [],
  },
  "ops/status-statements.ts": {
    readAlarmed: [10],
    readOldestReady: [],
    readMissedHooks: [7],
    readStockStatus: [],
  },
  "ops/gdpr-statements.ts": {
    pageOrdersOf: [7, 0, 50],
    pageBodies: ["order:7#1", 50],
    readCustomerWords: [7],
    readAddressWords: [7],
    accountsWithEmail: ["nobody@example.com", 7],
    exportedOrders: [[7, 8]],
    pageActions: [1_900, 50],
    rewriteReason: [7, "r"],
    lockJob: ["order:7"],
    eraseAttempts: ["order:7", 50],
    lockUnerased: ["order:7"],
    eraseOperation: ["order:7#1", "{}"],
    eraseJobReason: ["order:7"],
    eraseEvents: ["order:7"],
    outboxRowsOf: [["order:7"]],
    eraseOutbox: [[7, 8]],
  },
  "orders/attempt-statements.ts": { insertAttempts: [[ATTEMPT]] },
  "orders/entry-statements.ts": {
    raiseEntryRevision: ["tax"],
    readEntryRevisions: [],
    readEntries: ["tax"],
    upsertEntries: [[ENTRY]],
    deleteEntries: ["tax", [ENTRY, { ...ENTRY, selector: ["FR", "8", "", ""] }]],
  },
  "orders/mapping-statements.ts": {
    readMappings: [[{ kind: "order", shopKey: "7" }]],
    upsertMappings: [[MAPPING]],
    deleteMapping: ["order", "7"],
    pageMappings: ["order", "1900", 50],
  },
  "orders/progress-statements.ts": { readProgress: [7] },
  "orders/operation-statements.ts": {
    isWritingStopped: [],
    readOperations: ["order:7"],
    readOperationBody: ["order:7#1"],
    insertIntent: [intent(2)],
    insertFreshIntent: [CLAIM, intent(3), 60_000],
    noteOperationFailure: ["order:7#1", "ambiguous"],
    acknowledgeOperation: ["order:7#1", "700", HASH],
    insertSyncLog: [
      {
        resource: "order",
        externalId: "PS-main-7",
        operation: "create",
        key: "order:7#1",
        ref: "700",
        bodyHash: HASH,
      },
    ],
    settleInAcknowledgement: [CLAIM, true, 60_000],
    upsertConfirmation: [{ orderId: 7, erp: "netsuite", externalId: "PS-main-7", ref: "700" }],
    deleteConfirmation: [7],
  },
  "queue/mark-statements.ts": {
    requireJob: ["customer:7"],
    markJobs: [[MARK]],
    knownSubjects: [["order:7"]],
    newlyMarked: [["order:7"]],
  },
  "queue/statements.ts": {
    lockReadyJobs: ["orders", 8],
    lockMarkedJobs: ["orders", ["order:1", "order:2"]],
    stampClaims: [["order:7"], { token: UUID, by: "test:1", leaseMs: 60_000 }],
    renewLease: [CLAIM, 60_000],
    settleJob: [CLAIM, SETTLED],
    readyDueJobs: ["orders"],
    readyWaitingJobs: [["customer:7"]],
    rescueJobs: [false],
    raiseWorkingGenerations: [],
    refundAttempts: [["order:7"]],
    noteAlarm: [CLAIM],
    countJobs: [],
  },
  "shop/mapping-facts-statements.ts": {
    readTaxSettings: [],
    pageMappedOrders: [90, { placedAt: "2026-11-20 00:00:00", id: 7 }, 50],
    readTaxedLines: [[7, 8]],
  },
  "reconcile/order-check-statements.ts": {
    readTime: [],
    readChecks: [[7, 8]],
    upsertChecks: [[{ ...CHECK, agreed: null }], AT],
    deleteChecks: [[7, 8]],
    countDiffering: [],
    listDiffering: [0, 50],
  },
  "reconcile/order-statements.ts": {
    pageMovedOrders: [1, 1_900, 50],
    pagePlacedOrders: [
      { from: "2026-11-20 00:00:00", until: "2026-11-21 00:00:00" },
      { id: 7, placedAt: "2026-11-20 00:00:00" },
      50,
    ],
    readOrderJobs: [[7, 8]],
    readRefs: [[7, 8], [7]],
    readAcknowledgedOperations: [[7, 8]],
  },
  "reconcile/run-statements.ts": {
    insertOrderRun: [{ state: "asked", scope: "2026-10", actor: "a" }],
    beginOrderRun: [7],
    withdrawOrderRun: [8],
    finishOrderRun: [7, { state: "done", compared: 9 }],
    endBrokenOrderRuns: [],
    deleteOldOrderRuns: [90, 50],
    readOrderAgenda: ["schedule"],
    readOrderRun: [7],
  },
  "shop/order-amounts-statements.ts": {
    readOrderAmounts: [[7, 8]],
    readReferencePayments: [["REF000007", "REF000008"]],
    readSlipAmounts: [[7, 8]],
  },
  "shop/anonymous-statements.ts": { isAnonymousCustomer: [7] },
  "shop/money-statements.ts": {
    readOrderPayments: [7],
    readSiblings: [7],
    readSlips: [7],
    readSlipLines: [7],
    readInvoiceNumbers: [7],
  },
  "shop/order-statements.ts": {
    readOrder: [7],
    readOrderAddresses: [7],
    readOrderLines: [7],
    readOrderTaxes: [7],
    readOrderDiscounts: [7],
    readOrderCustomisations: [7],
    readCustomer: [7],
  },
  "stock/snapshot/buffer-statements.ts": {
    readBuffers: [],
    writeBuffer: [{ product: 7, combination: 0, units: 2 }],
    deleteBuffer: [7, 0],
  },
  "stock/snapshot/catalogue-statements.ts": {
    readStockScope: [1],
    pageCatalogue: [{ shop: 1, group: 0 }, 1_900, 50],
    findCatalogue: [{ shop: 1, group: 0 }, ["7", "8"]],
    readRowPositions: [[7, 8]],
    readRowsMovedElsewhere: [[7, 8], "2026-11-01 10:00:00.000000"],
    isLedgerOpening: [],
  },
  "stock/history/discrepancy-statements.ts": {
    listDiscrepancies: [{ kind: "drift", all: false }, 50],
    listDiscrepanciesOf: [7, 50],
    lockDiscrepancy: [7],
    resolveDiscrepancies: [[7, 8], "shop"],
    upsertDrifts: [[{ row: 7, shopUnits: 9, ledgerUnits: 9, erpUnits: 8, detail: "{}" }]],
    endDrifts: [[7, 8], "passed"],
    readOpenKinds: [[7, 8]],
    readRowState: [7],
    readMovedSince: [7, 1],
  },
  "stock/ledger/episode-statements.ts": {
    lockOpenRows: [[7, 8], { quietMs: 2_000, overdueMs: 30_000 }],
    readQuantities: [[7, 8]],
    readPending: [[7, 8], 2_000],
    readLate: [[7, 8]],
    readLosses: [[7, 8]],
    readOwedLines: [[7, 8], 2_000],
    readPassingLines: [[7, 8], 500],
    readAnnounced: [[7, 8]],
    readDeclaredMovements: [
      new Map([
        [7, 0],
        [8, 9],
      ]),
    ],
    readDeclaredEvents: [["stock:7:0:1"], "2026-11-20 10:00:00"],
    readBookedSources: [["line:7:7#1"]],
    readOwnSales: [[7, 8]],
    countRepairs: [[7, 8]],
    sumCombinations: [[7, 8]],
    readLastChanges: [[7, 8]],
    readEarlier: [
      new Map([
        [7, 1_900],
        [8, 1_900],
      ]),
      50,
    ],
  },
  "stock/history/explain-statements.ts": {
    readLedgerRows: [{ product: 7, combination: 0, shop: 1 }],
    readShopRows: [{ product: 7, combination: 0, shop: 1 }],
    readOpening: [7],
    readBalance: [7],
    findWindowStart: [7, 200],
    findFirstSince: [7, "2026-11-20 10:00:00"],
    sumMovementsBefore: [7, 1_900],
    pageMovements: [7, 0, 500],
    readWritesBySource: [["line:7:7#1"]],
    readOwed: [7, 50],
  },
  "stock/snapshot/fence-statements.ts": {
    insertFence: [],
    isFenceAhead: [7],
    deleteFence: [7],
  },
  "stock/snapshot/in-flight-statements.ts": {
    ordersInState: ["parked"],
    ordersAcknowledgedSince: ["2026-11-20 10:00:00"],
    ordersInOutbox: [],
    ordersWithLinesOnly: [{ after: 1_900, until: 1_950 }],
    ordersWithGoodsHere: [{ after: 1_900, until: 1_950 }],
    highestOrderWithLines: [],
    readOrderUnits: [[7, 8]],
    readSends: [[7, 8]],
    readSentBodies: [["order:7#1", "order:8#1"]],
    readOrderMappings: [[7, 8]],
  },
  "stock/writer/announcement-statements.ts": {
    hasDueAnnouncements: [],
    lockDueAnnouncements: [50],
    noteAnnouncementAttempt: [[7, 8], 1, 60_000],
    readRevived: [[7, 8]],
    deleteAnnouncements: [[7, 8], 1],
  },
  "stock/writer/channel-statements.ts": {
    readShopPlaces: [[1]],
    findReferences: [["SKU-0007", "SKU-0008"]],
    listStockRows: [[7, 8]],
    readWritten: [["line:7:7#1"]],
  },
  "stock/writer/undo-statements.ts": {
    readRecordedWrite: [7],
    findWriteBySource: ["line:7:7#1"],
  },
  "stock/ledger/ledger-statements.ts": {
    readLedgerState: [],
    readInbox: [300],
    takeInbox: [[7, 8]],
    insertInboxMark: [],
    readLedgerRows: [[7, 8]],
    upsertLedgerRows: [[LEDGER_ROW]],
    touchRows: [[7, 8]],
    touchOwing: [[7, 8]],
    readParentRows: [[7, 8]],
    readRowsOfSubjects: [[{ product: 7, combination: 0 }]],
    insertMovements: [[NEW_MOVEMENT]],
    readOwnWrites: [[7, 8]],
    upsertBroken: [[{ row: 7, shopUnits: 9, ledgerUnits: 8 }], "gap"],
  },
  "stock/ledger/line-statements.ts": {
    readShopLines: [[7, 8]],
    readPackItems: [[7, 8]],
    readStockPlaces: [[{ product: 7, combination: 0 }]],
    readShopPlaces: [],
    readShopSettings: [["PS_OS_CANCELED"]],
    readLineRecords: [[7, 8], [7]],
    lockLineRecords: [[7, 8]],
    upsertLineRecords: [[LINE_RECORD]],
    sumOwed: [[7, 8]],
    readLastLine: [],
  },
  "stock/reconcile/reconcile-statements.ts": {
    insertReconciliation: [{ state: "asked", dryRun: true, actor: "a" }],
    beginReconciliation: [7],
    withdrawReconciliation: [8],
    finishReconciliation: [7, { state: "done", compared: 9 }],
    endBrokenReconciliations: [],
    readAgenda: ["schedule"],
    readReconciliation: [7],
    pageSeenRows: [1_900, 50, 2_000],
    readSeenRows: [[7, 8], 2_000],
    readLastOfCauses: [
      [7, 8],
      ["gap", "snapshot"],
    ],
    readSuspects: [[7, 8]],
    readLastMovements: [[7, 8]],
    readOrdersUnderWay: [[7, 8]],
  },
  "stock/writer/pace-statements.ts": { readThreadsRunning: [] },
  "stock/ledger/pass-statements.ts": {
    readOpenPasses: [],
    lacksFirstPass: [],
    insertPass: ["verify", null],
    beginPass: [{ id: 1, reason: "verify" }, 1_000],
    finishPasses: [1],
    notePass: [1, { nextRow: 250 }],
    countPass: [1],
    pageStockRows: [1_900, 50],
    readOpenRowIds: [1_900, 1_950],
    lockFreeRows: [[7, 8]],
    lockRow: [7],
    readHighest: [],
    insertCheck: [{ pass: 1, lastLine: 7, observed: {} }],
    readChecks: [[7, 8]],
    deleteChecks: [[7, 8]],
    countChecks: [1],
    resetLines: [[7, 8], 7, 1],
    forgetLinesAfter: [1_990, 50],
    pageRecentOrders: [1_900, 90, 50],
  },
  "stock/ledger/settle-statements.ts": {
    explainMovements: [[{ ...NEW_MOVEMENT, id: 7, source: "line:7:7#2", readAt: AT }]],
    insertParts: [[{ ...NEW_MOVEMENT, id: 7, readAt: AT }]],
    noteAnnounced: [[7, 8]],
    markSettled: [[7, 8]],
    noteDeclared: [new Map([[7, 9]])],
    noteUnmanaged: [[7, 8]],
    readOpenFindings: [[{ row: 7, kind: "oversell" }]],
    upsertFindings: [[{ row: 7, kind: "oversell", ledgerUnits: -1, detail: { units: 1, orders: [7] } }]],
    endFindings: [[{ row: 7, kind: "oversell" }]],
    readOutOfStock: [[7, 8]],
    readLatestLines: [7, 200],
    readUnsettled: [2_000, [7], 200],
    readOverdue: [30_000, [7], 200],
    countOpen: [],
  },
  "stock/snapshot/snapshot-statements.ts": {
    latestSnapshots: [],
    listSnapshots: [20],
    readSnapshot: [7],
    insertSnapshot: [{ kind: "full", part: "", state: "asked" }],
    beginSnapshot: [7, "full"],
    finishSnapshot: [7, { state: "failed", reason: "a test" }],
    judgeSnapshot: [7, "released", "a test"],
    oldSnapshots: [90, 50],
    deleteSnapshots: [[7]],
    insertPageAttempts: [
      [
        {
          subject: "stock-snapshot:7",
          outcome: "ok",
          message: null,
          exchange: EXCHANGE,
          answer: "{}",
          actor: "test:1",
        },
      ],
    ],
    readTime: [],
  },
  "stock/writer/writer-statements.ts": {
    productsOfRows: [[7, 8]],
    countStockRows: [[7, 8]],
    takeProductLocks: [["erpsync.test.statements.7", "erpsync.test.statements.8"], 0],
    freeProductLocks: [["erpsync.test.statements.7", "erpsync.test.statements.8"]],
    isStockWritingStopped: [],
    lockStockRows: [[7, 8]],
    readPositions: [[7, 8]],
    findSources: [["line:7:7#1", "line:8:8#1"]],
    insertWrites: [[{ ...STOCK_WRITE, quantityAfter: 1 }]],
    moveQuantities: [
      new Map([
        [7, 1],
        [8, -1],
      ]),
    ],
    moveLines: [
      [
        { detail: 7, row: 7, delta: 1 },
        { detail: 8, row: 8, delta: -1 },
      ],
    ],
    askAnnouncements: [[7, 8]],
  },
};

/** Statements that are not exactly one query, with the reason. */
const NOT_ONE_QUERY: Readonly<Record<string, { readonly queries: number; readonly reason: string }>> = {};

/** Tables with so few rows, always, that reading all of them is the best that can be done. */
const SMALL_TABLES =
  /erpsync_(identity|epoch|checkpoint|missed_hook|stock_pass|mapping_revision)$|_(module|module_shop|hook|hook_module)$|_(shop|shop_group|shop_url|currency|country|state|carrier|order_state|configuration)$/;

/** Statements that may read a whole table, with the reason. */
const WHOLE_TABLE: Readonly<Record<string, string>> = {
  "stock/ledger/pass-statements.ts countChecks": "the checks on their way through the binlog, a handful",
  "stock/ledger/pass-statements.ts countPass": "once a pass, which has just looked at all rows itself",
  "stock/snapshot/buffer-statements.ts readBuffers": "people set them by hand, and all of them are wanted",
  "ops/gdpr-statements.ts outboxRowsOf": "the outbox is empty but when nobody ingests; once an erasure",
  "stock/snapshot/in-flight-statements.ts ordersInOutbox": "the outbox is empty but when nobody ingests",
  "ingest/sweep-statements.ts ordersWithoutJob": "the outbox, once; it is empty but when nobody ingests",
  "ops/purge-statements.ts listOwnTables": "the data dictionary, once in an installation's life",
  "ingest/statements.ts outboxDepth":
    "the outbox is empty but when nobody ingests; read by probes and gauges only",
};

const SOURCES = readdirSync(SIDECAR, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .sort();
const FILES = SOURCES.filter((file) => /[-/]statements\.ts$/.test(file));

async function load(file: string): Promise<Readonly<Record<string, Statement>>> {
  const module = (await import(join(SIDECAR, file))) as Readonly<Record<string, unknown>>;
  const functions = Object.entries(module).filter(([, value]) => typeof value === "function");
  return Object.fromEntries(functions) as Record<string, Statement>;
}

/** Copies one row of a table many times, with what differs; the copies' ids follow the highest. */
async function multiply(
  world: World,
  table: string,
  change: (number: number) => Readonly<Record<string, unknown>>,
): Promise<void> {
  const [row] = await world.rows(`SELECT * FROM ${world.table(table)} LIMIT 1`);
  const columns = Object.keys({ ...row, ...change(1) });
  const values = Array.from({ length: ROWS }, (_, index) => {
    const copy: Record<string, unknown> = { ...row, ...change(index + 1) };
    return columns.map((column) => copy[column]);
  });
  // As PHP writes: dates of nothing are zeros.
  const connection = await world.connection();
  await connection.query("SET SESSION sql_mode = ''");
  await connection.query(`REPLACE INTO ${world.table(table)} (??) VALUES ?`, [columns, values]);
  await connection.end();
}

const STATES = ["done", "done", "done", "done", "done", "done", "ready", "held", "parked", "dead"];

/** A shop that has run for a while: some thousand orders, nearly all of them done. */
async function grownWorld(server: World["server"]): Promise<World> {
  const world = await World.create({ server, seed: { customers: 40 } });
  await migrateWorld(world);
  await world.shop().placeOrder({ customerId: 1, lines: [{ productId: 1, quantity: 1 }], paid: true });
  const day = (number: number): string =>
    new Date(Date.UTC(2026, 10, 21) - number * 3_600_000).toISOString().slice(0, 19).replace("T", " ");
  await multiply(world, "orders", (n) => ({
    id_order: n,
    reference: `REF${String(n).padStart(6, "0")}`,
    id_customer: (n % 40) + 1,
    date_add: day(ROWS - n),
  }));
  await multiply(world, "order_detail", (n) => ({ id_order_detail: n, id_order: n }));
  await multiply(world, "order_detail_tax", (n) => ({ id_order_detail: n }));
  await multiply(world, "order_cart_rule", (n) => ({
    id_order_cart_rule: n,
    id_order: n,
    id_cart_rule: n,
    name: "Voucher",
  }));
  await multiply(world, "order_history", (n) => ({ id_order_history: n, id_order: n }));
  await multiply(world, "order_payment", (n) => ({
    id_order_payment: n,
    order_reference: `REF${String(n).padStart(6, "0")}`,
  }));
  await multiply(world, "customer", (n) => ({ id_customer: n }));
  await multiply(world, "address", (n) => ({ id_address: n, id_customer: (n % 40) + 1 }));
  await multiply(world, "erpsync_outbox", (n) => ({
    ...EVENT,
    id: n,
    event_id: `0199f000-0000-7000-8000-${String(n).padStart(12, "0")}`,
  }));
  await multiply(world, "erpsync_event", (n) => ({
    event_id: `0199f000-0000-7000-9000-${String(n).padStart(12, "0")}`,
    type: "order.placed",
    version: 1,
    subject: `order:${n}`,
    id_shop: 1,
    occurred_at: day(n),
    ingested_at: day(n),
  }));
  await multiply(world, "erpsync_job", (n) => ({
    subject: `order:${n}`,
    lane: "orders",
    state: STATES[n % STATES.length] ?? "done",
    run_at: AT,
    reason_code: n % 10 === 8 ? "E_DECODE" : null,
    waits_for: n % 10 === 7 ? `customer:${n}` : null,
    alarmed_at: n % 100 === 7 ? AT : null,
    created_at: AT,
    updated_at: AT,
  }));
  await multiply(world, "erpsync_operation", (n) => ({
    op_key: `order:${n}#1`,
    subject: `order:${n}`,
    number: 1,
    kind: "create",
    external_id: `PS-main-${n}`,
    state: "acknowledged",
    body: deflateRawSync("{}"),
    body_hash: HASH,
    created_at: AT,
  }));
  await multiply(world, "erpsync_attempt", (n) => ({
    id: n,
    subject: `order:${n}`,
    direction: "to_erp",
    purpose: "create",
    outcome: "ok",
    method: "POST",
    path: "/",
    status: 204,
    request_hash: HASH,
    answer_hash: HASH,
    took_ms: 1,
    actor: "test:1",
    ended_at: day(n),
  }));
  await multiply(world, "erpsync_sync_log", (n) => ({
    id: n,
    resource: "order",
    external_id: `PS-main-${n}`,
    operation: "create",
    source_event_id: `order:${n}#1`,
    erp_ref: String(n),
    body_hash: HASH,
    at: AT,
  }));
  await multiply(world, "erpsync_mapping", (n) => ({
    kind: "order",
    shop_key: String(n),
    external_id: `PS-main-${n}`,
    erp_ref: String(n),
    origin: "sync",
    updated_at: AT,
  }));
  await multiply(world, "erpsync_mapping_entry", (n) => ({
    kind: n % 10 === 0 ? "tax" : "payment",
    selector: `["FR","${n}","",""]`,
    first_day: "1000-01-01",
    last_day: "9999-12-31",
    erp_ref: "20",
    updated_at: AT,
  }));
  await multiply(world, "erpsync_progress", (n) => ({ ...PROGRESS, id_order: n, changed_at: AT }));
  await multiply(world, "erpsync_parcel", (n) => ({
    id_order: n,
    ref: "S1",
    id_order_carrier: n,
    tracking_number: "T1",
  }));
  await multiply(world, "erpsync_cursor", (n) => ({ feed: `progress:erp${n}`, mark: "1", updated_at: AT }));
  await multiply(world, "erpsync_action", (n) => ({
    id: n,
    at: AT,
    actor: "a",
    action: "x",
    subject: `order:${n}`,
    reason: "r",
  }));
  await multiply(world, "erpsync_order_seen", (n) => ({
    id_order: n,
    content_hash: "c".repeat(32),
    seen_at: AT,
  }));
  await multiply(world, "erpsync_order_check", (n) => ({
    ...CHECK,
    id_order: n,
    checked_at: AT,
    kinds: n % 100 === 0 ? "total" : null,
    first_seen_at: null,
    agreed_at: AT,
    agreed: "{}",
  }));
  await multiply(world, "erpsync_order_reconciliation", (n) => ({
    id: n,
    state: n % 500 === 0 ? "asked" : "done",
    scope: "3",
    actor: n % 2 === 0 ? "schedule" : "ada",
    started_at: day(ROWS - n),
  }));
  await multiply(world, "order_slip", (n) => ({
    id_order_slip: n,
    id_order: n,
    id_customer: 1,
    partial: 0,
    date_add: AT,
    date_upd: AT,
  }));
  await multiply(world, "order_slip_detail", (n) => ({ id_order_slip: n, id_order_detail: n }));
  await multiply(world, "product", (n) => ({
    id_product: n,
    reference: `SKU-${String(n).padStart(4, "0")}`,
  }));
  await multiply(world, "product_attribute", (n) => ({
    id_product_attribute: n,
    id_product: n,
    reference: `SKU-${String(n).padStart(4, "0")}-1`,
    default_on: null,
  }));
  await multiply(world, "stock_available", (n) => ({ id_stock_available: n, id_product: n }));
  await multiply(world, "erpsync_stock_row", (n) => ({
    id_stock_available: n,
    id_product: n,
    id_product_attribute: 0,
    id_shop: 1,
    id_shop_group: 0,
    managed: 1,
    opening: 100,
    opened_at: AT,
    opened_because: "first",
    position: 100,
    unsettled: n % 100 === 0 ? 1 : 0,
    changed_at: AT,
  }));
  await multiply(world, "erpsync_stock_movement", (n) => ({
    id: n,
    id_stock_available: n,
    change_id: n,
    delta: -1,
    quantity_after: 99,
    cause: n % 100 === 0 ? "pending" : "sale",
    source: `line:${n}:${n}#1`,
    id_order: n,
    committed_at: AT,
    read_at: AT,
  }));
  await multiply(world, "erpsync_stock_write", (n) => ({
    id: n,
    source: `line:${n}:${n}#1`,
    id_stock_available: n,
    delta: -1,
    quantity_after: 99,
    cause: "sale",
    id_order: n,
    actor: "ledger",
    reason: "r",
    at: AT,
  }));
  await multiply(world, "erpsync_stock_line", (n) => ({
    id_order_detail: n,
    id_stock_available: n,
    id_order: n,
    units: 1,
    moved: -1,
    owed: n % 100 === 0 ? 1 : 0,
    change_id: n,
    announced: 1,
    first_seen_at: AT,
    changed_at: AT,
  }));
  await multiply(world, "erpsync_stock_discrepancy", (n) => ({
    id: n,
    kind: "drift",
    open_key: n % 100 === 0 ? `drift:${n}` : null,
    id_stock_available: n,
    detail: "{}",
    found_at: AT,
    resolved_at: n % 100 === 0 ? null : AT,
  }));
  await multiply(world, "erpsync_stock_snapshot", (n) => ({
    id: n,
    kind: n % 20 === 0 ? "full" : "delta",
    part: "",
    state: n % 50 === 0 ? "failed" : "applied",
    started_at: day(ROWS - n),
  }));
  await multiply(world, "erpsync_stock_buffer", (n) => ({
    id_product: n,
    id_product_attribute: 0,
    units: 1,
    updated_at: AT,
  }));
  await multiply(world, "stock_mvt", (n) => ({
    id_stock_mvt: n,
    id_stock: n,
    id_stock_mvt_reason: 11,
    id_employee: 1,
    physical_quantity: 1,
    sign: 1,
    date_add: AT,
  }));
  await multiply(world, "pack", (n) => ({
    id_product_pack: n,
    id_product_item: n + 1,
    id_product_attribute_item: 0,
    quantity: 1,
  }));
  await multiply(world, "product", (n) => ({ id_product: n }));
  await multiply(world, "product_shop", (n) => ({ id_product: n, id_shop: 1 }));
  await multiply(world, "erpsync_stock_reconciliation", (n) => ({
    id: n,
    state: n % 500 === 0 ? "asked" : "done",
    actor: n % 2 === 0 ? "schedule" : "ada",
    started_at: day(ROWS - n),
  }));
  await multiply(world, "erpsync_stock_announcement", (n) => ({ id_stock_available: n, run_at: day(n) }));
  const tables = await world.rows<Record<string, string>>("SHOW FULL TABLES WHERE Table_type = 'BASE TABLE'");
  const names = tables.map((row) => Object.values(row)[0]);
  await world.pool.query(`ANALYZE TABLE ${names.map((name) => `\`${name ?? ""}\``).join(", ")}`);
  return world;
}

/** The tables that the server would read as a whole. */
async function wholeTables(world: World, event: LogEvent): Promise<readonly string[]> {
  const { sql, parameters } = event.query;
  if (
    !/^\s*(select|update|delete|insert[\s\S]*select|with)\b/i.test(sql) ||
    !/\bfrom\b|^\s*update/i.test(sql)
  )
    return [];
  const format = world.server.kind === "mysql" ? "FORMAT=TRADITIONAL " : "";
  const [rows] = await world.pool.query<mysql.RowDataPacket[]>(`EXPLAIN ${format}${sql}`, [...parameters]);
  const aliases = new Map(
    [...sql.matchAll(/`(\w+)`(?:\s+as)?\s+`?(\w+)`?/gi)].map((match) => [match[2] ?? "", match[1] ?? ""]),
  );
  return rows
    .filter((row) => row["type"] === "ALL" && !String(row["table"]).startsWith("<"))
    .map((row) => aliases.get(String(row["table"])) ?? String(row["table"]))
    .filter((table) => !SMALL_TABLES.test(table) && !SMALL_TABLES.test(`_${table}`));
}

describe("the table of calls", () => {
  test("names every statement that there is, and none that is gone", async () => {
    const known = Object.fromEntries(
      FILES.map((file) => [file, Object.keys(CALLS[file] ?? {}).sort()] as const),
    );
    const there: Record<string, string[]> = {};
    for (const file of FILES) there[file] = Object.keys(await load(file)).sort();
    expect(known).toEqual(there);
  });

  test("covers every file that writes SQL with the builder outside of the platform", () => {
    const writers = SOURCES.filter(
      (file) =>
        !file.startsWith("platform/") &&
        /import (?!type)[^;]*from "kysely"/.test(readFileSync(join(SIDECAR, file), "utf8")),
    );
    expect(writers.filter((file) => !FILES.includes(file))).toEqual([]);
  });
});

eachServer("every statement", (server) => {
  test("is one query, and reads no table as a whole", { timeout: 120_000 }, async () => {
    await using world = await grownWorld(server);
    const events: LogEvent[] = [];
    const db = openDatabase(
      { ...world.settings, connections: 2 },
      {
        onQuery: (event) => {
          if (!/^(begin|start transaction|commit|rollback)$/i.test(event.query.sql)) events.push(event);
        },
      },
    );
    const faults: string[] = [];
    try {
      for (const file of FILES) {
        for (const [name, statement] of Object.entries(await load(file))) {
          const title = `${file} ${name}`;
          if (server.kind === "mysql" && name === "readMariadbGtids") continue;
          if (server.kind === "mariadb" && name === "readMysqlGtids") continue;
          events.length = 0;
          await db
            .transaction()
            .execute((tx) => statement(tx, ...(CALLS[file]?.[name] ?? [])))
            .catch((thrown: unknown) => faults.push(`${title} failed: ${String(thrown)}`));
          const wanted = NOT_ONE_QUERY[title]?.queries ?? 1;
          if (events.length !== wanted) faults.push(`${title} made ${events.length} queries`);
          for (const event of [...events]) {
            const whole =
              WHOLE_TABLE[title] === undefined
                ? await wholeTables(world, event).catch((thrown: unknown) => [String(thrown)])
                : [];
            if (whole.length > 0) faults.push(`${title} reads all of ${whole.join(", ")}`);
          }
        }
      }
    } finally {
      await db.destroy();
    }
    expect(faults).toEqual([]);
  });
});
