//! Plain records that connectors return. They are their own wire form.
//!
//! Every field a system may leave out is an `Option`: unknown stays unknown and is never zero.

mod cost_center;
mod history;
mod machine;
mod material;
mod production_order;
mod purchase_order;
mod quality;
mod stock;

pub use cost_center::CostCenter;
pub use history::{Shift, Span, StateSegment};
pub use machine::{
    Alarm, Counters, DowntimeCategory, DowntimeEvent, Equipment, MachineMode, MachineState, MachineStatus,
    Reason,
};
pub use material::{Material, MaterialPlant, MaterialValuation, PriceControl};
pub use production_order::{OrderQuantity, Product, ProductionOrder, ProductionOrderStatus};
pub use purchase_order::{PurchaseOrder, PurchaseOrderItem, PurchaseOrderStatus};
pub use quality::{
    Characteristic, Defect, DefectSeverity, Disposition, InspectedQuantity, InspectionResult, InspectionType,
    QualityReport,
};
pub use stock::{StockRow, StockType};
