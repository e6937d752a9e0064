// The requests as this page knows them: three lists, the card in view, what is marked, what is being sent and what can
// still be taken back. The engine has the truth; every event only means "ask again".
import { ApiError, call, connection, onPushed, serverNow, toApiError, type ApprovalCard, type ApprovalItem, type ApprovalView, type Risk } from "../../api";
import { announce, announceOnce, RISK_RANK, safeText } from "../../kit";
import { t } from "../../messages";
import { afterLeaving, arrange } from "./order";
import type { DenyPreset } from "./rules";

/** One of the three lists as last read. */
interface Page {
  readonly items: readonly ApprovalItem[];
  readonly isLoaded: boolean;
  readonly error: ApiError | null;
}

/** A decision the engine holds before it sends. */
export interface Held {
  readonly ids: readonly string[];
  readonly title: string;
  readonly until: number;
  readonly from: number;
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
  /** True while the focus or the pointer is in the list. */
  isHeld = $state(false);
  card = $state.raw<ApprovalCard | null>(null);
  cardError = $state.raw<ApiError | null>(null);
  /** Cards of the marked requests, as they were when marked: a bulk approval names what was on screen. */
  marked = $state.raw<readonly ApprovalCard[]>([]);
  /** Ids whose decision is on its way to the engine. */
  sending = $state.raw<readonly string[]>([]);
  held = $state.raw<Held | null>(null);
  refusal = $state.raw<Refusal | null>(null);

  #known = new Map<string, ApprovalItem>();
  #wanted: string | null = null;
  #isReading = false;
  #readAgain = false;
  #sayOnce = announceOnce();

  /** The list of a view. */
  page(view: ApprovalView): Page {
    return this[view];
  }

  /** The waiting list as shown; what was decided elsewhere while the list was held stays, in its new state. */
  get shown(): readonly ApprovalItem[] {
    const fresh = [...this.waiting.items, ...this.decided.items, ...this.expired.items];
    return this.order.map((id) => fresh.find((item) => item.id === id) ?? this.#known.get(id)).filter((item) => item !== undefined);
  }

  /** The highest risk that waits. */
  get highest(): Risk | null {
    return this.waiting.items.reduce<Risk | null>((top, item) => (top === null || RISK_RANK[item.risk] > RISK_RANK[top] ? item.risk : top), null);
  }

  /** Follows the engine for as long as the page is open. */
  start(): () => void {
    void this.refresh();
    const again = (): void => void this.refresh();
    const ticker = setInterval(() => { this.#onSecond(); }, 1000);
    const ends = [onPushed("approvals_changed", again), onPushed("reconnected", again), (): void => { clearInterval(ticker); }];
    return () => { for (const end of ends) end(); };
  }

  /** Forgets everything, as for another person. */
  reset(): void {
    this.waiting = this.decided = this.expired = EMPTY;
    this.order = this.behind = this.marked = this.sending = [];
    this.card = this.cardError = this.held = this.refusal = null;
    this.#known.clear();
    this.#wanted = null;
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
    try {
      const { items } = await call("approval_list", { view });
      this[view] = { items, isLoaded: true, error: null };
      if (view === "waiting") this.#arrange();
    } catch (raw) {
      const before = this[view];
      // What is known stays on screen while the console is away; the banner says so.
      this[view] = { ...before, error: before.isLoaded ? null : toApiError(raw) };
    }
  }

  #arrange(): void {
    for (const item of this.waiting.items) this.#known.set(item.id, item);
    const before = new Set([...this.order, ...this.behind]);
    const { ids, behind } = arrange(this.order, this.waiting.items, this.isHeld);
    this.order = ids;
    this.behind = behind;
    const added = this.waiting.items.filter((item) => !before.has(item.id));
    if (before.size > 0 && added.length > 0) announce(t("approvals.spoken.new", { count: added.length }), added.some((item) => item.risk === "CRITICAL"));
  }

  /** Sorts anew and lets in what waited behind. */
  letIn(): void {
    const { ids, behind } = arrange([], this.waiting.items, false);
    this.order = ids;
    this.behind = behind;
  }

  /** The focus or the pointer came into the list, or left it. */
  hold(isHeld: boolean): void {
    if (isHeld === this.isHeld) return;
    this.isHeld = isHeld;
    if (!isHeld) this.letIn();
  }

  /** Puts a request into view. */
  async open(id: string | null): Promise<void> {
    if (id === this.#wanted) return;
    this.#wanted = id;
    this.card = this.cardError = null;
    if (id !== null) await this.#readCard(id);
  }

  async #readCard(id: string): Promise<void> {
    try {
      const card = await call("approval_get", { id });
      if (this.#wanted === id) this.#take(card);
    } catch (raw) {
      const error = toApiError(raw);
      if (this.#wanted === id && !(error.isOffline && this.card !== null)) this.cardError = error;
    }
  }

  #take(card: ApprovalCard): void {
    if (this.#wanted === card.id) {
      this.card = card;
      this.cardError = null;
    }
  }

  /** Sends an approval of exactly what is on `card`. True when the engine took it. */
  async approve(card: ApprovalCard, reason: string, typedTarget: string | null): Promise<boolean> {
    return this.#decide(card, async () => {
      const next = await call("approval_approve", {
        id: card.id, digest: card.digest, ...(reason.trim() === "" ? {} : { reason: reason.trim() }), ...(typedTarget === null ? {} : { typed_target: typedTarget.trim() }),
      });
      this.#noteHeld([next], safeText(card.title));
      return next;
    });
  }

  /** Sends a denial; preset and reason go to the agent. */
  async deny(card: ApprovalCard, preset: DenyPreset | null, reason: string): Promise<boolean> {
    return this.#decide(card, () =>
      call("approval_deny", { id: card.id, digest: card.digest, ...(preset === null ? {} : { preset }), ...(reason.trim() === "" ? {} : { reason: reason.trim() }) }),
    );
  }

