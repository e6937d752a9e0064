//! The tests package has no library code.
