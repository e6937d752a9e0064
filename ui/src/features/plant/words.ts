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
  const [first = null] = areas;
  const area = line.area ?? (areas.size === 1 ? first : null);
  return { name: line.name === "" ? t("plant.line.none") : safeText(line.name).slice(0, LONGEST), area: area === null || area === line.name ? null : safeText(area).slice(0, LONGEST) };
}

/** Why a machine needs a person, in a word. */
export function abnormalWord(item: AbnormalItem): string {
  return t(`plant.abnormal.${item.kind}`);
}

/** True when a text names this machine or the order on it as a word of its own. */
export function isAbout(text: string, tile: MachineTile): boolean {
  const { machine_id, order_id, name } = tile.machine;
  const lower = text.toLowerCase();
  return [machine_id, order_id, tile.order?.number ?? null, name].some((word) => {
    if (word === null || word.length < 3) return false;
    const at = lower.indexOf(word.toLowerCase());
    const [before, after] = [lower[at - 1] ?? " ", lower[at + word.length] ?? " "];
    return at >= 0 && !/[\p{L}\p{N}]/u.test(before) && !/[\p{L}\p{N}]/u.test(after);
  });
}

/** The word of a stop's category. */
export function categoryWord(event: DowntimeEvent): string {
  return t(`plant.category.${event.category}`);
}
