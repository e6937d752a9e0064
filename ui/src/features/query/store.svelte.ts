// The Query screen's state: what is on the desk, the question and SQL in hand, the run under way, the answer.
// It outlives the screen, so that a long query may be left and found again; it ends with the person.
import { ApiError, call, currentSession, onPushed, serverNow, toApiError, type CellView, type QueryAnswer, type QueryDesk, type QueryRecord, type ReadyQuestion } from "../../api";
import { announce, safeText, saveFile } from "../../kit";
import { t } from "../../messages";

type Row = readonly CellView[];

/** An answer with all rows read so far. */
export interface Answered {
  readonly answer: QueryAnswer;
  readonly rows: readonly Row[];
}

/** What the result area shows. */
export type Shown =
  | { readonly kind: "nothing" }
  | { readonly kind: "running"; readonly key: string; readonly since: number; readonly how: "ask" | "run" }
  | ({ readonly kind: "answered" } & Answered)
  | { readonly kind: "record"; readonly record: QueryRecord }
  | { readonly kind: "cancelled"; readonly afterMs: number }
  | { readonly kind: "failed"; readonly error: ApiError; readonly how: "ask" | "run" };

const WINDOW = 500;
const KEPT = 12;

class QueryStore {
  desk = $state.raw<QueryDesk | null>(null);
  deskError = $state.raw<ApiError | null>(null);
  question = $state("");
  sql = $state("");
  shown = $state.raw<Shown>({ kind: "nothing" });
  /** The entry of the history in view. */
  selected = $state<string | null>(null);
  isEditing = $state(false);
  /** Why the rest of the rows could not be read. */
  rowsError = $state.raw<ApiError | null>(null);
  isExporting = $state(false);
  exportError = $state.raw<ApiError | null>(null);

  #kept = new Map<string, Answered>();
  #owner: string | null = null;
  #generation = 0;

