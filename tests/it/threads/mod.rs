//! The journeys from end to end: read, write, ask, watch, and the trail they leave.

mod ask;
mod ctl;
mod floor;
mod newcomer;
mod read;
mod risk;
mod trail;
mod watch;
mod write;
