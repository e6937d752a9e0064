// The ERP screen's state: which list, what SAP is asked, the windows of it that were read, and the record in view.
// The engine keeps the answer and sorts it; this page holds only what was looked at.
import { ApiError, call, currentSession, toApiError, type BrowseAnswer, type SortBy } from "../../api";
import { announce, saveFile, windowsFor, type RecordSort } from "../../kit";
import { t } from "../../messages";
import { keyOf, VIEW, type ErpRecord, type ViewId } from "./views";

/** Rows asked for at once. */
const WINDOW = 200;

/** What is asked of SAP and of the engine. */
export interface Asked {
  readonly view: ViewId;
  readonly filters: Readonly<Record<string, string>>;
  readonly search: string;
  readonly sort: RecordSort | null;
}

class ErpStore {
  asked = $state.raw<Asked>({ view: "orders", filters: {}, search: "", sort: null });
  /** What is known about the list as a whole, from its newest window. */
  head = $state.raw<Omit<BrowseAnswer, "records"> | null>(null);
  rows = $state.raw<ReadonlyMap<number, ErpRecord>>(new Map());
  error = $state.raw<ApiError | null>(null);
  exportError = $state.raw<ApiError | null>(null);
  isReading = $state(false);
  /** What is shown answers the question before; the answer to this one is on its way. */
  isOld = $state(false);
  isExporting = $state(false);
  current = $state(-1);

  #generation = 0;
  #wanted = new Set<number>();
  #fetchedAt: string | null = null;
  #owner: string | null = null;
  #openKey: string | null = null;

  /** Shows a list. What was read of the same one stays. `key` names the record to open once it is read. */
  show(asked: Asked, key: string | null): void {
    const owner = currentSession()?.user.id ?? null;
    this.#openKey = key;
    if (owner === this.#owner && this.head !== null && JSON.stringify(asked) === JSON.stringify(this.asked)) {
      this.#open();
      return;
    }
    const isSameList = owner === this.#owner && asked.view === this.asked.view;
    this.#owner = owner;
    this.asked = asked;
    this.#forget(isSameList);
    this.need(0, 1);
  }

  /** Asks SAP anew, whatever the cache holds. */
  refresh(): void {
    this.#forget(true);
    void this.#read(0, true);
  }

  // Of the same list the old rows stay in sight, marked as being replaced, until the new ones are there.
  #forget(keepsRows: boolean): void {
    this.#generation += 1;
    this.#wanted.clear();
    this.#fetchedAt = null;
    this.error = this.exportError = null;
    this.isReading = false;
    this.current = -1;
    this.isOld = keepsRows && this.head !== null;
    if (!this.isOld) this.#clear();
  }

  #clear(): void {
    this.head = null;
    this.rows = new Map();
    this.isOld = false;
  }

  /** These rows are in view. */
  need(from: number, to: number): void {
    // How many rows there will be is known with the first window.
    const last = this.isOld || this.head === null ? 1 : to;
    for (const offset of windowsFor(this.isOld ? 0 : from, last, WINDOW)) {
      if (!this.#wanted.has(offset)) void this.#read(offset);
    }
  }

  async #read(offset: number, isAnew = false): Promise<void> {
    const generation = this.#generation;
    this.#wanted.add(offset);
    this.isReading = true;
    try {
      const { records, ...head } = await call("operation_browse", { ...this.#request(), offset, limit: WINDOW, ...(isAnew ? { is_anew: true } : {}) });
      if (generation !== this.#generation) return;
      if (this.#fetchedAt !== null && this.#fetchedAt !== head.fetched_at) {
        // The answer behind the windows is another one now: rows of two answers must not stand in one list.
        const seen = [...this.#wanted].filter((other) => other !== offset);
        this.rows = new Map();
        this.#wanted = new Set([offset]);
        this.#fetchedAt = head.fetched_at;
        for (const other of seen) void this.#read(other);
      }
      this.#fetchedAt = head.fetched_at;
      const rows = this.isOld ? new Map<number, ErpRecord>() : new Map(this.rows);
      this.isOld = false;
      records.forEach((record, at) => rows.set(offset + at, record as ErpRecord));
      this.rows = rows;
      this.head = head;
      this.error = null;
      this.#open();
    } catch (raw) {
      if (generation !== this.#generation) return;
      this.#wanted.delete(offset);
      if (this.isOld) this.#clear();
      this.error = toApiError(raw);
    } finally {
      if (generation === this.#generation) this.isReading = false;
    }
  }

  /** Opens the record that the address names, when it is among what was read. */
  #open(): void {
    if (this.#openKey === null) return;
    for (const [row, record] of this.rows) {
      if (keyOf(this.asked.view, record) !== this.#openKey) continue;
      this.current = row;
      break;
    }
    this.#openKey = null;
  }

  #request(): { name: string; parameters: Readonly<Record<string, string>>; sort?: SortBy; search?: string } {
    const { view, filters, search, sort } = this.asked;
    return {
      name: VIEW[view].operation,
      parameters: filters,
      ...(sort === null ? {} : { sort: { field: sort.field, is_descending: sort.descending } }),
      ...(search === "" ? {} : { search }),
    };
  }

  /** Everything that matches, as a CSV file. */
  async export(): Promise<void> {
    if (this.isExporting || this.head === null) return;
    const generation = this.#generation;
    this.isExporting = true;
    this.exportError = null;
    try {
      const file = await call("operation_export", this.#request());
      if (generation !== this.#generation) return;
      saveFile(file.file_name, file.text);
      announce(t("erp.exported", { name: file.file_name }));
    } catch (raw) {
      if (generation === this.#generation) this.exportError = toApiError(raw);
    } finally {
      this.isExporting = false;
    }
  }
}

/** The one store of this page. */
export const erp = new ErpStore();
