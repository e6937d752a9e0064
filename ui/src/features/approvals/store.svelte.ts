// The requests as this page knows them: three lists, the card in view, what is marked, what is being sent and what can
// still be taken back. The engine has the truth; every event only means "ask again".
import { type ApiError, call, connection, currentSession, onPushed, serverNow, toApiError, type ApprovalCard, type ApprovalItem, type ApprovalView, type Risk } from "../../api";
import { announce, announceOnce, RISK_RANK, riskWord, safeText } from "../../kit";
import { t } from "../../messages";
import { afterLeaving, arrange } from "./order";
import { needsPerson } from "./rules";

/** One of the three lists as last read. */
interface Page {
  readonly items: readonly ApprovalItem[];
  readonly isLoaded: boolean;
  readonly error: ApiError | null;
}

/** Decisions of this person that the engine holds before it sends. */
export interface Held {
  readonly items: readonly ApprovalItem[];
  readonly from: number;
  readonly until: number;
}

/** What could not be done, and to which request. */
export interface Refusal {
  readonly id: string;
  readonly error: ApiError;
}

const EMPTY: Page = { items: [], isLoaded: false, error: null };

class ApprovalsStore {
  waiting = $state.raw<Page>(EMPTY);
  decided = $state.raw<Page>(EMPTY);
  expired = $state.raw<Page>(EMPTY);
  /** Ids of the waiting list in the order shown. */
  order = $state.raw<readonly string[]>([]);
  /** New requests that wait behind "2 new, press R". */
  behind = $state.raw<readonly string[]>([]);
  card = $state.raw<ApprovalCard | null>(null);
  cardError = $state.raw<ApiError | null>(null);
  /** Cards of the marked requests, as they were when marked: a bulk approval names what was on screen. */
  marked = $state.raw<readonly ApprovalCard[]>([]);
  /** Ids whose decision is on its way to the engine. */
  sending = $state.raw<readonly string[]>([]);
  refusal = $state.raw<Refusal | null>(null);

  #isHeld = false;
  #known = new Map<string, ApprovalItem>();
  #wanted: string | null = null;
  #isReading = false;
  #readAgain = false;
  // Counts the answers to what this person did: what was read before one of them is older than what is shown.
  #edition = 0;
  #sayOnce = announceOnce();

  /** The list of a view. */
  page(view: ApprovalView): Page {
    return this[view];
  }

  /** Requests that wait for a person. */
  get open(): readonly ApprovalItem[] {
    return this.waiting.items.filter(needsPerson);
  }

