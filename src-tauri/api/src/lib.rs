//! The command table, wire types and error mapping.
