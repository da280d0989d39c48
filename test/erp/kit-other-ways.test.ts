import { erpKit, harnesses } from "../contract/erp-kit.ts";

for (const [name, harness] of await harnesses(false)) await erpKit(name, harness, (place) => place > 0);
