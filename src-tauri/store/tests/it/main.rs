//! The store through its ports, on real files. Raw SQL is used here only to play the attacker or the broken disk.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod agents;
mod approvals;
mod arrange;
mod audit;
mod crash;
mod folder;
mod mirror;
mod mirror_events;
mod mirror_reads;
mod plant;
mod random_changes;
mod tampering;
