//! Tables of what SAP tells.

use super::{INTEGER, MirrorTable, REAL, SOURCE_TIME, SYNCED_AT, TEXT, business, plant};

pub(super) const PURCHASE_ORDERS: MirrorTable = MirrorTable {
    name: "purchase_orders",
    description: "Purchase orders from SAP, one row for each order",
    columns: &[
        plant("purchase_order", TEXT, "Document number with leading zeros; key"),
        plant("company_code", TEXT, "Company code"),
        plant("order_type", TEXT, "Document type, for example NB"),
        business("supplier", TEXT, "Supplier number"),
        plant("purchasing_organization", TEXT, "Purchasing organisation"),
        plant("purchasing_group", TEXT, "Purchasing group"),
        plant(
            "currency",
            TEXT,
            "Document currency; never add values of different currencies",
        ),
        plant("order_date", TEXT, "Date of the order, YYYY-MM-DD"),
        plant("last_changed_at", TEXT, "When SAP last changed the order, UTC"),
        plant(
            "status",
            TEXT,
            "deleted, blocked, incomplete, rejected, in_release, released, active or unknown",
        ),
        plant("status_raw", TEXT, "Status code as SAP sent it"),
        plant("payment_terms", TEXT, "Terms of payment, as a code"),
        plant("external_reference", TEXT, "Reference the order was made under"),
        plant("created_by", TEXT, "SAP user who made the order"),
        business(
            "net_value",
            REAL,
            "Sum of the item values in currency; NULL when an item's value is unknown",
        ),
        business("net_value_text", TEXT, "net_value exactly, as text"),
        plant("item_count", INTEGER, "Number of items, deleted ones included"),
        SOURCE_TIME,
        SYNCED_AT,
    ],
    indexes: &["UNIQUE (purchase_order)", "(order_date)", "(supplier)"],
};

pub(super) const PURCHASE_ORDER_ITEMS: MirrorTable = MirrorTable {
    name: "purchase_order_items",
    description: "Items of purchase orders from SAP; join on purchase_order",
    columns: &[
        plant(
            "purchase_order",
            TEXT,
            "Document number of the order; key with item",
        ),
        plant("item", TEXT, "Item number, for example 00010"),
        plant("text", TEXT, "Short text"),
        plant("material", TEXT, "Material number"),
        plant("plant", TEXT, "Plant"),
        plant("storage_location", TEXT, "Storage location"),
        plant("quantity", REAL, "Ordered quantity in unit"),
        plant("quantity_text", TEXT, "quantity exactly, as text"),
        plant(
            "unit",
            TEXT,
            "Order unit; never add quantities of different units",
        ),
        business("net_price", REAL, "Net price for price_unit units, in currency"),
        business("net_price_text", TEXT, "net_price exactly, as text"),
        business("price_unit", REAL, "Number of units the price is for"),
        business("price_unit_text", TEXT, "price_unit exactly, as text"),
        business(
            "net_value",
            REAL,
            "quantity times net_price divided by price_unit, in currency",
        ),
        business("net_value_text", TEXT, "net_value exactly, as text"),
        plant("currency", TEXT, "Currency of the order"),
        plant(
            "is_deleted",
            INTEGER,
            "1 when the item is deleted and does not count, else 0",
        ),
        plant(
            "is_completely_delivered",
            INTEGER,
            "1 when everything ordered has arrived, 0 when not, NULL unknown",
        ),
        plant(
            "is_free_of_charge",
            INTEGER,
            "1 when it costs nothing and does not count in sums, 0 when not, NULL unknown",
        ),
        plant(
            "is_finally_invoiced",
            INTEGER,
            "1 when no more invoices are expected, 0 when not, NULL unknown",
        ),
        SOURCE_TIME,
        SYNCED_AT,
    ],
    indexes: &["UNIQUE (purchase_order, item)", "(material)"],
};

pub(super) const INVENTORY: MirrorTable = MirrorTable {
    name: "inventory",
    description: "Stock from SAP, one row for each material, plant, storage location, stock type and special stock",
    columns: &[
        plant("material", TEXT, "Material number"),
        plant("plant", TEXT, "Plant"),
        plant(
            "storage_location",
            TEXT,
            "Storage location; NULL for stock without one",
        ),
        plant(
            "stock_type",
            TEXT,
            "unrestricted, quality_inspection, blocked or other",
        ),
        plant("stock_type_raw", TEXT, "Stock type code as SAP sent it"),
        plant(
            "special_stock",
            TEXT,
            "Special stock indicator; NULL for own stock, never add the two",
        ),
        plant("quantity", REAL, "Quantity in unit; may be negative"),
        plant("quantity_text", TEXT, "quantity exactly, as text"),
        plant("unit", TEXT, "Base unit; never add quantities of different units"),
        plant(
            "buckets",
            INTEGER,
            "How many batches or partners were added into the row",
        ),
        business(
            "value_estimate",
            REAL,
            "Estimate: quantity times the price that counts, in value_currency; NULL for special stock and without a price",
        ),
        business("value_estimate_text", TEXT, "value_estimate exactly, as text"),
        business(
            "value_currency",
            TEXT,
            "Currency of value_estimate; never add values of different currencies",
        ),
        plant(
            "value_basis",
            TEXT,
            "Which price the estimate is made with: standard_price, moving_average or unknown",
        ),
        SOURCE_TIME,
        SYNCED_AT,
    ],
    indexes: &["(material, plant)"],
};

