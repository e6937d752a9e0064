// The four lists of the ERP screen: which operation fills each, its columns, its filters, and what names a record.
// Not here: how a value is drawn (Cell.svelte) and what stands beside the list (Detail.svelte).
import type { CostCenter, Material, PurchaseOrder, StockRow } from "../../api";
import type { RecordColumn, RecordSort } from "../../kit";
import { t, type MessageKey } from "../../messages";

/** A list of the screen. */
export type ViewId = "orders" | "stock" | "centers" | "materials";
/** The lists in the order of their tabs. */
export const VIEWS: readonly ViewId[] = ["orders", "stock", "centers", "materials"];

/** A record of any list. */
export type ErpRecord = PurchaseOrder | StockRow | CostCenter | Material;

/** A filter that SAP applies. */
export interface Filter {
  /** Name of the parameter. */
  readonly name: string;
  readonly label: MessageKey;
  readonly kind: "text" | "date" | "choice";
  /** Most characters, for texts; it sets the width too. */
  readonly most: number;
  readonly choices?: readonly string[];
}

interface ColumnOf {
  readonly id: string;
  readonly title: MessageKey;
  readonly width: number;
  readonly grows?: boolean;
  readonly isNumeric?: boolean;
  readonly sort?: string;
  /** The field it shows, when that may be hidden; the column goes with it. */
  readonly field?: string;
}

/** What a list is made of. */
export interface View {
  readonly operation: string;
  readonly title: MessageKey;
  /** The order where none was chosen; that of SAP when absent. */
  readonly order?: RecordSort;
  readonly columns: readonly ColumnOf[];
  readonly filters: readonly Filter[];
}

const text = (name: string, label: MessageKey, most: number): Filter => ({ name, label, kind: "text", most });
const date = (name: string, label: MessageKey): Filter => ({ name, label, kind: "date", most: 10 });
const choice = (name: string, label: MessageKey, choices: readonly string[]): Filter => ({ name, label, kind: "choice", most: 18, choices });

const ORDER_STATUS = ["active", "in_release", "released", "rejected", "incomplete", "blocked", "deleted"] as const;
const STOCK_TYPE = ["unrestricted", "quality_inspection", "blocked"] as const;

