// In a flood of alarms no single line can be followed: what calls for attention as groups by area, each with its first cause.
// How many are a flood, the engine says.
import type { AbnormalItem, LateOrder } from "../../api";

/** What calls for attention in one area, with what began it. */
export interface FloodGroup {
  /** Empty: the machines name no area. */
  readonly area: string;
  readonly first: AbnormalItem;
  readonly items: readonly AbnormalItem[];
}

/** The lines as groups by area; the one that began first comes first. What does not say since when began nothing. */
export function floodGroups(items: readonly AbnormalItem[], areaOf: (machine: string) => string | null): FloodGroup[] {
  const byArea = new Map<string, AbnormalItem[]>();
  for (const item of items) {
    const area = areaOf(item.machine_id) ?? "";
    const own = byArea.get(area);
    if (own === undefined) byArea.set(area, [item]);
    else own.push(item);
  }
  const since = (item: AbnormalItem): number => { const at = Date.parse(item.since ?? ""); return Number.isNaN(at) ? Infinity : at; };
  return [...byArea]
    .map(([area, own]) => ({ area, items: own, first: own.reduce((first, item) => (since(item) < since(first) ? item : first)) }))
    .sort((a, b) => { const [x, y] = [since(a.first), since(b.first)]; return x === y ? 0 : x < y ? -1 : 1; });
}

/** A line of "needs attention": a machine, in a flood an area with its first cause, or an order that is late. */
export type Entry =
  | { readonly type: "machine"; readonly key: string; readonly item: AbnormalItem; readonly isInGroup: boolean }
  | { readonly type: "area"; readonly key: string; readonly group: FloodGroup; readonly isOpen: boolean }
  | { readonly type: "order"; readonly key: string; readonly order: LateOrder };

/** The lines in order: machines as the engine ordered them, in a flood by area; late orders after them, longest first. */
export function entriesOf(items: readonly AbnormalItem[], orders: readonly LateOrder[], isFlood: boolean, open: ReadonlySet<string>, areaOf: (machine: string) => string | null): Entry[] {
  const one = (isInGroup: boolean) => (item: AbnormalItem): Entry => ({ type: "machine", key: `${item.machine_id} ${item.kind} ${item.text ?? ""}`, item, isInGroup });
  const machines = !isFlood ? items.map(one(false)) : floodGroups(items, areaOf).flatMap((group): Entry[] => [
    { type: "area", key: `area ${group.area}`, group, isOpen: open.has(group.area) },
    ...(open.has(group.area) ? group.items.map(one(true)) : []),
  ]);
  return [...machines, ...orders.map((order): Entry => ({ type: "order", key: `order ${order.order_id}`, order }))];
}
