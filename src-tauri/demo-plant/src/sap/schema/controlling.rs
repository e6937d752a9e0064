//! Cost centres (`API_COSTCENTER_SRV`), actuals (`API_JOURNALENTRYITEMBASIC_SRV`) and plan rows
//! (`API_FINPLANNINGENTRYITEM_SRV`). **The names of the plan set's fields are unverified**: some are used in public code,
//! the rest follows the journal. Clients must read the service's `$metadata` and treat its fields as optional.

use super::{EdmType, EntitySet, Navigation, Property, SetId, date, decimal, key, string};

/// One row per time slice; the blocks are texts, "X" or empty.
pub(super) static COST_CENTER: EntitySet = EntitySet {
    id: SetId::CostCenter,
    name: "A_CostCenter",
    properties: &[
        key("ControllingArea", 4),
        key("CostCenter", 10),
        date("ValidityEndDate").key(),
        date("ValidityStartDate"),
        string("CompanyCode", 4),
        string("CostCtrResponsiblePersonName", 20),
        string("CostCtrResponsibleUser", 12),
        string("CostCenterCurrency", 5),
        string("ProfitCenter", 10),
        string("Department", 12),
        string("FunctionalArea", 16),
        string("CostCenterStandardHierArea", 12),
        string("CostCenterCategory", 1),
        string("IsBlkdForPrimaryCostsPosting", 1),
        string("IsBlkdForSecondaryCostsPosting", 1),
        string("IsBlockedForRevenuePosting", 1),
        string("IsBlockedForCommitmentPosting", 1),
        string("IsBlockedForPlanPrimaryCosts", 1),
        string("IsBlockedForPlanSecondaryCosts", 1),
        string("IsBlockedForPlanRevenues", 1),
        string("CostCenterCreatedByUser", 12),
        date("CostCenterCreationDate"),
    ],
    navigations: &[Navigation {
        name: "to_Text",
        target: SetId::CostCenterText,
        is_many: true,
        join: SLICE,
    }],
};

pub(super) static COST_CENTER_TEXT: EntitySet = EntitySet {
    id: SetId::CostCenterText,
    name: "A_CostCenterText",
    properties: &[
        key("CostCenter", 10),
        key("ControllingArea", 4),
        key("Language", 2),
        date("ValidityEndDate").key(),
        date("ValidityStartDate"),
        string("CostCenterName", 20),
        string("CostCenterDescription", 40),
    ],
    navigations: &[Navigation {
        name: "to_CostCenter",
        target: SetId::CostCenter,
        is_many: false,
        join: SLICE,
    }],
};

const SLICE: &[(&str, &str)] = &[
    ("ControllingArea", "ControllingArea"),
    ("CostCenter", "CostCenter"),
    ("ValidityEndDate", "ValidityEndDate"),
];

/// Names unverified, see the head of this file.
pub(super) static PLAN_ITEM: EntitySet = EntitySet {
    id: SetId::PlanItem,
    name: "A_FinPlanningEntryItem",
    properties: &[
        id(),
        string("Ledger", 2),
        string("LedgerFiscalYear", 4),
        string("FiscalPeriod", 3),
        string("FiscalYearPeriod", 8),
        string("PlanningCategory", 10),
        string("CompanyCode", 4),
        string("ControllingArea", 4),
        string("CostCenter", 10),
        string("ProfitCenter", 10),
        string("OrderID", 12),
        string("GLAccount", 10),
        string("CompanyCodeCurrency", 5),
        decimal("AmountInCompanyCodeCurrency", 24, 3),
    ],
    navigations: &[],
};

/// SAP lets nobody filter or sort by the generated key, nor filter by an amount.
pub(super) static JOURNAL_ITEM: EntitySet = EntitySet {
    id: SetId::JournalItem,
    name: "A_JournalEntryItemBasic",
    properties: &[
        id().not_filterable().not_sortable(),
        string("Ledger", 2),
        string("LedgerFiscalYear", 4),
        string("ControllingArea", 4),
        string("CompanyCode", 4),
        string("GLAccount", 10),
        string("GLAccountName", 30),
        string("CostCenter", 10),
        string("CostCenterName", 20),
        string("ProfitCenter", 10),
        string("FunctionalArea", 16),
        string("TransactionCurrency", 5),
        decimal("AmountInTransactionCurrency", 24, 3).not_filterable(),
        string("CompanyCodeCurrency", 5),
        decimal("AmountInCompanyCodeCurrency", 24, 3).not_filterable(),
        string("FiscalPeriod", 3),
        string("FiscalYearVariant", 2),
        string("FiscalYearPeriod", 8),
        string("ChartOfAccounts", 4),
        string("Plant", 4),
        string("ControllingDebitCreditCode", 1),
        string("OrderID", 12),
    ],
    navigations: &[],
};

/// A generated key, whose length SAP does not announce.
const fn id() -> Property {
    Property::new("ID", EdmType::String(0)).key()
}
