//! The sets of `API_PURCHASEORDER_PROCESS_SRV`.

use super::{EntitySet, Navigation, SetId, date, decimal, flag, instant, key, string, time};

pub(super) static ORDER: EntitySet = EntitySet {
    id: SetId::PurchaseOrder,
    name: "A_PurchaseOrder",
    properties: &[
        key("PurchaseOrder", 10),
        string("CompanyCode", 4),
        string("PurchaseOrderType", 4),
        string("PurchasingDocumentDeletionCode", 1),
        string("PurchasingProcessingStatus", 2),
        string("CreatedByUser", 12),
        date("CreationDate"),
        instant("LastChangeDateTime"),
        string("Supplier", 10),
        string("Language", 2),
        string("PaymentTerms", 4),
        decimal("NetPaymentDays", 3, 0),
        string("PurchasingOrganization", 4),
        string("PurchasingGroup", 3),
        date("PurchaseOrderDate"),
        string("DocumentCurrency", 5),
        string("ExchangeRate", 12),
        date("ValidityStartDate"),
        date("ValidityEndDate"),
        string("IncotermsClassification", 3),
        string("CorrespncExternalReference", 12),
        string("CorrespncInternalReference", 12),
        flag("ReleaseIsNotCompleted"),
        flag("PurchasingCompletenessStatus"),
    ],
    navigations: &[Navigation {
        name: "to_PurchaseOrderItem",
        target: SetId::PurchaseOrderItem,
        is_many: true,
        join: &[("PurchaseOrder", "PurchaseOrder")],
    }],
};

pub(super) static ITEM: EntitySet = EntitySet {
    id: SetId::PurchaseOrderItem,
    name: "A_PurchaseOrderItem",
    properties: &[
        key("PurchaseOrder", 10),
        key("PurchaseOrderItem", 5),
        string("PurchasingDocumentDeletionCode", 1),
        string("PurchaseOrderItemText", 40),
        string("Plant", 4),
        string("StorageLocation", 4),
        string("MaterialGroup", 9),
        string("Material", 40),
        decimal("OrderQuantity", 13, 3),
        string("PurchaseOrderQuantityUnit", 3),
        string("OrderPriceUnit", 3),
        decimal("OrderPriceUnitToOrderUnitNmrtr", 5, 0),
        decimal("OrdPriceUnitToOrderUnitDnmntr", 5, 0),
        string("DocumentCurrency", 5),
        decimal("NetPriceAmount", 12, 3),
        decimal("NetPriceQuantity", 5, 0),
        string("TaxCode", 2),
        flag("IsCompletelyDelivered"),
        flag("IsFinallyInvoiced"),
        flag("GoodsReceiptIsExpected"),
        flag("InvoiceIsExpected"),
        flag("IsReturnsItem"),
        flag("PurchasingItemIsFreeOfCharge"),
        string("AccountAssignmentCategory", 1),
        string("PurchaseOrderItemCategory", 1),
        string("PurchaseRequisition", 10),
        string("PurchaseContract", 10),
    ],
    navigations: &[
        Navigation {
            name: "to_PurchaseOrder",
            target: SetId::PurchaseOrder,
            is_many: false,
            join: &[("PurchaseOrder", "PurchaseOrder")],
        },
        Navigation {
            name: "to_ScheduleLine",
            target: SetId::ScheduleLine,
            is_many: true,
            join: &[
                ("PurchaseOrder", "PurchasingDocument"),
                ("PurchaseOrderItem", "PurchasingDocumentItem"),
            ],
        },
        Navigation {
            name: "to_AccountAssignment",
            target: SetId::AccountAssignment,
            is_many: true,
            join: &[
                ("PurchaseOrder", "PurchaseOrder"),
                ("PurchaseOrderItem", "PurchaseOrderItem"),
            ],
        },
    ],
};

/// The keys have other names than the parent's, as in SAP.
pub(super) static SCHEDULE_LINE: EntitySet = EntitySet {
    id: SetId::ScheduleLine,
    name: "A_PurchaseOrderScheduleLine",
    properties: &[
        key("PurchasingDocument", 10),
        key("PurchasingDocumentItem", 5),
        key("ScheduleLine", 4),
        date("ScheduleLineDeliveryDate"),
        time("ScheduleLineDeliveryTime"),
        decimal("ScheduleLineOrderQuantity", 13, 3),
        decimal("ScheduleLineCommittedQuantity", 13, 3),
        string("PurchaseOrderQuantityUnit", 3),
    ],
    navigations: &[],
};

pub(super) static ACCOUNT_ASSIGNMENT: EntitySet = EntitySet {
    id: SetId::AccountAssignment,
    name: "A_PurOrdAccountAssignment",
    properties: &[
        key("PurchaseOrder", 10),
        key("PurchaseOrderItem", 5),
        key("AccountAssignmentNumber", 2),
        decimal("Quantity", 13, 3),
        decimal("PurgDocNetAmount", 14, 3),
        string("GLAccount", 10),
        string("CostCenter", 10),
        string("ControllingArea", 4),
        string("ProfitCenter", 10),
        string("OrderID", 12),
        string("WBSElementExternalID", 24),
    ],
    navigations: &[],
};
