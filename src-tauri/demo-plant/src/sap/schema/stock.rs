//! The sets of `API_MATERIAL_STOCK_SRV`.

use super::{EntitySet, Navigation, SetId, decimal, key, string};

pub(super) static BUCKET: EntitySet = EntitySet {
    id: SetId::StockBucket,
    name: "A_MatlStkInAcctMod",
    properties: &[
        key("Material", 40),
        key("Plant", 4),
        key("StorageLocation", 4),
        key("Batch", 10),
        key("Supplier", 10),
        key("Customer", 10),
        key("WBSElementInternalID", 8),
        key("SDDocument", 10),
        key("SDDocumentItem", 6),
        key("InventorySpecialStockType", 1),
        key("InventoryStockType", 2),
        string("WBSElementExternalID", 24),
        string("MaterialBaseUnit", 3),
        decimal("MatlWrhsStkQtyInMatlBaseUnit", 31, 14),
    ],
    navigations: &[Navigation {
        name: "to_MaterialStock",
        target: SetId::MaterialStock,
        is_many: false,
        join: &[("Material", "Material")],
    }],
};

pub(super) static MATERIAL: EntitySet = EntitySet {
    id: SetId::MaterialStock,
    name: "A_MaterialStock",
    properties: &[key("Material", 40), string("MaterialBaseUnit", 3)],
    navigations: &[Navigation {
        name: "to_MatlStkInAcctMod",
        target: SetId::StockBucket,
        is_many: true,
        join: &[("Material", "Material")],
    }],
};
