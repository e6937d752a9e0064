// The state a machine is drawn in: three codes for each, fill, glyph and word. What is too old is never drawn or counted
// as running, whatever it last said.
import type { AbnormalItem, DowntimeEvent, FeedState, MachineState, MachineTile, PlantBoard } from "../../api";
import type { MessageKey } from "../../messages";

/** What a tile is drawn as: the machine's own state, a short stop, or too old to tell. */
export type ShownState = MachineState | "minor_stop" | "stale";

/** Every state there is to draw, in the order of the legend. */
export const SHOWN_STATES: readonly ShownState[] = ["running", "idle", "setup", "maintenance", "minor_stop", "down", "offline", "unknown", "stale"];

/** The drawing of a state. Each differs from the others in black and white. */
export type Glyph = "play" | "bars" | "gear" | "wrench" | "triangle" | "square" | "unplugged" | "question" | "clock";

/** How the ground of a state is filled. */
export type Fill = "solid" | "hollow" | "stripes" | "tinted" | "dashed" | "dotted" | "hatched";

/** The codes of one state. */
export interface StateCode {
  readonly glyph: Glyph;
  readonly fill: Fill;
  readonly word: MessageKey;
}

/** Fill, glyph and word of every state. */
export const STATE_CODE: Readonly<Record<ShownState, StateCode>> = {
  running: { glyph: "play", fill: "solid", word: "plant.state.running" },
  idle: { glyph: "bars", fill: "hollow", word: "plant.state.idle" },
  setup: { glyph: "gear", fill: "stripes", word: "plant.state.setup" },
  maintenance: { glyph: "wrench", fill: "stripes", word: "plant.state.maintenance" },
  minor_stop: { glyph: "triangle", fill: "tinted", word: "plant.state.minor_stop" },
  down: { glyph: "square", fill: "solid", word: "plant.state.down" },
  offline: { glyph: "unplugged", fill: "dashed", word: "plant.state.offline" },
  unknown: { glyph: "question", fill: "dotted", word: "plant.state.unknown" },
  stale: { glyph: "clock", fill: "hatched", word: "plant.state.stale" },
};

/** The groups one can filter by, by key 1 to 6. */
export const GROUPS = ["running", "idle", "planned", "stopped", "silent", "stale"] as const;
/** A group of states. */
export type Group = (typeof GROUPS)[number];

const GROUP_OF: Readonly<Record<ShownState, Group>> = {
  running: "running", idle: "idle", setup: "planned", maintenance: "planned", minor_stop: "stopped", down: "stopped", offline: "silent", unknown: "silent", stale: "stale",
};
/** The state whose glyph stands for a group. */
export const GROUP_MARK: Readonly<Record<Group, ShownState>> = { running: "running", idle: "idle", planned: "setup", stopped: "down", silent: "offline", stale: "stale" };

/** The group a state belongs to. */
export function groupOf(state: ShownState): Group {
  return GROUP_OF[state];
}

/** A board older than this is no longer now: the console itself does not answer. */
export const BOARD_STALE_MS = 15_000;
const FRESH: ReadonlySet<FeedState> = new Set<FeedState>(["live", "polling", "delayed"]);

/** True when nothing on the board may be called now. */
export function isBoardStale(board: PlantBoard, now: number): boolean {
  return !FRESH.has(board.feed.state) || now - Date.parse(board.server_time) > BOARD_STALE_MS;
}

/** Machines with an open short stop. */
export function shortStops(downtime: readonly DowntimeEvent[]): ReadonlySet<string> {
  return new Set(downtime.filter((event) => event.category === "minor_stop" && event.end === null && !event.deleted).map((event) => event.machine_id));
}

/** The state a machine is drawn in. */
export function shownState(tile: MachineTile, boardIsStale: boolean, stops: ReadonlySet<string>): ShownState {
  if (tile.is_stale || boardIsStale) return "stale";
  const { status, machine_id } = tile.machine;
  return (status === "down" || status === "idle") && stops.has(machine_id) ? "minor_stop" : status;
}

/** How many machines are in each group, as they are drawn. */
export function headCount(states: Iterable<ShownState>): Record<Group, number> {
  const counts: Record<Group, number> = { running: 0, idle: 0, planned: 0, stopped: 0, silent: 0, stale: 0 };
  for (const state of states) counts[groupOf(state)] += 1;
  return counts;
}

/** Shape and number of an alarm's priority: 1 ◆, 2 ▲, 3 ●, 4 ▬; anything else has none. */
export const ALARM_SHAPES = { 1: "diamond", 2: "triangle", 3: "circle", 4: "bar" } as const;
/** A priority that has a shape. */
export type Priority = keyof typeof ALARM_SHAPES;

/** The priority as one that has a shape, or null. */
export function priorityOf(value: number | null): Priority | null {
  return value === 1 || value === 2 || value === 3 || value === 4 ? value : null;
}

/** The most urgent alarm of a machine that nobody has acknowledged; failing that, the most urgent. */
export function topAlarm(tile: MachineTile): MachineTile["machine"]["alarms"][number] | null {
  const rank = (alarm: MachineTile["machine"]["alarms"][number]): number => (alarm.acknowledged === true ? 10 : 0) + (alarm.priority ?? 5);
  return tile.machine.alarms.reduce<MachineTile["machine"]["alarms"][number] | null>((top, alarm) => (top === null || rank(alarm) < rank(top) ? alarm : top), null);
}

/** An alarm of priority 1 or 2 that nobody has acknowledged, on a machine whose values are fresh and that is not down. */
export function needsEye(tile: MachineTile, state: ShownState): boolean {
  if (state === "stale" || state === "down") return false;
  const alarm = topAlarm(tile);
  return alarm !== null && alarm.acknowledged !== true && (alarm.priority ?? 4) <= 2;
}

/** The lines of "needs attention" in the order the engine gives them, one for each machine and kind. */
export function attention(items: readonly AbnormalItem[]): AbnormalItem[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    const key = `${item.machine_id} ${item.kind} ${item.text ?? ""}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** A down that nobody has taken note of: no alarm, or one not acknowledged. */
export function isUnseenDown(tile: MachineTile): boolean {
  return tile.machine.status === "down" && (tile.machine.alarms.length === 0 || tile.machine.alarms.some((alarm) => alarm.acknowledged !== true));
}
