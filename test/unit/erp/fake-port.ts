import type { ErpRef } from "../../../sidecar/domain/ids.ts";
import type { ErpCall, ErpPort } from "../../../sidecar/erp/port.ts";

/** A port whose calls end when the test says so. */
export interface FakePort {
  readonly port: ErpPort;
  /** Names of the calls that began, in their order. */
  readonly begun: string[];
  readonly inFlight: () => number;
  readonly maxInFlight: () => number;
  /** Ends the oldest open call, with an error where one is given. */
  readonly endOne: (error?: Error) => void;
  /** Ends all that are open and all that come. */
  readonly flow: () => void;
}

/** Makes one; `probe` is the call that tests use, named by the caller's `note` field. */
export function fakePort(): FakePort {
  const open: ((error?: Error) => void)[] = [];
  const begun: string[] = [];
  let inFlight = 0;
  let maxInFlight = 0;
  let flowing = false;
  const work = (call: ErpCall): Promise<void> => {
    begun.push(call.note.name);
    inFlight += 1;
    maxInFlight = Math.max(maxInFlight, inFlight);
    return new Promise<void>((resolve, reject) => {
      const end = (error?: Error): void => {
        inFlight -= 1;
        if (error === undefined) resolve();
        else reject(error);
      };
      if (flowing) setImmediate(end);
      else open.push(end);
    });
  };
  const none = (_: unknown, call: ErpCall): Promise<undefined> => work(call).then(() => undefined);
  const ref = (_: unknown, call: ErpCall): Promise<ErpRef> => work(call).then(() => "1" as ErpRef);
  const amend = (_ref: unknown, _body: unknown, call: ErpCall): Promise<void> => work(call);
  return {
    port: {
      name: "fake",
      capabilities: {
        uniqueKey: true,
        stockCountsOrders: true,
        payments: true,
        paymentsWithOrder: false,
        credits: true,
        stockPartitions: [],
      },
      probe: work,
      findCustomer: none,
      createCustomer: ref,
      amendCustomer: amend,
      findOrder: none,
      createOrder: (_body, _payments, call) => work(call).then(() => "1" as ErpRef),
      amendOrder: amend,
      cancelOrder: (_ref, call) => work(call),
      withdrawOrder: (_ref, call) => work(call),
      readOrder: none,
      findPayment: none,
      createPayment: ref,
      findCredit: none,
      createCredit: ref,
      readProgress: (_query, call) =>
        work(call).then(() => ({ orders: [], next: undefined, mark: undefined })),
      readStock: (_query, call) => work(call).then(() => ({ figures: [], next: undefined, mark: undefined })),
      close: () => Promise.resolve(),
    },
    begun,
    inFlight: () => inFlight,
    maxInFlight: () => maxInFlight,
    endOne: (error) => open.shift()?.(error),
    flow: () => {
      flowing = true;
      for (const end of open.splice(0)) end();
    },
  };
}

/** A call of that name and priority. */
export function namedCall(name: string, priority = 3, signal = new AbortController().signal): ErpCall {
  const note = (): void => undefined;
  Object.defineProperty(note, "name", { value: name });
  return { signal, priority, note };
}
