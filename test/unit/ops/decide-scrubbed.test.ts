import fc from "fast-check";
import { expect, test } from "vitest";
import { scrubbed } from "../../../sidecar/ops/decide-scrubbed.ts";

test.each([
  ["Ann Lee asked by mail", "[erased] asked by mail"],
  ["ANN LEE, order 7", "[erased], order 7"],
  ["Mrs Lee's letter", "Mrs [erased]'s letter"],
  ["a sleeve was torn", "a sleeve was torn"],
  ["write to ann.lee+shop@example.com.", "write to [erased]."],
  ["call +33 6 12 (evenings)", "call [erased] (evenings)"],
  ["call 601 234 567 today", "call [erased] today"],
  ["call (0048) 601/23-45-67, please", "call ([erased], please"],
  ["order 60123456 of 601234", "order 60123456 of 601234"],
])("%j becomes %j where Ann Lee is erased", (text, clean) => {
  const words = ["Ann", "Lee", "Ann Lee", "ann.lee+shop@example.com", "+33 6 12", "+48 601 234 567", "x"];
  expect(scrubbed(text, words)).toBe(clean);
});

test("no word of three letters or more is left standing alone, whatever signs it has", () => {
  const word = fc.stringMatching(/^[^\s\p{L}\p{N}]{0,2}[\p{L}\p{N}][^\s]{1,8}[\p{L}\p{N}]$/u);
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), fc.lorem(), (words, lorem) => {
      const text = `${lorem} ${words.join(" ")} ${lorem}`;
      const left = scrubbed(text, words).toLowerCase().split(" ");
      for (const one of words) expect(left).not.toContain(one.toLowerCase());
    }),
  );
});
