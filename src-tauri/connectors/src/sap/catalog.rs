//! The sets and fields that are read, by SAP's own names. Selection, order and expansion of every question come from here,
//! and so does what the doctor looks for. Only these fields are ever asked for: a whole row has up to 120.

/// An entity set.
#[derive(Debug)]
pub(super) struct EntitySet {
    /// Its name; the name of its type is this with `Type`.
    pub(super) name: &'static str,
    /// Without these a row says nothing.
    pub(super) needed: &'static [&'static str],
    /// Read where the release has them; otherwise unknown.
    pub(super) useful: &'static [&'static str],
    /// What rows are sorted by: the full key, or rows repeat or get lost between pages.
    pub(super) order: &'static [&'static str],
    /// What is read along.
    pub(super) navigations: &'static [Navigation],
}

/// A navigation that is read along.
#[derive(Debug)]
pub(super) struct Navigation {
    pub(super) name: &'static str,
    pub(super) target: &'static EntitySet,
}

/// Sets of the services, the main one first.
pub(super) static PURCHASE_ORDERS: [&EntitySet; 2] = [&PURCHASE_ORDER, &PURCHASE_ORDER_ITEM];
pub(super) static STOCKS: [&EntitySet; 1] = [&STOCK];
pub(super) static PRODUCTS: [&EntitySet; 4] =
    [&PRODUCT, &PRODUCT_DESCRIPTION, &PRODUCT_PLANT, &PRODUCT_VALUATION];
pub(super) static COST_CENTERS: [&EntitySet; 1] = [&COST_CENTER];
pub(super) static PLAN: [&EntitySet; 1] = [&PLAN_ITEM];
pub(super) static JOURNAL: [&EntitySet; 1] = [&JOURNAL_ITEM];

pub(super) static PURCHASE_ORDER: EntitySet = EntitySet {
    name: "A_PurchaseOrder",
    needed: &["PurchaseOrder"],
    useful: &[
        "CompanyCode",
        "PurchaseOrderType",
        "Supplier",
        "PurchasingOrganization",
        "PurchasingGroup",
        "DocumentCurrency",
        "PurchaseOrderDate",
        "LastChangeDateTime",
        "PurchasingProcessingStatus",
        "PurchasingCompletenessStatus",
        "ReleaseIsNotCompleted",
        "PurchasingDocumentDeletionCode",
        "PaymentTerms",
        "CorrespncExternalReference",
        "CreatedByUser",
    ],
    order: &["PurchaseOrder"],
    navigations: &[Navigation {
        name: "to_PurchaseOrderItem",
        target: &PURCHASE_ORDER_ITEM,
    }],
};

pub(super) static PURCHASE_ORDER_ITEM: EntitySet = EntitySet {
    name: "A_PurchaseOrderItem",
    needed: &["PurchaseOrderItem"],
    useful: &[
        "PurchaseOrderItemText",
        "Material",
        "Plant",
        "StorageLocation",
        "OrderQuantity",
        "PurchaseOrderQuantityUnit",
        "OrderPriceUnit",
        "OrderPriceUnitToOrderUnitNmrtr",
        "OrdPriceUnitToOrderUnitDnmntr",
        "NetPriceAmount",
        "NetPriceQuantity",
        "PurchasingDocumentDeletionCode",
        "PurchasingItemIsFreeOfCharge",
        "IsCompletelyDelivered",
        "IsFinallyInvoiced",
    ],
    order: &["PurchaseOrder", "PurchaseOrderItem"],
    navigations: &[],
};

/// Written with an item of an order and never read.
pub(super) static SCHEDULE: Navigation = Navigation {
    name: "to_ScheduleLine",
    target: &SCHEDULE_LINE,
};

static SCHEDULE_LINE: EntitySet = EntitySet {
    name: "A_PurchaseOrderScheduleLine",
    needed: &["ScheduleLineDeliveryDate", "ScheduleLineOrderQuantity"],
    useful: &[],
    order: &[],
    navigations: &[],
};

