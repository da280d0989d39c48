import { expect, test } from "vitest";
import { benchMemory } from "../../bench/memory.ts";

test("a replay of 200,000 row events stays under 150 MiB and marks every order", async () => {
  const { figures } = await benchMemory();
  expect(figures.filter(({ ok }) => !ok)).toEqual([]);
});
