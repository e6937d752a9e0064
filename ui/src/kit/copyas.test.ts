import { describe, expect, it } from "vitest";
import { copyAs, csvField, neutralise, tsvField } from "./copyas";

const TABLE = { names: ["name", "value"], rows: [["Halbmond, Stahl", 184200.5], ["say \"hi\"", null]] as const };

describe("copying rows", () => {
  it("as TSV has a head, and tabs and line ends in values become spaces", () => {
    expect(copyAs({ names: ["a", "b"], rows: [["x\ty", 1], ["two\nlines", null]] }, "tsv")).toBe("a\tb\nx y\t1\ntwo lines\t");
  });
  it("as TSV gives one cell alone without a head", () => {
    expect(copyAs({ names: ["a"], rows: [["x"]] }, "tsv")).toBe("x");
  });
  it("as CSV quotes commas and quotes and ends lines as the format says", () => {
    expect(copyAs(TABLE, "csv")).toBe("name,value\r\n\"Halbmond, Stahl\",184200.5\r\n\"say \"\"hi\"\"\",\r\n");
  });
  it("as JSON keeps numbers, null and two columns of one name", () => {
    expect(JSON.parse(copyAs({ names: ["n", "n"], rows: [[1, null]] }, "json"))).toEqual([{ n: 1, n_2: null }]);
  });
  it("as Markdown cannot break out of the table or make a link", () => {
    expect(copyAs({ names: ["a"], rows: [["x | [y](http://z)"], ["2\n3"]] }, "markdown")).toBe("| a |\n| --- |\n| x \\| \\[y\\](http://z) |\n| 2 3 |");
  });
});

describe("formulas", () => {
  it.each(["=HYPERLINK(\"http://x\")", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\u200b=1", "＝1"])("are made harmless: %j", (text) => {
    expect(neutralise(text)).toBe(`'${text}`);
    expect(csvField(text).replace(/^"/, "").startsWith("'")).toBe(true);
    expect(tsvField(text).startsWith("'")).toBe(true);
  });
  it("leave numbers and ordinary text alone", () => {
    expect(csvField(-5)).toBe("-5");
    expect(tsvField(-0.5)).toBe("-0.5");
    expect(neutralise("a=b")).toBe("a=b");
    expect(csvField("Halbmond Stahl AG")).toBe("Halbmond Stahl AG");
  });
  it("in a head are made harmless too", () => {
    expect(copyAs({ names: ["=x"], rows: [] }, "csv")).toBe("\"'=x\"\r\n");
  });
});
