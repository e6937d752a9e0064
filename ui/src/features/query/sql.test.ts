import { describe, expect, it } from "vitest";
import { asWritten, layOut, lex, tokenAt } from "./sql";

const kinds = (sql: string): string[] => lex(sql).filter((token) => token.kind !== "space").map((token) => `${token.kind} ${token.text}`);
const drawn = (sql: string): string[] => layOut(lex(sql)).map((line) => line.tokens.map((token) => token.text).join(""));

describe("the lexer", () => {
  it("tells keywords, functions, names, strings, numbers and parameters", () => {
    expect(kinds("SELECT count(*), v.name FROM v WHERE a = 'COIL' AND b > 1.5e3 AND c = ?2")).toEqual([
      "keyword SELECT", "function count", "operator (", "operator *", "operator )", "operator ,", "name v", "operator .", "name name", "keyword FROM", "name v", "keyword WHERE",
      "name a", "operator =", "string 'COIL'", "keyword AND", "name b", "operator >", "number 1.5e3", "keyword AND", "name c", "operator =", "parameter ?2",
    ]);
  });
  it("does not end a string at a doubled quote, nor see comments inside one", () => {
    expect(kinds("'it''s -- not' -- yes")).toEqual(["string 'it''s -- not'", "comment -- yes"]);
  });
  it("takes quoted names as names, whatever they spell", () => {
    expect(kinds("\"select\" `from`")).toEqual(["name \"select\"", "name `from`"]);
  });
  it("runs an open string or comment to the end", () => {
    expect(kinds("'open FROM x")).toEqual(["string 'open FROM x"]);
    expect(kinds("/* open FROM x")).toEqual(["comment /* open FROM x"]);
  });
  it.each(["SELECT 1", "a\u202eb 'x\ny' /* c */ -- d\n;", "Ünïcödé_1 <> $1 :name ?", "\u{1f600}<script>alert(1)</script>", "", "''''", "1..2 .5 x.y::text"])("loses no character: %j", (sql) => {
    expect(lex(sql).map((token) => token.text).join("")).toBe(sql);
  });
});

describe("the layout", () => {
  it("gives each clause a line and marks the outermost limit", () => {
    const sql = "SELECT a, b FROM t AS x LEFT JOIN u ON x.i = u.i WHERE a = ? GROUP BY 1, 2 ORDER BY b DESC LIMIT 1001";
    expect(drawn(sql)).toEqual(["SELECT a, b", "FROM   t AS x", "LEFT JOIN u ON x.i = u.i", "WHERE  a = ?", "GROUP BY 1, 2", "ORDER BY b DESC", "LIMIT  1001"]);
    expect(layOut(lex(sql)).map((line) => line.isLimit)).toEqual([false, false, false, false, false, false, true]);
  });
  it("changes white space and nothing else", () => {
    const sql = "SELECT a, (SELECT max(b) FROM u WHERE u.i = t.i LIMIT 5) AS m, extract(year FROM c), sum(d) OVER (PARTITION BY e ORDER BY f) FROM t UNION ALL SELECT 1, 2, 3, 4 FROM w LIMIT 9";
    expect(drawn(sql).join(" ").replace(/\s+/g, " ").trim()).toBe(sql);
  });
  it("breaks no line inside a function's brackets, and does not take an inner limit for the outer one", () => {
    const sql = "SELECT extract(year FROM c) FROM (SELECT c FROM t LIMIT 5) AS s LIMIT 9";
    const lines = layOut(lex(sql));
    expect(drawn(sql)[0]).toBe("SELECT extract(year FROM c)");
    expect(lines.filter((line) => line.isLimit)).toEqual([lines.at(-1)]);
  });
  it("finds the token at a place of the text as written", () => {
    const line = asWritten(lex("SELECT x\nFROM hr_salary"))[1];
    expect(line?.tokens[tokenAt(line, 6)]?.text).toBe("hr_salary");
    expect(line && tokenAt(line, 99)).toBe(-1);
  });
});
