//! Plain records that connectors return. They are their own wire form.
//!
//! Every field a system may leave out is an `Option`: unknown stays unknown and is never zero.

mod machine;
mod purchase_order;
mod stock;

pub use machine::{
    Alarm, Counters, DowntimeCategory, DowntimeEvent, Equipment, MachineMode, MachineState, MachineStatus,
    Reason,
};
pub use purchase_order::{PurchaseOrder, PurchaseOrderItem, PurchaseOrderStatus};
pub use stock::{StockRow, StockType};
