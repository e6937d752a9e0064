//! Databases that run checked queries, read-only. One source for now: SQLite files such as the plant mirror.

mod sqlite;
mod wall;

#[cfg(test)]
mod tests;

pub use sqlite::SqliteSource;