  /** The waiting list as shown; what was decided elsewhere while the list was held stays, in its new state. */
  get shown(): readonly ApprovalItem[] {
    const fresh = [...this.waiting.items, ...this.decided.items, ...this.expired.items];
    return this.order.map((id) => fresh.find((item) => item.id === id) ?? this.#known.get(id)).filter((item) => item !== undefined);
  }

  /** What is no longer open, newest first: on its way, decided, expired. */
  get recent(): readonly ApprovalItem[] {
    const sendingNow = this.waiting.items.filter((item) => !needsPerson(item));
    // The lists are read one by one: what moved on meanwhile stands in two of them. The later state wins.
    const byId = new Map([...sendingNow, ...this.decided.items, ...this.expired.items].map((item) => [item.id, item]));
    return [...byId.values()].filter((item) => !this.order.includes(item.id)).sort((a, b) => endOf(b) - endOf(a));
  }

  /** Decisions of this person inside their undo window. */
  get held(): Held | null {
    const me = currentSession()?.user.name;
    const items = this.waiting.items.filter((item) => item.state === "approved" && item.undo_until !== null && me !== undefined && item.decided_by.includes(me) && Date.parse(item.undo_until) > serverNow());
    if (items.length === 0) return null;
    const until = Math.min(...items.map((item) => Date.parse(item.undo_until ?? "")));
    return { items, until, from: Math.min(...items.map((item) => Date.parse(item.decided_at ?? item.requested_at))) };
  }

  /** The highest risk that waits. */
  get highest(): Risk | null {
    return this.open.reduce<Risk | null>((top, item) => (top === null || RISK_RANK[item.risk] > RISK_RANK[top] ? item.risk : top), null);
  }

  /** Follows the engine for as long as the page is open. */
  start(): () => void {
    void this.refresh();
    const again = (): void => void this.refresh();
    const ticker = setInterval(() => { this.#onSecond(); }, 1000);
    const ends = [onPushed("approval_arrived", again), onPushed("approval_changed", again), onPushed("resync", again), (): void => { clearInterval(ticker); }];
    return () => { for (const end of ends) end(); };
  }

  /** Forgets what one person marked, wrote or was refused, for the next. */
  forget(): void {
    this.marked = [];
    this.card = this.cardError = this.refusal = null;
    this.#wanted = null;
    void this.refresh();
  }

  /** Reads the lists and the card in view again. Calls during a reading lead to one more, not to many. */
  async refresh(): Promise<void> {
    if (this.#isReading) {
      this.#readAgain = true;
      return;
    }
    this.#isReading = true;
    do {
      this.#readAgain = false;
      await Promise.all([this.#read("waiting"), this.#read("decided"), this.#read("expired")]);
      if (this.#wanted !== null) await this.#readCard(this.#wanted);
    } while (this.#readAgain);
    this.#isReading = false;
  }

  async #read(view: ApprovalView): Promise<void> {
    const edition = this.#edition;
    try {
      const { items } = await call("approval_list", { view });
      if (edition !== this.#edition) {
        this.#readAgain = true;
        return;
      }
      this[view] = { items, isLoaded: true, error: null };
      if (view === "waiting") this.#arrange();
    } catch (raw) {
      const before = this[view];
      // What is known stays on screen while the console is away; the banner says so.
      this[view] = { ...before, error: before.isLoaded ? null : toApiError(raw) };
    }
  }

  #arrange(): void {
    const open = this.open;
    for (const item of open) this.#known.set(item.id, item);
    const before = new Set([...this.order, ...this.behind]);
    const { ids, behind } = arrange(this.order, open, this.#isHeld);
    this.order = ids;
    this.behind = behind;
    this.marked = this.marked.filter((card) => open.some((item) => item.id === card.item.id && item.state === "pending"));
    const added = open.filter((item) => !before.has(item.id));
    if (before.size > 0 && added.length > 0) announce(t("approvals.spoken.new", { count: added.length }), added.some((item) => item.risk === "critical"));
  }

  /** Sorts anew and lets in what waited behind. */
  letIn(): void {
    const { ids, behind } = arrange([], this.open, false);
    this.order = ids;
    this.behind = behind;
  }

  /** The focus or the pointer came into the list, or left it. */
  hold(isHeld: boolean): void {
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    if (!isHeld) this.letIn();
  }

  /** Puts a request into view. */
  async view(id: string | null): Promise<void> {
    if (id === this.#wanted) return;
    this.#wanted = id;
    this.card = this.cardError = this.refusal = null;
    if (id !== null) await this.#readCard(id);
  }

  async #readCard(id: string): Promise<void> {
    const edition = this.#edition;
    try {
      const card = await call("approval_get", { id });
      // A reading follows every answer, so nothing is missed by leaving this one out.
      if (edition === this.#edition) this.#take(card);
    } catch (raw) {
      const error = toApiError(raw);
      if (this.#wanted === id && !(error.isOffline && this.card !== null)) {
        this.card = null;
        this.cardError = error;
      }
    }
  }

  // An answer about a request: the card if it is in view, and its line in the list.
  #take(card: ApprovalCard): void {
    if (this.#wanted === card.item.id) {
      this.card = card;
      this.cardError = null;
    }
    if (this.waiting.items.some((item) => item.id === card.item.id)) {
      this.waiting = { ...this.waiting, items: this.waiting.items.map((item) => (item.id === card.item.id ? card.item : item)) };
    }
  }

  /** Sends an approval of exactly what is on `card`. True when the engine took it. */
  async approve(card: ApprovalCard, reason: string, typedTarget: string | null): Promise<boolean> {
    const { id, digest } = card.item;
    return this.#decide(id, () => call("approval_approve", { id, digest, ...given("reason", reason), ...given("typed_target", typedTarget) }));
  }

  /** Sends a denial; preset and reason go to the agent. */
  async deny(card: ApprovalCard, preset: string | null, reason: string): Promise<boolean> {
    const { id, digest } = card.item;
    return this.#decide(id, () => call("approval_deny", { id, digest, ...given("preset", preset), ...given("reason", reason) }));
  }

  async #decide(id: string, send: () => Promise<ApprovalCard>): Promise<boolean> {
    if (connection.isLost || this.sending.includes(id)) return false;
    // A decided request leaves at once, even from a held list: the person moved it.
    return this.act(id, send, (card) => { if (card.item.state !== "pending") this.order = this.order.filter((one) => one !== id); });
  }

  /** Runs a command that answers with the card; a refusal is kept to be shown. */
  async act(id: string, send: () => Promise<ApprovalCard>, then?: (card: ApprovalCard) => void): Promise<boolean> {
    this.sending = [...this.sending, id];
    this.refusal = null;
    try {
      const card = await send();
      // All in one go: what is drawn in between lets the focus go, and the list would be arranged with the old state.
      this.#edition += 1;
      this.#take(card);
      then?.(card);
      return true;
    } catch (raw) {
      this.refusal = { id, error: toApiError(raw) };
      return false;
    } finally {
      this.sending = this.sending.filter((one) => one !== id);
      void this.refresh();
    }
  }

  /** Approves all marked requests, one decision each, and stops at the first refusal; tells how many were taken. */
  async approveMarked(reason: string): Promise<number> {
    let taken = 0;
    for (const card of this.marked) {
      if (!(await this.approve(card, reason, null))) break;
      this.marked = this.marked.filter((one) => one.item.id !== card.item.id);
      taken += 1;
    }
    return taken;
  }

  /** Takes the held decisions back. */
  async undo(): Promise<void> {
    const held = this.held;
    if (held === null) return;
    let isLate = false;
    for (const { id } of held.items) {
      if (!(await this.act(id, () => call("approval_undo", { id })))) isLate = true;
    }
    announce(t(isLate ? "approvals.undo.late" : "approvals.undo.done"), true);
    await this.refresh();
    this.letIn();
  }

  /** Marks or unmarks a request; the card is read first, so that its words and fingerprint are known. */
  async mark(id: string): Promise<void> {
    if (this.marked.some((card) => card.item.id === id)) {
      this.marked = this.marked.filter((card) => card.item.id !== id);
      return;
    }
    try {
      const card = this.card?.item.id === id ? this.card : await call("approval_get", { id });
      if (!this.marked.some((one) => one.item.id === id)) this.marked = [...this.marked, card];
    } catch (raw) {
      this.refusal = { id, error: toApiError(raw) };
    }
  }

  /** Unmarks all. */
  unmarkAll(): void {
    this.marked = [];
  }

  /** The request after `id` in the list as shown. */
  after(id: string): string | null {
    return afterLeaving(this.order, id);
  }

  #onSecond(): void {
    const now = serverNow();
    const pending = this.waiting.items.filter((item) => item.state === "pending");
    for (const item of pending) {
      const leftS = (Date.parse(item.decide_by) - now) / 1000;
      if (this.#sayOnce(item.id, leftS)) announce(t("approvals.spoken.minute", { title: safeText(item.title), risk: riskWord(item.risk) }), RISK_RANK[item.risk] >= RISK_RANK.high);
    }
    // Past its time the engine expires it; asking again shows that without waiting for the event.
    if (!connection.isLost && pending.some((item) => isDueAgain(now - Date.parse(item.decide_by)))) void this.refresh();
  }
}

// One question after two seconds, then every ten.
function isDueAgain(lateMs: number): boolean {
  const lateS = Math.floor(lateMs / 1000);
  return lateS >= 2 && lateS % 10 === 2;
}

function endOf(item: ApprovalItem): number {
  return Date.parse(item.decided_at ?? item.decide_by);
}

function given<K extends string>(key: K, words: string | null): Partial<Record<K, string>> {
  const trimmed = words?.trim() ?? "";
  return trimmed === "" ? {} : ({ [key]: trimmed } as Partial<Record<K, string>>);
}

/** The one store of this page. */
export const approvals = new ApprovalsStore();
