/** Which requests a fault meets; all that is named must agree. */
export interface FaultMatch {
  readonly method?: string;
  /** Part of the path, for instance `/salesOrder`. */
  readonly path?: string;
  /** External id in the body or in the path (`eid:…`). */
  readonly externalId?: string;
  /** Internal id of an item that is among the lines. */
  readonly itemId?: string;
}

/** What can go wrong. `times` limits it to that many requests; without it the fault stays until it is removed. */
export type Fault = { readonly match?: FaultMatch; readonly times?: number } & (
  | /** Each request takes this long before it is carried out. */ {
      readonly kind: "slow";
      readonly delayMs: number;
    }
  | /** 429 CONCURRENCY_LIMIT_EXCEEDED; `retryAfterSeconds` adds the header that NetSuite is not known to send. */ {
      readonly kind: "throttle";
      readonly retryAfterSeconds?: number;
    }
  | /** 500 UNEXPECTED_ERROR (or another 5xx), nothing is carried out. */ {
      readonly kind: "server-error";
      readonly status?: number;
    }
  | /** A page of HTML instead of JSON. */ { readonly kind: "html"; readonly status?: number }
  | /** 503 ACCT_TEMP_UNAVAILABLE. */ { readonly kind: "maintenance" }
  | /** The connection is destroyed before the request is carried out. */ { readonly kind: "cut-before" }
  | /** The request is carried out, then the connection is destroyed: the answer is lost. */ {
      readonly kind: "cut-after-commit";
    }
  | /** The request is carried out, and the connection destroyed in the middle of the answer. */ {
      readonly kind: "cut-mid-answer";
    }
  | /** Never answered and never carried out. */ { readonly kind: "hang-before" }
  | /** Carried out and never answered. */ { readonly kind: "hang-after-commit" }
  | /** Half of the rows of a query's page are missing from its answer, which says how many there were. */ {
      readonly kind: "half-page";
    }
  | /** A field of an item's row in a query's page has that value, or is missing. */ {
      readonly kind: "spoilt-row";
      readonly item: string;
      readonly field: string;
      readonly value?: unknown;
    }
  | /** 400 USER_ERROR, as a closed period or a script of the account refuses a record. */ {
      readonly kind: "reject";
      readonly detail?: string;
    }
);

/** A request, as far as faults are concerned. */
export interface FaultSubject {
  readonly method: string;
  readonly path: string;
  readonly externalId: string;
  readonly itemIds: readonly string[];
}

/** The faults that are switched on. */
export interface FaultSwitch {
  /** Switches a fault on; the id switches it off again. */
  readonly add: (fault: Fault) => number;
  readonly remove: (id: number) => void;
  readonly clear: () => void;
  /** The first fault of each kind that meets the request (and the filter), counted as used. */
  readonly take: (subject: FaultSubject, filter?: (fault: Fault) => boolean) => readonly Fault[];
}

/** A board with all switches off. */
export function createFaultSwitch(): FaultSwitch {
  const faults = new Map<number, { fault: Fault; left: number }>();
  let lastId = 0;
  return {
    add: (fault) => {
      lastId += 1;
      faults.set(lastId, { fault, left: fault.times ?? Number.POSITIVE_INFINITY });
      return lastId;
    },
    remove: (id) => {
      faults.delete(id);
    },
    clear: () => {
      faults.clear();
    },
    take: (subject, filter = () => true) => {
      const taken = new Map<string, Fault>();
      for (const [id, entry] of faults) {
        if (taken.has(entry.fault.kind) || !filter(entry.fault)) continue;
        if (!meets(entry.fault.match ?? {}, subject)) continue;
        taken.set(entry.fault.kind, entry.fault);
        entry.left -= 1;
        if (entry.left <= 0) faults.delete(id);
      }
      return [...taken.values()];
    },
  };
}

function meets(match: FaultMatch, subject: FaultSubject): boolean {
  return (
    (match.method === undefined || match.method === subject.method) &&
    (match.path === undefined || subject.path.includes(match.path)) &&
    (match.externalId === undefined || match.externalId === subject.externalId) &&
    (match.itemId === undefined || subject.itemIds.includes(match.itemId))
  );
}
