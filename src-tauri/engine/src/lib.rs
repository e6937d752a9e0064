//! The use cases: dispatch, cache, approve, ask, watch, access, audit.
