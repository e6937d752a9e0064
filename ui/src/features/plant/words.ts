// What the Plant screen says about a machine, in the words of the catalogue.
import type { AbnormalItem, DowntimeEvent, LineView, MachineTile, Reason } from "../../api";
import { safeText } from "../../kit";
import { t } from "../../messages";
import { STATE_CODE, topAlarm, type ShownState } from "./states";
import { spokenSpan } from "./times";

const LONGEST = 200;

/** The name of a machine for people; its key when it has none. */
export function machineName(tile: MachineTile): string {
  return safeText(tile.machine.name ?? tile.machine.machine_id).slice(0, LONGEST);
}

/** The word of a state. */
export function stateWord(state: ShownState): string {
  return t(STATE_CODE[state].word);
}

/** The plant's words for a reason; its code when it has none. */
export function reasonText(reason: Reason | null): string | null {
  const text = reason?.text ?? reason?.code ?? null;
  return text === null ? null : text.slice(0, LONGEST);
}

/** What a tile's last line says: the reason, else the alarm, else what the MES called an unknown state. */
export function tileNote(tile: MachineTile, state: ShownState): string | null {
  if (state === "unknown" && tile.machine.status_raw !== null) return tile.machine.status_raw.slice(0, LONGEST);
  return reasonText(tile.machine.reason) ?? topAlarm(tile)?.text?.slice(0, LONGEST) ?? null;
}

/** A tile in one sentence: "Mill 3, down, 12 minutes, spindle overload, data 4 seconds old". */
export function tileLabel(tile: MachineTile, state: ShownState, ageMs: number | null, now: number): string {
  const since = tile.machine.status_since;
  const note = tileNote(tile, state);
  const last = state === "stale" ? t("plant.spoken.last", { state: stateWord(tile.machine.status).toLowerCase() }) : null;
  return [
    machineName(tile),
    stateWord(state).toLowerCase(),
    last,
    since === null || state === "stale" ? null : spokenSpan(now - Date.parse(since)),
    note === null ? null : safeText(note),
    ageMs === null ? t("plant.spoken.ageUnknown") : t("plant.spoken.age", { span: spokenSpan(ageMs) }),
  ].filter((part) => part !== null && part !== "").join(", ");
}

/** A line's heading: its name, and the area its machines share. */
export function lineTitle(line: LineView, tiles: readonly MachineTile[]): { readonly name: string; readonly area: string | null } {
  const areas = new Set(tiles.map((tile) => tile.machine.equipment.area));
  const [area = null] = areas;
  return { name: line.name === "" ? t("plant.line.none") : safeText(line.name), area: areas.size === 1 && area !== null ? safeText(area) : null };
}

/** Why a machine needs a person, in a word. */
export function abnormalWord(item: AbnormalItem): string {
  return t(`plant.abnormal.${item.kind}`);
}

/** The word of a stop's category. */
export function categoryWord(event: DowntimeEvent): string {
  return t(`plant.category.${event.category}`);
}
