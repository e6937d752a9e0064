import { expect, it } from "vitest";
import { href, parseHash } from "./router.svelte";

it("reads an address back as it was written", () => {
  const { screen, rest, params } = parseHash(href("approvals", ["a/b c"], { view: "decided", ask: "ä & ö?" }));
  expect([screen, rest, Object.fromEntries(params)]).toEqual(["approvals", ["a/b c"], { view: "decided", ask: "ä & ö?" }]);
});
it("takes a broken address as it stands", () => {
  expect(parseHash("#/approvals/%E0%A4%A")).toMatchObject({ screen: "approvals", rest: ["%E0%A4%A"] });
  expect(parseHash("")).toMatchObject({ screen: "", rest: [] });
});
