//! The demo plant as its users meet it: the built program, its one line on standard output, and plain HTTP.
#![expect(
    clippy::unwrap_used,
    reason = "helpers outside test functions, in a crate of tests only"
)]

mod agent;
mod mes;
mod mes_commands;
mod mes_faults;
mod mes_lists;
mod plant;
mod process;
mod sap;
mod sap_services;
mod sap_size;
