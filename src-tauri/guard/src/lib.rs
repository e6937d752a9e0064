//! SQL in, a checked query or a refusal out. Pure: no I/O, no clock, no runtime.
//!
//! The path of a text through this crate, in order:
//! `text` (size, hidden characters, token count, one statement) → the parser of the real dialect → `walk` (an
//! allow-list walk of the whole tree: whatever it does not name is refused; every name is resolved by lexical scope to a
//! column of the policy) → `limit` (row limit) → `render` (SQL written again from the tree, literals as parameters, parsed
//! once more and compared). What runs is the rendered text, never the text that came in.
//!
//! Not here: running SQL (see [`QuerySource`] for the port), the database's own walls, row rules, cost estimates.

mod check;
mod checked;
mod dialect;
mod functions;
mod lines;
mod literal;
mod nearest;
mod policy;
mod policy_json;
mod refusal;
mod render;
mod scope;
mod score;
mod source;
mod text;
mod walk;

pub use check::check;
pub use checked::{Change, ChangeKind, CheckedQuery, OutputColumn, Param, TableRead};
pub use dialect::{Dialect, UnknownDialect};
pub use lines::{check_line, check_lines, guard_check_json};
pub use policy::{ColumnPolicy, Limits, Policy, PolicyError, TablePolicy};
pub use refusal::{Reason, ReasonCode, Refusal};
pub use score::{Score, ScoreKind, ScorePart};
pub use source::{CancelFlag, Cell, QuerySource, ResultColumn, RowSet, RunLimits};
