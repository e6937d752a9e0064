//! SQL in, a checked query or a refusal out. Pure.
