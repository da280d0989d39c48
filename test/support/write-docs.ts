// `npm run docs`: writes what is made from the program into the documentation.
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { configurationReference } from "./configuration-reference.ts";

writeFileSync(resolve(import.meta.dirname, "../../deploy/configuration.md"), await configurationReference());