/** The lists. */
export const VIEW: Readonly<Record<ViewId, View>> = {
  orders: {
    operation: "sap.get_purchase_orders",
    title: "erp.view.orders",
    order: { field: "order_date", descending: true },
    columns: [
      { id: "purchase_order", title: "erp.purchase_order", width: 112, sort: "purchase_order" },
      { id: "order_date", title: "erp.order_date", width: 92, sort: "order_date" },
      { id: "supplier", title: "erp.supplier", width: 104, sort: "supplier", field: "supplier" },
      { id: "status", title: "erp.status", width: 96, sort: "status" },
      { id: "company_code", title: "erp.company_code", width: 78, sort: "company_code" },
      { id: "purchasing_organization", title: "erp.purchasing_organization", width: 84, sort: "purchasing_organization" },
      { id: "plants", title: "erp.plants", width: 84, grows: true },
      { id: "items", title: "erp.items", width: 58, isNumeric: true },
      { id: "net_value", title: "erp.net_value", width: 140, isNumeric: true, sort: "net_value", field: "net_value" },
    ],
    filters: [
      text("supplier", "erp.supplier", 10),
      choice("status", "erp.status", ORDER_STATUS),
      text("plant", "erp.plant", 4),
      text("material", "erp.material", 40),
      date("ordered_from", "erp.ordered_from"),
      date("ordered_to", "erp.ordered_to"),
      text("company_code", "erp.company_code", 4),
      text("purchasing_organization", "erp.purchasing_organization", 4),
      text("purchasing_group", "erp.purchasing_group", 3),
      text("storage_location", "erp.storage_location", 4),
      text("purchase_order", "erp.purchase_order", 10),
    ],
  },
  stock: {
    operation: "sap.get_inventory",
    title: "erp.view.stock",
    columns: [
      { id: "material", title: "erp.material", width: 150, grows: true, sort: "material" },
      { id: "plant", title: "erp.plant", width: 70, sort: "plant" },
      { id: "storage_location", title: "erp.storage_location", width: 104, sort: "storage_location" },
      { id: "stock_type", title: "erp.stock_type", width: 142, sort: "stock_type" },
      { id: "special_stock", title: "erp.special_stock", width: 112, sort: "special_stock" },
      { id: "quantity", title: "erp.quantity", width: 130, isNumeric: true, sort: "quantity" },
      { id: "value_estimate", title: "erp.value_estimate", width: 150, isNumeric: true, sort: "value_estimate.amount", field: "value_estimate" },
    ],
    filters: [
      text("material", "erp.material", 40),
      text("plant", "erp.plant", 4),
      text("storage_location", "erp.storage_location", 4),
      choice("stock_type", "erp.stock_type", STOCK_TYPE),
      text("special_stock", "erp.special_stock", 3),
    ],
  },
  centers: {
    operation: "sap.get_cost_centers",
    title: "erp.view.centers",
    columns: [
      { id: "cost_center", title: "erp.cost_center", width: 110, sort: "cost_center" },
      { id: "name", title: "erp.name", width: 120, grows: true, sort: "name" },
      { id: "responsible", title: "erp.responsible", width: 124, sort: "responsible", field: "responsible" },
      { id: "department", title: "erp.department", width: 92, sort: "department" },
      { id: "actual", title: "erp.actual", width: 128, isNumeric: true, sort: "actual", field: "actual" },
      { id: "budget", title: "erp.budget", width: 128, isNumeric: true, sort: "budget", field: "budget" },
      { id: "used", title: "erp.used", width: 136, field: "budget" },
    ],
    filters: [
      text("cost_center", "erp.cost_center", 10),
      text("controlling_area", "erp.controlling_area", 4),
      text("company_code", "erp.company_code", 4),
      text("department", "erp.department", 12),
      text("fiscal_year", "erp.fiscal_year", 4),
      date("valid_on", "erp.valid_on"),
    ],
  },
  materials: {
    operation: "sap.get_materials",
    title: "erp.view.materials",
    columns: [
      { id: "material", title: "erp.material", width: 150, sort: "material" },
      { id: "description", title: "erp.description", width: 180, grows: true, sort: "description" },
      { id: "material_type", title: "erp.material_type", width: 76, sort: "material_type" },
      { id: "material_group", title: "erp.material_group", width: 110, sort: "material_group" },
      { id: "base_unit", title: "erp.base_unit", width: 76, sort: "base_unit" },
      { id: "plants", title: "erp.plants", width: 130 },
      { id: "last_changed_at", title: "erp.last_changed_at", width: 140, sort: "last_changed_at" },
    ],
    filters: [
      text("material", "erp.material", 40),
      text("description", "erp.description", 40),
      text("material_type", "erp.material_type", 4),
      text("material_group", "erp.material_group", 9),
      text("plant", "erp.plant", 4),
    ],
  },
};

/** The columns of a list for the kit, without those whose field is hidden from who looks. */
export function columnsOf(view: ViewId, hidden: readonly string[]): RecordColumn[] {
  return VIEW[view].columns
    .filter((column) => column.field === undefined || !hidden.includes(column.field))
    .map(({ title, field: _field, ...column }) => ({ ...column, name: t(title) }));
}

/** What names a record in an address. */
export function keyOf(view: ViewId, record: ErpRecord): string {
  switch (view) {
    case "orders":
      return (record as PurchaseOrder).purchase_order;
    case "stock": {
      const row = record as StockRow;
      return [row.material, row.plant, row.storage_location ?? "", row.stock_type_raw ?? row.stock_type, row.special_stock ?? ""].join("~");
    }
    case "centers": {
      const center = record as CostCenter;
      return `${center.controlling_area}~${center.cost_center}~${center.valid_to}`;
    }
    case "materials":
      return (record as Material).material;
  }
}

/** The plants of an order's items that count, or those a material is kept in, each once. */
export function plantsOf(record: PurchaseOrder | Material): string[] {
  const plants = "items" in record ? record.items.filter((item) => !item.is_deleted).map((item) => item.plant) : record.plants.map((one) => one.plant);
  return [...new Set(plants.filter((plant): plant is string => plant !== null && plant !== ""))].sort();
}

/** Where the bar of a cost centre ends, in parts of its track, and where the mark of its budget stands: the longer of the
 * two fills the track. Null when one of the two is not known, or the budget is none. */
export function usedBar(budget: string | null, actual: string | null): { readonly bar: number; readonly mark: number; readonly share: number } | null {
  if (budget === null || actual === null) return null;
  const [plan, used] = [Number(budget), Number(actual)];
  if (!Number.isFinite(plan) || !Number.isFinite(used) || plan <= 0) return null;
  const longest = Math.max(plan, used);
  return { bar: Math.max(0, used) / longest, mark: plan / longest, share: used / plan };
}
