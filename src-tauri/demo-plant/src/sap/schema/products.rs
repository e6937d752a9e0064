//! The sets of `API_PRODUCT_SRV`: the material master. What purchasing calls a material is a product here.

use super::{EntitySet, Navigation, SetId, date, decimal, flag, instant, key, string};

const OWN: &[(&str, &str)] = &[("Product", "Product")];

pub(super) static PRODUCT: EntitySet = EntitySet {
    id: SetId::Product,
    name: "A_Product",
    properties: &[
        key("Product", 40),
        string("ProductType", 4),
        string("CrossPlantStatus", 2),
        date("CreationDate"),
        string("CreatedByUser", 12),
        date("LastChangeDate"),
        string("LastChangedByUser", 12),
        instant("LastChangeDateTime"),
        flag("IsMarkedForDeletion"),
        decimal("GrossWeight", 13, 3),
        string("PurchaseOrderQuantityUnit", 3),
        string("WeightUnit", 3),
        decimal("NetWeight", 13, 3),
        string("CountryOfOrigin", 3),
        string("ProductGroup", 9),
        string("BaseUnit", 3),
        string("Division", 2),
        string("ProductStandardID", 18),
        flag("IsBatchManagementRequired"),
        string("IndustrySector", 1),
    ],
    navigations: &[
        Navigation {
            name: "to_Description",
            target: SetId::ProductDescription,
            is_many: true,
            join: OWN,
        },
        Navigation {
            name: "to_Plant",
            target: SetId::ProductPlant,
            is_many: true,
            join: OWN,
        },
        Navigation {
            name: "to_Valuation",
            target: SetId::ProductValuation,
            is_many: true,
            join: OWN,
        },
    ],
};

pub(super) static DESCRIPTION: EntitySet = EntitySet {
    id: SetId::ProductDescription,
    name: "A_ProductDescription",
    properties: &[
        key("Product", 40),
        key("Language", 2),
        string("ProductDescription", 40),
    ],
    navigations: &[],
};

pub(super) static PLANT: EntitySet = EntitySet {
    id: SetId::ProductPlant,
    name: "A_ProductPlant",
    properties: &[
        key("Product", 40),
        key("Plant", 4),
        string("PurchasingGroup", 3),
        string("MRPType", 2),
        string("ABCIndicator", 1),
        decimal("MinimumLotSizeQuantity", 13, 3),
        decimal("StockInTransferQuantity", 13, 3),
        decimal("StockInTransitQuantity", 13, 3),
        decimal("GoodsReceiptBlockedStockQty", 13, 3),
        string("ProfitCenter", 10),
    ],
    navigations: &[],
};

pub(super) static VALUATION: EntitySet = EntitySet {
    id: SetId::ProductValuation,
    name: "A_ProductValuation",
    properties: &[
        key("Product", 40),
        key("ValuationArea", 4),
        key("ValuationType", 10),
        string("ValuationClass", 4),
        decimal("StandardPrice", 12, 3),
        decimal("PriceUnitQty", 5, 0),
        string("InventoryValuationProcedure", 1),
        decimal("MovingAveragePrice", 12, 3),
        string("ValuationCategory", 1),
        date("PriceLastChangeDate"),
        string("Currency", 5),
        string("BaseUnit", 3),
    ],
    navigations: &[],
};
