// Words and figures of ERP records, as people read them. Amounts stay text; nothing here adds or rounds money.
import type { PurchaseOrder, StockRow } from "../../api";
import { formatAmount, formatDecimal, formatNumber } from "../../kit";
import { t, type MessageKey } from "../../messages";

const ORDER_WORDS: Readonly<Record<PurchaseOrder["status"], MessageKey>> = {
  deleted: "erp.status.deleted", blocked: "erp.status.blocked", incomplete: "erp.status.incomplete", rejected: "erp.status.rejected",
  in_release: "erp.status.in_release", released: "erp.status.released", active: "erp.status.active", unknown: "erp.status.unknown",
};
const STOCK_WORDS: Readonly<Record<StockRow["stock_type"], MessageKey>> = {
  unrestricted: "erp.stock.unrestricted", quality_inspection: "erp.stock.quality_inspection", blocked: "erp.stock.blocked", other: "erp.stock.other",
};

/** The status of an order; the raw code when it is one this console does not know. */
export function orderStatus(order: PurchaseOrder): string {
  const word = t(ORDER_WORDS[order.status]);
  return order.status === "unknown" && order.status_raw !== null ? `${word} (${order.status_raw})` : word;
}

/** The kind of stock; the raw code when it is one this console does not know. */
export function stockType(row: StockRow): string {
  const word = t(STOCK_WORDS[row.stock_type]);
  return row.stock_type === "other" && row.stock_type_raw !== null ? `${word} (${row.stock_type_raw})` : word;
}

/** The word of a choice in a filter. */
export function choiceWord(name: string, value: string): string {
  if (name === "status" && value in ORDER_WORDS) return t(ORDER_WORDS[value as PurchaseOrder["status"]]);
  if (name === "stock_type" && value in STOCK_WORDS) return t(STOCK_WORDS[value as StockRow["stock_type"]]);
  return value;
}

/** The name of a special stock by its indicator; the indicator alone when it is no common one. */
export function specialStock(indicator: string): string {
  switch (indicator) {
    case "K":
      return t("erp.special.K");
    case "E":
      return t("erp.special.E");
    case "Q":
      return t("erp.special.Q");
    case "O":
      return t("erp.special.O");
    default:
      return indicator;
  }
}

/** An amount with its currency, or a dash. */
export function money(amount: string | null, currency: string | null): string {
  if (amount === null) return "–";
  return currency === null ? formatDecimal(amount) : formatAmount(amount, currency);
}

/** A quantity with its unit, or a dash. */
export function quantity(amount: string | null, unit: string | null): string {
  if (amount === null) return "–";
  return unit === null ? formatDecimal(amount) : `${formatDecimal(amount)}\u2009${unit}`;
}

/** A share such as `83 %`. */
export function percent(share: number): string {
  return `${formatNumber(share * 100, 0)}\u2009%`;
}

/** An identifier as people say it: leading zeros of an all-digit one are dropped. Shown beside, never instead of it. */
export function plain(id: string): string {
  return /^\d+$/.test(id) ? id.replace(/^0+(?=\d)/, "") : id;
}
