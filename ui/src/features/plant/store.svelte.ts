// The plant as this page knows it: the last board, asked again when something changed and every few seconds, and no more
// than four times a second. The engine has the truth.
import { ApiError, call, currentSession, onPushed, serverNow, toApiError, type DowntimeEvent, type MachineTile, type PlantBoard } from "../../api";
import { announce } from "../../kit";
import { t } from "../../messages";
import type { HeatSort } from "./heat";
import { isUnseenDown, type Group } from "./states";
import { Summary } from "./summary";
import { machineName } from "./words";
import { time } from "./window.svelte";

/** The views of the screen, in the order of the switch. */
export const VIEWS = ["board", "table", "trends", "timeline", "orders", "quality"] as const;
/** One of the views. */
export type PlantView = (typeof VIEWS)[number];

/** A cause of stops that was chosen: by its code, or the one that stands for none. */
export interface ChosenReason {
  readonly key: string;
  readonly name: string;
}
/** Stands for stops nobody gave a reason for; no code of a plant is this. */
export const NO_REASON = "\u0000none";

/** True when a stop has the chosen cause. */
export function matchesReason(event: DowntimeEvent, reason: ChosenReason | null): boolean {
  if (reason === null) return true;
  const own = event.reason?.code ?? event.reason?.text ?? null;
  return reason.key === NO_REASON ? own === null || own === "" : own === reason.key;
}

const LEAST_MS = 250;
// A board of thousands takes a while to fetch and read; a screen that does nothing else answers no key.
const REST_SHARE = 4;
const POLL_MS = 5000;
const PULSE_MS = 5000;

class PlantStore {
  board = $state.raw<PlantBoard | null>(null);
  error = $state.raw<ApiError | null>(null);
  view = $state<PlantView>("board");
  onlyAbnormal = $state(false);
  group = $state<Group | null>(null);
  search = $state("");
  sort = $state<HeatSort>("worst");
  reason = $state.raw<ChosenReason | null>(null);
  /** A moment of a machine's past that was pointed at on its timeline. */
  moment = $state.raw<{ readonly machine: string; readonly at: number } | null>(null);
  /** Machines that went down a moment ago and that nobody has looked at. */
  fresh = $state.raw<ReadonlySet<string>>(new Set());

  #owner: string | null = null;
  #down: ReadonlyMap<string, string> | null = null;
  #summary = new Summary();
  #isReading = false;
  #isWanted = false;
  #lastRead = -Infinity;
  #lastTook = 0;
  #timers = new Set<ReturnType<typeof setTimeout>>();

  /** Follows the plant while its screen is shown. */
  start(): () => void {
    const owner = currentSession()?.user.id ?? null;
    if (owner !== this.#owner) {
      this.#owner = owner;
      this.board = this.error = null;
      this.#down = null;
      this.moment = this.reason = null;
      time.clear();
    }
    this.refresh();
    const poll = setInterval(() => { this.refresh(); }, POLL_MS);
    const say = setInterval(() => { this.#say(); }, 1000);
    const ends = [onPushed("plant_changed", () => { this.refresh(); }), onPushed("resync", () => { this.refresh(); })];
    return () => {
      for (const end of ends) end();
      clearInterval(poll);
      clearInterval(say);
      for (const timer of this.#timers) clearTimeout(timer);
      this.#timers.clear();
      // What changes while nobody looks is no news when the screen is opened again.
      this.#down = null;
      this.fresh = new Set();
    };
  }

  /** Asks for the board, now or as soon as four times a second allows. */
  refresh(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    const wait = Math.max(0, this.#lastRead + Math.max(LEAST_MS, REST_SHARE * this.#lastTook) - performance.now());
    this.#later(() => {
      this.#isWanted = false;
      if (this.#isReading) this.#later(() => { this.refresh(); }, LEAST_MS);
      else void this.#read();
    }, wait);
  }

  async #read(): Promise<void> {
    this.#isReading = true;
    this.#lastRead = performance.now();
    const owner = this.#owner;
    try {
      const board = await call("plant_board", {});
      if (owner !== this.#owner) return;
      this.#compare(board);
      this.board = board;
      this.error = null;
    } catch (raw) {
      // The last board stays, and grows old by itself.
      this.error = toApiError(raw);
    } finally {
      this.#lastTook = performance.now() - this.#lastRead;
      this.#isReading = false;
    }
  }

  #compare(board: PlantBoard): void {
    const down = new Map<string, string>();
    const names = new Map<string, MachineTile>();
    for (const tile of board.machines) {
      names.set(tile.machine.machine_id, tile);
      if (tile.machine.status === "down" && !tile.is_stale) down.set(tile.machine.machine_id, tile.machine.status_since ?? "");
    }
    const before = this.#down;
    this.#down = down;
    if (before === null) return;
    const nameOf = (id: string): string => { const tile = names.get(id); return tile === undefined ? id : machineName(tile); };
    const news = [...down].filter(([id, since]) => before.get(id) !== since).map(([id]) => id);
    const back = [...before.keys()].filter((id) => !down.has(id) && names.get(id)?.is_stale === false);
    this.#summary.note(news.map(nameOf), back.map(nameOf));
    const unseen = news.filter((id) => { const tile = names.get(id); return tile !== undefined && isUnseenDown(tile); });
    if (unseen.length === 0) return;
    this.fresh = new Set([...this.fresh, ...unseen]);
    this.#later(() => { this.#calm(unseen); }, PULSE_MS);
  }

  #calm(ids: readonly string[]): void {
    this.fresh = new Set([...this.fresh].filter((id) => !ids.includes(id)));
  }

  /** Somebody looks at it. */
  seen(id: string): void {
    if (this.fresh.has(id)) this.#calm([id]);
  }

  #say(): void {
    const changes = this.#summary.take(serverNow());
    if (changes === null) return;
    const parts = [
      changes.down.length > 0 ? t("plant.spoken.wentDown", { count: changes.down.length, names: changes.down.slice(0, 3).join(", ") }) : null,
      changes.recovered.length > 0 ? t("plant.spoken.recovered", { count: changes.recovered.length, names: changes.recovered.slice(0, 3).join(", ") }) : null,
    ];
    announce(parts.filter((part) => part !== null).join(" "));
  }

  #later(run: () => void, ms: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.add(timer);
  }

  /** Shows everything again. */
  showAll(): void {
    this.onlyAbnormal = false;
    this.group = null;
    this.search = "";
    this.reason = null;
    time.line = null;
  }

  /** Filters by a cause of stops, or no longer. */
  chooseReason(key: string, name: string): void {
    this.reason = this.reason?.key === key ? null : { key, name };
  }
}

/** The one store of this page. */
export const plant = new PlantStore();
