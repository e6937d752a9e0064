//! Configuration, wiring, timers, the headless host and andonctl.