pub(super) const COST_CENTERS: MirrorTable = MirrorTable {
    name: "cost_centers",
    description: "Cost centres from SAP, one row for each time slice, with budget and actuals of one fiscal year",
    columns: &[
        plant(
            "controlling_area",
            TEXT,
            "Controlling area; key with cost_center and valid_to",
        ),
        plant("cost_center", TEXT, "Number with leading zeros"),
        plant("valid_from", TEXT, "First day of the slice, YYYY-MM-DD"),
        plant(
            "valid_to",
            TEXT,
            "Last day of the slice, YYYY-MM-DD; 9999-12-31 when open",
        ),
        plant("name", TEXT, "Name"),
        plant("description", TEXT, "Longer description"),
        plant("company_code", TEXT, "Company code"),
        plant("department", TEXT, "Department"),
        business("responsible", TEXT, "Name of who is responsible"),
        business("responsible_user", TEXT, "SAP user of who is responsible"),
        plant("category", TEXT, "Category code"),
        plant("profit_center", TEXT, "Profit centre"),
        plant(
            "is_blocked",
            INTEGER,
            "1 when primary postings are blocked, 0 when not, NULL unknown",
        ),
        plant("currency", TEXT, "Currency of the cost centre"),
        plant("fiscal_year", TEXT, "Fiscal year of budget and actual"),
        business(
            "budget",
            REAL,
            "Sum of the plan rows of the fiscal year, in amounts_currency; NULL when not available, never zero for unknown",
        ),
        business("budget_text", TEXT, "budget exactly, as text"),
        business(
            "actual",
            REAL,
            "Sum of the actual rows of the fiscal year, in amounts_currency; NULL when not available",
        ),
        business("actual_text", TEXT, "actual exactly, as text"),
        plant(
            "amounts_currency",
            TEXT,
            "Currency of budget and actual; never add amounts of different currencies",
        ),
        SOURCE_TIME,
        SYNCED_AT,
    ],
    indexes: &[
        "UNIQUE (controlling_area, cost_center, valid_to)",
        "(company_code)",
    ],
};

pub(super) const MATERIALS: MirrorTable = MirrorTable {
    name: "materials",
    description: "Material master from SAP, one row for each material",
    columns: &[
        plant("material", TEXT, "Material number; key"),
        plant("description", TEXT, "Description"),
        plant("description_language", TEXT, "Language the description is in"),
        plant("material_type", TEXT, "Material type, for example ROH"),
        plant("material_group", TEXT, "Material group"),
        plant("base_unit", TEXT, "Base unit"),
        plant("gross_weight", REAL, "Gross weight in weight_unit"),
        plant("gross_weight_text", TEXT, "gross_weight exactly, as text"),
        plant("net_weight", REAL, "Net weight in weight_unit"),
        plant("net_weight_text", TEXT, "net_weight exactly, as text"),
        plant("weight_unit", TEXT, "Unit of the weights"),
        plant("cross_plant_status", TEXT, "Status across plants, as SAP sent it"),
        plant(
            "is_marked_for_deletion",
            INTEGER,
            "1 when marked for deletion, 0 when not, NULL unknown",
        ),
        plant(
            "is_batch_managed",
            INTEGER,
            "1 when kept in batches, 0 when not, NULL unknown",
        ),
        plant("standard_id", TEXT, "GTIN or other standard number"),
        plant("last_changed_at", TEXT, "When SAP last changed it, UTC"),
        SOURCE_TIME,
        SYNCED_AT,
    ],
    indexes: &["UNIQUE (material)", "(material_type)"],
};

pub(super) const MATERIAL_PLANTS: MirrorTable = MirrorTable {
    name: "material_plants",
    description: "Plants a material is kept in; join on material",
    columns: &[
        plant("material", TEXT, "Material number; key with plant"),
        plant("plant", TEXT, "Plant"),
        plant("mrp_type", TEXT, "MRP type code"),
        plant("abc_indicator", TEXT, "ABC indicator"),
        plant("purchasing_group", TEXT, "Purchasing group"),
        SOURCE_TIME,
        SYNCED_AT,
    ],
    indexes: &["UNIQUE (material, plant)"],
};

pub(super) const MATERIAL_VALUATIONS: MirrorTable = MirrorTable {
    name: "material_valuations",
    description: "What materials are valued at; join on material",
    columns: &[
        plant("material", TEXT, "Material number"),
        plant(
            "valuation_area",
            TEXT,
            "Valuation area, in most systems the plant",
        ),
        plant(
            "valuation_type",
            TEXT,
            "Valuation type; NULL unless valued in several ways",
        ),
        plant(
            "price_control",
            TEXT,
            "Which price counts: standard_price, moving_average or unknown",
        ),
        business(
            "price",
            REAL,
            "The price that counts, for price_unit units, in currency",
        ),
        business("price_text", TEXT, "price exactly, as text"),
        business("price_unit", REAL, "Number of units the price is for"),
        business("price_unit_text", TEXT, "price_unit exactly, as text"),
        plant("currency", TEXT, "Currency of the price"),
        SOURCE_TIME,
        SYNCED_AT,
    ],
    indexes: &["(material, valuation_area)"],
};
