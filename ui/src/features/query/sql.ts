// SQL cut into tokens for colour, and laid out in lines for reading. Nothing here decides what may run: the guard does.
// The tokens put together are the text that came in, to the character; only `layOut` adds line breaks and spaces.

/** What a token is drawn as. */
export type TokenKind = "keyword" | "function" | "string" | "number" | "comment" | "parameter" | "name" | "operator" | "space";

/** A piece of SQL. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

/** One line as drawn. */
export interface SqlLine {
  readonly tokens: readonly Token[];
  /** The outermost LIMIT stands here. */
  readonly isLimit: boolean;
}

const KEYWORDS = new Set(
  `ALL AND ANY AS ASC BETWEEN BY CASE CAST COLLATE CROSS CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP DELETE DESC DISTINCT DROP ELSE END
  ESCAPE EXCEPT EXISTS FALSE FETCH FILTER FIRST FOLLOWING FOR FROM FULL GROUP HAVING ILIKE IN INNER INSERT INTERSECT INTERVAL INTO IS JOIN
  LAST LATERAL LEFT LIKE LIMIT NATURAL NOT NULL NULLS OFFSET ON OR ORDER OUTER OVER PARTITION PRECEDING RANGE RECURSIVE RIGHT ROW ROWS
  SELECT SET SIMILAR THEN TO TRUE UNBOUNDED UNION UPDATE USING VALUES WHEN WHERE WINDOW WITH ALTER CREATE ATTACH PRAGMA`.split(/\s+/),
);

// Each alternative is tried at the current place; an open string or comment runs to the end.
const TOKEN = new RegExp(
  [
    String.raw`(?<space>\s+)`,
    String.raw`(?<comment>--[^\n]*|/\*[\s\S]*?(?:\*/|$))`,
    String.raw`(?<string>'(?:[^']|'')*(?:'|$))`,
    String.raw`(?<quoted>"(?:[^"]|"")*(?:"|$)|${"`"}(?:[^${"`"}]|${"``"})*(?:${"`"}|$))`,
    String.raw`(?<parameter>\?\d*|\$\d+|:[A-Za-z_]\w*)`,
    String.raw`(?<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)`,
    String.raw`(?<word>[\p{L}_][\p{L}\p{N}_$]*)`,
    String.raw`(?<operator><>|<=|>=|!=|\|\||::|->>|->|[\s\S])`,
  ].join("|"),
  "uy",
);

/** Cuts `sql` into tokens. */
export function lex(sql: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < sql.length) {
    const start = TOKEN.lastIndex;
    const groups = TOKEN.exec(sql)?.groups;
    if (groups === undefined) {
      tokens.push({ kind: "operator", text: sql.slice(start) });
      break;
    }
    tokens.push(tokenOf(groups, sql, TOKEN.lastIndex));
  }
  return tokens;
}

