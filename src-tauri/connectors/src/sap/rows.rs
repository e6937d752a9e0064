//! The rows we ask for, by SAP's own names. Unknown fields are skipped, absent ones tolerated.

use super::wire::{Expanded, Flag, Number, Text};

/// A row of `A_PurchaseOrder`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct OrderRow {
    pub(super) purchase_order: Text,
    pub(super) company_code: Text,
    pub(super) purchase_order_type: Text,
    pub(super) supplier: Text,
    pub(super) purchasing_organization: Text,
    pub(super) purchasing_group: Text,
    pub(super) document_currency: Text,
    pub(super) purchase_order_date: Text,
    pub(super) last_change_date_time: Text,
    pub(super) purchasing_processing_status: Text,
    pub(super) purchasing_completeness_status: Flag,
    pub(super) release_is_not_completed: Flag,
    pub(super) purchasing_document_deletion_code: Text,
    pub(super) payment_terms: Text,
    pub(super) correspnc_external_reference: Text,
    pub(super) created_by_user: Text,
    #[serde(rename = "to_PurchaseOrderItem")]
    pub(super) items: Expanded<ItemRow>,
}

/// A row of `A_PurchaseOrderItem`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ItemRow {
    pub(super) purchase_order: Text,
    pub(super) purchase_order_item: Text,
    pub(super) purchase_order_item_text: Text,
    pub(super) material: Text,
    pub(super) plant: Text,
    pub(super) storage_location: Text,
    pub(super) order_quantity: Number,
    pub(super) purchase_order_quantity_unit: Text,
    pub(super) order_price_unit: Text,
    pub(super) order_price_unit_to_order_unit_nmrtr: Number,
    pub(super) ord_price_unit_to_order_unit_dnmntr: Number,
    pub(super) net_price_amount: Number,
    pub(super) net_price_quantity: Number,
    pub(super) purchasing_document_deletion_code: Text,
    pub(super) purchasing_item_is_free_of_charge: Flag,
    pub(super) is_completely_delivered: Flag,
    pub(super) is_finally_invoiced: Flag,
}

/// A row of `A_MatlStkInAcctMod`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct BucketRow {
    pub(super) material: Text,
    pub(super) plant: Text,
    pub(super) storage_location: Text,
    pub(super) inventory_special_stock_type: Text,
    pub(super) inventory_stock_type: Text,
    pub(super) material_base_unit: Text,
    #[serde(rename = "MatlWrhsStkQtyInMatlBaseUnit")]
    pub(super) quantity: Number,
}

/// A row of `A_Product`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ProductRow {
    pub(super) product: Text,
    pub(super) product_type: Text,
    pub(super) product_group: Text,
    pub(super) base_unit: Text,
    pub(super) gross_weight: Number,
    pub(super) net_weight: Number,
    pub(super) weight_unit: Text,
    pub(super) cross_plant_status: Text,
    pub(super) is_marked_for_deletion: Flag,
    pub(super) is_batch_management_required: Flag,
    #[serde(rename = "ProductStandardID")]
    pub(super) product_standard_id: Text,
    pub(super) last_change_date_time: Text,
    #[serde(rename = "to_Description")]
    pub(super) descriptions: Expanded<DescriptionRow>,
    #[serde(rename = "to_Plant")]
    pub(super) plants: Expanded<ProductPlantRow>,
    #[serde(rename = "to_Valuation")]
    pub(super) valuations: Expanded<ValuationRow>,
}

/// A row of `A_ProductDescription`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct DescriptionRow {
    pub(super) product: Text,
    pub(super) language: Text,
    pub(super) product_description: Text,
}

/// A row of `A_ProductPlant`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ProductPlantRow {
    pub(super) product: Text,
    pub(super) plant: Text,
    #[serde(rename = "MRPType")]
    pub(super) mrp_type: Text,
    #[serde(rename = "ABCIndicator")]
    pub(super) abc_indicator: Text,
    pub(super) purchasing_group: Text,
}

/// A row of `A_ProductValuation`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ValuationRow {
    pub(super) product: Text,
    pub(super) valuation_area: Text,
    pub(super) valuation_type: Text,
    pub(super) inventory_valuation_procedure: Text,
    pub(super) standard_price: Number,
    pub(super) moving_average_price: Number,
    pub(super) price_unit_qty: Number,
    pub(super) currency: Text,
}

/// A row of `A_CostCenter`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct CostCenterRow {
    pub(super) controlling_area: Text,
    pub(super) cost_center: Text,
    pub(super) validity_start_date: Text,
    pub(super) validity_end_date: Text,
    pub(super) company_code: Text,
    pub(super) department: Text,
    pub(super) cost_ctr_responsible_person_name: Text,
    pub(super) cost_ctr_responsible_user: Text,
    pub(super) cost_center_category: Text,
    pub(super) profit_center: Text,
    pub(super) is_blkd_for_primary_costs_posting: Flag,
    pub(super) cost_center_currency: Text,
    #[serde(rename = "to_Text")]
    pub(super) texts: Expanded<CostCenterTextRow>,
}

/// A row of `A_CostCenterText`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct CostCenterTextRow {
    pub(super) language: Text,
    pub(super) cost_center_name: Text,
    pub(super) cost_center_description: Text,
}

/// A row of the plan or of the journal.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct EntryRow {
    pub(super) cost_center: Text,
    pub(super) controlling_area: Text,
    pub(super) company_code: Text,
    pub(super) ledger: Text,
    pub(super) ledger_fiscal_year: Text,
    pub(super) planning_category: Text,
    pub(super) company_code_currency: Text,
    pub(super) amount_in_company_code_currency: Number,
}
