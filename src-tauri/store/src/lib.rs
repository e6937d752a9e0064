//! SQLite journal, audit chain, settings and plant mirror; the OS keyring.
