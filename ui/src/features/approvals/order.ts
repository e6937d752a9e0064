// The order of the waiting list, and its calm: while somebody works in it nothing moves under the focus or the pointer.
import { RISK_RANK } from "../../kit";
import type { ApprovalItem } from "../../api";

/** What the list shows, and what waits behind "2 new, press R". */
export interface Arrangement {
  readonly ids: readonly string[];
  readonly behind: readonly string[];
}

type Sortable = Pick<ApprovalItem, "id" | "risk" | "decide_by">;

/** Risk first, then time left. */
export function byRiskThenTime(a: Sortable, b: Sortable): number {
  return RISK_RANK[b.risk] - RISK_RANK[a.risk] || Date.parse(a.decide_by) - Date.parse(b.decide_by) || a.id.localeCompare(b.id);
}

/**
 * The next arrangement. Free: sorted anew. Held: what is shown keeps its place, even what has been decided elsewhere;
 * new requests wait behind, except that a CRITICAL one appears at the top.
 */
export function arrange(shown: readonly string[], fresh: readonly Sortable[], isHeld: boolean): Arrangement {
  const sorted = [...fresh].sort(byRiskThenTime);
  if (!isHeld || shown.length === 0) return { ids: sorted.map((item) => item.id), behind: [] };
  const added = sorted.filter((item) => !shown.includes(item.id));
  const onTop = added.filter((item) => item.risk === "critical").map((item) => item.id);
  const behind = added.filter((item) => item.risk !== "critical").map((item) => item.id);
  return { ids: [...onTop, ...shown], behind };
}

/** Where the focus goes when `id` leaves the list: the next one, else the one before, never the top. */
export function afterLeaving(ids: readonly string[], id: string): string | null {
  const at = ids.indexOf(id);
  if (at < 0) return ids[0] ?? null;
  return ids[at + 1] ?? ids[at - 1] ?? null;
}