function tokenOf(groups: Readonly<Record<string, string | undefined>>, sql: string, end: number): Token {
  const [found, text = ""] = Object.entries(groups).find(([, value]) => value !== undefined) ?? ["operator", ""];
  switch (found) {
    case "word": {
      if (KEYWORDS.has(text.toUpperCase())) return { kind: "keyword", text };
      return { kind: /^\s*\(/.test(sql.slice(end, end + 40)) ? "function" : "name", text };
    }
    case "quoted":
      return { kind: "name", text };
    default:
      return { kind: found as TokenKind, text };
  }
}

/** The lines of a text as it was written. */
export function asWritten(tokens: readonly Token[]): SqlLine[] {
  const lines: Token[][] = [[]];
  for (const token of tokens) {
    token.text.split("\n").forEach((part, at) => {
      if (at > 0) lines.push([]);
      const text = part.replace(/\r$/, "");
      if (text !== "") lines.at(-1)?.push({ kind: token.kind, text });
    });
  }
  return lines.map((line) => ({ tokens: line, isLimit: false }));
}

const CLAUSES = new Set(["SELECT", "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "UNION", "EXCEPT", "INTERSECT", "WINDOW", "WITH", "VALUES"]);
const JOINS = new Set(["JOIN", "LEFT", "RIGHT", "INNER", "FULL", "CROSS", "NATURAL"]);
const MARGIN = 7;
const WIDE = 84;

/** Lays out SQL for reading: a line for each clause, the names under each other, long lists broken after commas. */
export function layOut(tokens: readonly Token[]): SqlLine[] {
  const words = tokens.filter((token) => token.kind !== "space");
  const lines: Token[][] = [[]];
  const limits = new Set<number>();
  // For each open bracket, whether a query stands in it.
  const open: boolean[] = [];
  let previous: Token | undefined;
  let spaceBefore = false;
  let at = -1;
  const indent = (): number => open.filter(Boolean).length * MARGIN;
  const width = (): number => (lines.at(-1) ?? []).reduce((sum, token) => sum + token.text.length, 0);
  const begin = (columns: number): void => {
    if ((lines.at(-1)?.length ?? 0) > 0) lines.push([]);
    if (columns > 0) lines.at(-1)?.push({ kind: "space", text: " ".repeat(columns) });
  };

  for (const token of tokens) {
    if (token.kind === "space") {
      spaceBefore = true;
      continue;
    }
    at += 1;
    const upper = token.kind === "keyword" ? token.text.toUpperCase() : "";
    const isQueryLevel = open.every(Boolean);
    const isClause = isQueryLevel && startsLine(upper, previous);
    if (isClause && previous !== undefined) {
      begin(indent());
    } else if (isQueryLevel && (upper === "AND" || upper === "OR") && width() > WIDE / 2) {
      begin(indent() + MARGIN - upper.length - 1);
    } else if (isQueryLevel && previous?.text === "," && width() + token.text.length > WIDE - 12) {
      begin(indent() + MARGIN);
    } else if (previous !== undefined && spaceBefore) {
      const pad = isQueryLevel && isPadded(previous, lines.at(-1) ?? []) ? Math.max(1, MARGIN - previous.text.length) : 1;
      lines.at(-1)?.push({ kind: "space", text: " ".repeat(pad) });
    }
    if (isClause && upper === "LIMIT" && open.length === 0) limits.add(lines.length - 1);
    lines.at(-1)?.push(token);
    if (token.text === "(") open.push(/^(SELECT|WITH)$/i.test(words[at + 1]?.text ?? ""));
    else if (token.text === ")") open.pop();
    if (token.kind === "comment" && token.text.startsWith("--")) begin(indent() + MARGIN);
    previous = token;
    spaceBefore = false;
  }
  const last = Math.max(-1, ...limits);
  return lines.map((line, index) => ({ tokens: line, isLimit: index === last }));
}

function startsLine(upper: string, previous: Token | undefined): boolean {
  const before = previous?.text.toUpperCase() ?? "";
  if (JOINS.has(upper)) return !JOINS.has(before) && before !== "OUTER";
  if (!CLAUSES.has(upper)) return false;
  // `(SELECT` stays behind its bracket, `IS DISTINCT FROM` and `UNION ALL SELECT` read as one.
  if (upper === "FROM") return before !== "DISTINCT";
  return before !== "(";
}

// FROM, WHERE and their like are as wide as SELECT, so that what follows stands in one column.
function isPadded(previous: Token, line: readonly Token[]): boolean {
  const isFirst = line.filter((token) => token.kind !== "space").length === 1;
  return isFirst && ["FROM", "WHERE", "JOIN", "LIMIT", "SELECT"].includes(previous.text.toUpperCase());
}

/** The token at a column of a line, from 1; -1 when there is none. */
export function tokenAt(line: SqlLine, column: number): number {
  let from = 1;
  for (const [index, token] of line.tokens.entries()) {
    // The guard counts characters, not the halves of one.
    const to = from + [...token.text].length;
    if (column >= from && column < to) return index;
    from = to;
  }
  return -1;
}