  /** Reads the desk; forgets everything first when another person sits at it. */
  async open(): Promise<void> {
    const owner = currentSession()?.user.id ?? null;
    if (owner !== this.#owner) this.#forget(owner);
    await this.#readDesk();
  }

  /** Follows the engine while the screen is shown. */
  start(): () => void {
    return onPushed("resync", () => void this.#readDesk());
  }

  #forget(owner: string | null): void {
    this.#owner = owner;
    this.#generation += 1;
    this.#kept.clear();
    this.desk = null;
    this.clear();
  }

  async #readDesk(): Promise<void> {
    const generation = this.#generation;
    try {
      const desk = await call("query_desk", {});
      if (generation !== this.#generation) return;
      this.desk = desk;
      this.deskError = null;
    } catch (raw) {
      if (generation === this.#generation && this.desk === null) this.deskError = toApiError(raw);
    }
  }

  /** An empty desk for a new question. */
  clear(): void {
    this.question = this.sql = "";
    this.selected = null;
    this.isEditing = false;
    this.exportError = this.rowsError = null;
    if (this.shown.kind !== "running") this.shown = { kind: "nothing" };
  }

  /** Puts an earlier query back on the desk; its rows too, when this page still has them. */
  openRecord(record: QueryRecord): void {
    if (this.shown.kind === "running") return;
    this.question = record.question ?? "";
    this.sql = record.sql;
    this.selected = record.id;
    this.isEditing = false;
    this.exportError = this.rowsError = null;
    const kept = this.#kept.get(record.id);
    this.shown = kept === undefined ? { kind: "record", record } : { kind: "answered", ...kept };
  }

  /** Fills in a ready question and runs its SQL. */
  async runReady(ready: ReadyQuestion): Promise<void> {
    if (this.shown.kind === "running") return;
    this.question = ready.text;
    this.sql = ready.sql;
    await this.run();
  }

  /** Asks in plain language. */
  async ask(): Promise<void> {
    const question = this.question.trim();
    if (question === "") return;
    await this.#start("ask", (run) => call("query_ask", { question, run }));
  }

  /** Runs the SQL in hand. */
  async run(): Promise<void> {
    const sql = this.sql.trim();
    if (sql === "") return;
    const question = this.question.trim();
    await this.#start("run", (run) => call("query_run", { sql, run, ...(question === "" ? {} : { question }) }));
  }

  async #start(how: "ask" | "run", send: (key: string) => Promise<QueryAnswer>): Promise<void> {
    if (this.shown.kind === "running") return;
    const generation = this.#generation;
    const key = newKey();
    const since = serverNow();
    this.shown = { kind: "running", key, since, how };
    this.selected = null;
    this.isEditing = false;
    this.exportError = this.rowsError = null;
    try {
      const answer = await send(key);
      if (generation !== this.#generation) return;
      this.sql = answer.sql_written;
      this.#show({ answer, rows: answer.rows });
      announce(spoken(answer), answer.verdict === "refused");
      await Promise.all([this.#readDesk(), this.#fill({ answer, rows: answer.rows })]);
      if (generation === this.#generation) this.#mark(answer);
    } catch (raw) {
      if (generation !== this.#generation) return;
      const error = toApiError(raw);
      this.shown = error.code === "cancelled" ? { kind: "cancelled", afterMs: serverNow() - since } : { kind: "failed", error, how };
      await this.#readDesk();
    }
  }

  /** Stops the run under way. The engine says when it has stopped. */
  async cancel(): Promise<void> {
    if (this.shown.kind !== "running") return;
    try {
      await call("query_cancel", { run: this.shown.key });
    } catch {
      // The run's own answer tells how it ended; a lost cancel changes nothing about it.
    }
  }

  // Reads what did not come with the answer, window by window. What was read stays when the rest fails.
  async #fill({ answer, rows }: Answered): Promise<void> {
    if (answer.id === null) return;
    const generation = this.#generation;
    this.rowsError = null;
    try {
      while (rows.length < answer.row_count) {
        const more = await call("query_rows", { id: answer.id, offset: rows.length, limit: WINDOW });
        if (generation !== this.#generation || more.rows.length === 0) return;
        rows = [...rows, ...more.rows];
        if (this.shown.kind === "answered" && this.shown.answer === answer) this.#show({ answer, rows });
        else this.#keep({ answer, rows });
      }
    } catch (raw) {
      if (generation === this.#generation && this.shown.kind === "answered" && this.shown.answer === answer) this.rowsError = toApiError(raw);
    }
  }

  /** Tries again to read the rows that are missing. */
  async refill(): Promise<void> {
    if (this.shown.kind === "answered") await this.#fill(this.shown);
  }

  #show(answered: Answered): void {
    this.shown = { kind: "answered", ...answered };
    this.#keep(answered);
  }

  #keep(answered: Answered): void {
    const key = answered.answer.id;
    if (key === null) return;
    this.#kept.set(key, answered);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }

  // The history's newest entry of this SQL is the run just made.
  #mark(answer: QueryAnswer): void {
    const record = this.desk?.history.find((one) => one.id === answer.id) ?? this.desk?.history.find((one) => one.sql === answer.sql_written);
    if (record === undefined || this.shown.kind !== "answered" || this.shown.answer !== answer) return;
    this.selected = record.id;
    this.#kept.set(record.id, { answer, rows: this.shown.rows });
  }

  /** Keeps the whole result as a CSV file. */
  async export(): Promise<void> {
    if (this.shown.kind !== "answered" || this.shown.answer.id === null || this.isExporting) return;
    this.isExporting = true;
    this.exportError = null;
    try {
      const file = await call("query_export", { id: this.shown.answer.id });
      saveFile(file.file_name, file.text);
      announce(t("query.exported", { name: safeText(file.file_name) }));
    } catch (raw) {
      this.exportError = toApiError(raw);
    } finally {
      this.isExporting = false;
    }
  }
}

function spoken(answer: QueryAnswer): string {
  return answer.verdict === "refused" ? t("query.spoken.refused", { count: answer.reasons.length }) : t("query.spoken.rows", { count: answer.row_count });
}

function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The one store of this page. */
export const desk = new QueryStore();
