//! Parameter types of the operations. Their JSON schema, validation and canonical form come from the type.

mod check;
mod mes;
mod sap;

pub(super) use check::validate;
pub use mes::{
    ChangeProductionOrder, GetDowntimeEvents, GetMachineHistory, GetMachineStatus, GetProductionOrders,
    GetQualityReports, GetShiftCalendar, SetCycleTarget,
};
pub(super) use mes::{
    describe_hold_production_order, describe_release_production_order, describe_set_cycle_target,
};
pub(super) use sap::describe_create_purchase_order;
pub use sap::{
    CreatePurchaseOrder, CreatePurchaseOrderItem, GetCostCenters, GetInventory, GetMaterials,
    GetPurchaseOrders,
};
