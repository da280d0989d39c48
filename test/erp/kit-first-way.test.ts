import { erpKit, harnesses } from "../contract/erp-kit.ts";

// An ERP itself takes its time: its first way to be configured here, the others beside it.
for (const [name, harness] of await harnesses(false)) await erpKit(name, harness, (place) => place === 0);