  async #decide(card: ApprovalCard, send: () => Promise<ApprovalCard>): Promise<boolean> {
    if (connection.isLost || this.sending.includes(card.id)) return false;
    this.sending = [...this.sending, card.id];
    this.refusal = null;
    try {
      const next = await send();
      this.#take(next);
      if (next.state !== "pending") this.#leave(card.id);
      return true;
    } catch (raw) {
      this.refusal = { id: card.id, error: toApiError(raw) };
      return false;
    } finally {
      this.sending = this.sending.filter((id) => id !== card.id);
      void this.refresh();
    }
  }

  // A decided request leaves at once, even from a held list: the person moved it.
  #leave(id: string): void {
    this.order = this.order.filter((one) => one !== id);
    this.waiting = { ...this.waiting, items: this.waiting.items.filter((item) => item.id !== id) };
    this.marked = this.marked.filter((one) => one.id !== id);
  }

  /** Approves all marked requests, one decision each; returns how many the engine took. */
  async approveMarked(reason: string): Promise<number> {
    const cards = this.marked;
    const taken: ApprovalCard[] = [];
    for (const card of cards) {
      await this.#decide(card, async () => {
        const next = await call("approval_approve", { id: card.id, digest: card.digest, ...(reason.trim() === "" ? {} : { reason: reason.trim() }) });
        taken.push(next);
        return next;
      });
      if (this.refusal !== null) break;
    }
    this.#noteHeld(taken, t("approvals.undo.many", { count: taken.length }));
    return taken.length;
  }

  #noteHeld(cards: readonly ApprovalCard[], title: string): void {
    const first = cards[0];
    const ends = cards.map((card) => (card.undo_until === null ? NaN : Date.parse(card.undo_until))).filter((end) => !Number.isNaN(end));
    if (first === undefined || ends.length === 0) return;
    const one = cards.length === 1;
    this.held = { ids: cards.map((card) => card.id), title: one ? safeText(first.title) : title, until: Math.min(...ends), from: serverNow() };
  }

  /** Takes the held decision back. */
  async undo(): Promise<void> {
    const held = this.held;
    if (held === null) return;
    this.held = null;
    for (const id of held.ids) {
      try {
        this.#take(await call("approval_undo", { id }));
      } catch (raw) {
        this.refusal = { id, error: toApiError(raw) };
      }
    }
    announce(this.refusal === null ? t("approvals.undo.done") : t("approvals.undo.late"), true);
    await this.refresh();
    this.letIn();
  }

  /** Marks or unmarks a request; the card is read first, so that its fingerprint is known. */
  async mark(id: string): Promise<void> {
    if (this.marked.some((card) => card.id === id)) {
      this.marked = this.marked.filter((card) => card.id !== id);
      return;
    }
    try {
      const card = this.card?.id === id ? this.card : await call("approval_get", { id });
      if (!this.marked.some((one) => one.id === id)) this.marked = [...this.marked, card];
    } catch (raw) {
      this.refusal = { id, error: toApiError(raw) };
    }
  }

  /** Unmarks all. */
  unmarkAll(): void {
    this.marked = [];
  }

  /** Runs a command on the card in view that answers with the card. */
  async act(id: string, send: () => Promise<ApprovalCard>): Promise<boolean> {
    this.sending = [...this.sending, id];
    this.refusal = null;
    try {
      this.#take(await send());
      return true;
    } catch (raw) {
      this.refusal = { id, error: toApiError(raw) };
      return false;
    } finally {
      this.sending = this.sending.filter((one) => one !== id);
      void this.refresh();
    }
  }

  /** The request after `id` in the list as shown. */
  after(id: string): string | null {
    return afterLeaving(this.order, id);
  }

  #onSecond(): void {
    const now = serverNow();
    if (this.held !== null && now >= this.held.until) this.held = null;
    for (const item of this.waiting.items) {
      const leftS = (Date.parse(item.expires_at) - now) / 1000;
      if (this.#sayOnce(item.id, leftS)) announce(t("approvals.spoken.minute", { title: safeText(item.title), risk: item.risk }), RISK_RANK[item.risk] >= RISK_RANK.HIGH);
    }
    // Past its time the engine expires it; asking again shows that without waiting for the event.
    if (this.waiting.items.some((item) => Date.parse(item.expires_at) < now - 1500) && !connection.isLost) void this.refresh();
  }
}

/** The one store of this page. */
export const approvals = new ApprovalsStore();
