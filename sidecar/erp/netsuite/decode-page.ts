import { z } from "zod";
import { ErpFailedError } from "../port.ts";
import { type Answer, json } from "./decode-answer.ts";

const Page = z.object({
  items: z.array(z.unknown()),
  count: z.int(),
  hasMore: z.boolean(),
});

/** A page of a query: its rows as they came, and whether there are more. */
export type QueryPage = z.infer<typeof Page>;

/**
 * Reads the answer to a query.
 * @throws ErpFailedError where it is no page at all, or not the whole of it.
 */
export function decodePage(answer: Answer): QueryPage {
  const page = Page.safeParse(json(answer.body));
  if (!page.success) throw new ErpFailedError("NetSuite's answer is not a page of a query");
  const { items, count, hasMore } = page.data;
  // What is missing must not look as if it were not there.
  if (items.length !== count || (hasMore && count === 0)) {
    throw new ErpFailedError(`NetSuite sent ${String(items.length)} rows of a page of ${String(count)}`);
  }
  return page.data;
}

/** SuiteQL writes numbers as text; a JSON number is read as well. */
export const digits = (form: RegExp): z.ZodType<string> =>
  z.union([z.string(), z.number().transform(String)]).pipe(z.string().regex(form));
