// The one stretch of time of the whole page, and the parts that are of it. Which limits a range has, the engine says; here
// is only what was picked. A step to another shift is a range of one's own with the limits the engine named.
import type { PlantRange, PlantWindow, PlantWindowRequest, WindowLimits } from "../../api";
import { Panel } from "./panel.svelte";

/** The ranges to pick from, in the order of the list. */
export const RANGES = ["current_shift", "previous_shift", "business_day", "last_8h", "last_24h", "last_7d", "custom"] as const satisfies readonly PlantRange[];

class PlantTime {
  range = $state<PlantRange>("current_shift");
  /** For a range of one's own. */
  limits = $state.raw<WindowLimits | null>(null);
  /** The shift stepped to, by its limits; named by the engine's answer. */
  isStep = $state(false);
  /** Only this line; null: all. */
  line = $state<string | null>(null);

  readonly figures = new Panel("plant_window");
  readonly timelines = new Panel("plant_timelines");
  readonly orders = new Panel("plant_orders");
  readonly quality = new Panel("plant_quality");
  readonly machine = new Panel("plant_machine");
  /** What waits for a decision, for the machines it is about. */
  readonly requests = new Panel("approval_list", ["approval_arrived", "approval_changed"]);

  /** The window as the engine resolved it, from whichever part answered last. */
  get window(): PlantWindow | null {
    return (this.figures.data ?? this.timelines.data ?? this.orders.data ?? this.quality.data)?.window ?? null;
  }

  /** The question every part of the page asks. */
  get request(): PlantWindowRequest {
    return { ...this.stretch, ...(this.line === null ? {} : { work_center: this.line }) };
  }

  /** The time of it alone. */
  get stretch(): Pick<PlantWindowRequest, "range" | "since" | "until"> {
    return this.range === "custom" && this.limits !== null ? { range: "custom", since: this.limits.since, until: this.limits.until } : { range: this.range === "custom" ? "current_shift" : this.range };
  }

  /** Picks a range. */
  pick(range: PlantRange, limits: WindowLimits | null = null): void {
    this.range = range;
    this.limits = limits;
    this.isStep = false;
  }

  /** Steps to the shift before or after, as far as there is one. True when it moved. */
  step(by: -1 | 1): boolean {
    const to = by === -1 ? this.window?.previous : this.window?.next;
    if (to === null || to === undefined) return false;
    // The shift that still runs is followed, not held at what its limits were.
    if (by === 1 && Date.parse(to.until) > Date.parse(this.window?.as_of ?? to.until)) {
      this.pick("current_shift");
      return true;
    }
    this.range = "custom";
    this.limits = to;
    this.isStep = true;
    return true;
  }

  /** Starts anew, for another person. */
  clear(): void {
    this.pick("current_shift");
    this.line = null;
    for (const panel of [this.figures, this.timelines, this.orders, this.quality, this.machine, this.requests]) panel.clear();
  }
}

/** The one time of this page. */
export const time = new PlantTime();