/// Sorted by the full key, with what makes one of our rows first: a cut then hits the last row only.
pub(super) static STOCK: EntitySet = EntitySet {
    name: "A_MatlStkInAcctMod",
    needed: &["Material", "Plant", "MatlWrhsStkQtyInMatlBaseUnit"],
    useful: &[
        "StorageLocation",
        "InventorySpecialStockType",
        "InventoryStockType",
        "MaterialBaseUnit",
    ],
    order: &[
        "Material",
        "Plant",
        "StorageLocation",
        "InventorySpecialStockType",
        "InventoryStockType",
        "Batch",
        "Supplier",
        "Customer",
        "WBSElementInternalID",
        "SDDocument",
        "SDDocumentItem",
    ],
    navigations: &[],
};

pub(super) static PRODUCT: EntitySet = EntitySet {
    name: "A_Product",
    needed: &["Product"],
    useful: &[
        "ProductType",
        "ProductGroup",
        "BaseUnit",
        "GrossWeight",
        "NetWeight",
        "WeightUnit",
        "CrossPlantStatus",
        "IsMarkedForDeletion",
        "IsBatchManagementRequired",
        "ProductStandardID",
        "LastChangeDateTime",
    ],
    order: &["Product"],
    navigations: &[
        Navigation {
            name: "to_Description",
            target: &PRODUCT_DESCRIPTION,
        },
        Navigation {
            name: "to_Plant",
            target: &PRODUCT_PLANT,
        },
        Navigation {
            name: "to_Valuation",
            target: &PRODUCT_VALUATION,
        },
    ],
};

pub(super) static PRODUCT_DESCRIPTION: EntitySet = EntitySet {
    name: "A_ProductDescription",
    needed: &["Language", "ProductDescription"],
    useful: &[],
    order: &["Product", "Language"],
    navigations: &[],
};

pub(super) static PRODUCT_PLANT: EntitySet = EntitySet {
    name: "A_ProductPlant",
    needed: &["Plant"],
    useful: &["MRPType", "ABCIndicator", "PurchasingGroup"],
    order: &["Product", "Plant"],
    navigations: &[],
};

pub(super) static PRODUCT_VALUATION: EntitySet = EntitySet {
    name: "A_ProductValuation",
    needed: &["ValuationArea", "InventoryValuationProcedure"],
    useful: &[
        "ValuationType",
        "StandardPrice",
        "MovingAveragePrice",
        "PriceUnitQty",
        "Currency",
    ],
    order: &["Product", "ValuationArea", "ValuationType"],
    navigations: &[],
};

pub(super) static COST_CENTER: EntitySet = EntitySet {
    name: "A_CostCenter",
    needed: &["ControllingArea", "CostCenter", "ValidityEndDate"],
    useful: &[
        "ValidityStartDate",
        "CompanyCode",
        "Department",
        "CostCtrResponsiblePersonName",
        "CostCtrResponsibleUser",
        "CostCenterCategory",
        "ProfitCenter",
        "IsBlkdForPrimaryCostsPosting",
        "CostCenterCurrency",
    ],
    order: &["ControllingArea", "CostCenter", "ValidityEndDate"],
    navigations: &[Navigation {
        name: "to_Text",
        target: &COST_CENTER_TEXT,
    }],
};

pub(super) static COST_CENTER_TEXT: EntitySet = EntitySet {
    name: "A_CostCenterText",
    needed: &["Language", "CostCenterName"],
    useful: &["CostCenterDescription"],
    order: &["CostCenter", "ControllingArea", "Language", "ValidityEndDate"],
    navigations: &[],
};

/// No description of this service was found in public: what it really has is read from its `$metadata` first.
pub(super) static PLAN_ITEM: EntitySet = EntitySet {
    name: "A_FinPlanningEntryItem",
    needed: &["CostCenter", "LedgerFiscalYear", "AmountInCompanyCodeCurrency"],
    useful: &[
        "PlanningCategory",
        "Ledger",
        "ControllingArea",
        "CompanyCode",
        "CompanyCodeCurrency",
    ],
    order: ENTRY_ORDER,
    navigations: &[],
};

/// SAP adds up what has the same values in the selected fields, so the generated key is neither selected nor sorted by.
pub(super) static JOURNAL_ITEM: EntitySet = EntitySet {
    name: "A_JournalEntryItemBasic",
    needed: &["CostCenter", "LedgerFiscalYear", "AmountInCompanyCodeCurrency"],
    useful: &["Ledger", "ControllingArea", "CompanyCode", "CompanyCodeCurrency"],
    order: ENTRY_ORDER,
    navigations: &[],
};

const ENTRY_ORDER: &[&str] = &["CostCenter", "CompanyCode"];
