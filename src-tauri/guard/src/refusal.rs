//! Refusals: every reason with a stable code, a rule id, words, a place in the text and a way to mend it.

use std::fmt;

use serde::Serialize;
use sqlparser::tokenizer::{Location, Span};

use crate::score::Score;

/// The SQL was not accepted, with every reason found.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Refusal {
    /// Why; never empty.
    pub reasons: Vec<Reason>,
    /// The complexity score, where the text could be read far enough to have one.
    pub score: Option<Score>,
}

impl Refusal {
    /// A refusal for one reason, before the tree was read.
    pub(crate) fn one(reason: Reason) -> Self {
        Self {
            reasons: vec![reason],
            score: None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, reason) in self.reasons.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{reason}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

/// One reason for a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Stable code, for programs.
    pub code: ReasonCode,
    /// Id of the rule, for people and for the guide.
    pub rule: &'static str,
    /// What is wrong, in words.
    pub message: String,
    /// What to do about it; a sentence.
    pub hint: String,
    /// The name the reason is about, as written.
    pub object: Option<String>,
    /// The nearest name that is allowed.
    pub nearest: Option<String>,
    /// Line in the text that came in, from 1.
    pub line: Option<u64>,
    /// Column in the line, from 1.
    pub column: Option<u64>,
}

impl Reason {
    pub(crate) fn new(code: ReasonCode, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code,
            rule: code.rule(),
            message: message.into(),
            hint: hint.into(),
            object: None,
            nearest: None,
            line: None,
            column: None,
        }
    }

    pub(crate) fn about(mut self, object: impl Into<String>) -> Self {
        self.object = Some(object.into());
        self
    }

    /// Names the nearest allowed name and says so in the hint.
    pub(crate) fn nearest(mut self, nearest: Option<String>) -> Self {
        if let Some(name) = &nearest {
            self.hint = format!("Did you mean {name}? {}", self.hint);
        }
        self.nearest = nearest;
        self
    }

    pub(crate) fn at(self, span: Span) -> Self {
        self.at_location(span.start)
    }

    pub(crate) fn at_location(mut self, location: Location) -> Self {
        if location.line > 0 {
            self.line = Some(location.line);
            self.column = Some(location.column);
        }
        self
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.rule)
    }
}

macro_rules! reason_codes {
    ($($(#[$doc:meta])* $name:ident, $code:literal, $rule:literal;)*) => {
        /// Stable code of a reason.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum ReasonCode { $($(#[$doc])* $name,)* }

        impl ReasonCode {
            /// Every code, in the order of the guide.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The wire word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The id of the rule this code belongs to.
            #[must_use]
            pub const fn rule(self) -> &'static str {
                match self { $(Self::$name => $rule,)* }
            }
        }
    };
}

reason_codes! {
    /// The request itself could not be read.
    BadInput, "bad_input", "sql-02";
    /// The text is longer than the limit.
    TooLong, "too_long", "sql-02";
    /// The text has more tokens than the limit.
    TooManyTokens, "too_many_tokens", "sql-02";
    /// The text is nested deeper than the limit.
    TooDeep, "too_deep", "sql-02";
    /// A control, bidirectional or invisible character.
    HiddenCharacter, "hidden_character", "sql-02";
    /// A comment that some database runs as code.
    ExecutableComment, "executable_comment", "sql-02";
    /// The parser of the dialect does not understand the text.
    ParseError, "parse_error", "sql-02";
    /// There is no statement.
    EmptyStatement, "empty_statement", "sql-01";
    /// More than one statement.
    MultipleStatements, "multiple_statements", "sql-01";
    /// A statement that is no SELECT.
    NotASelect, "not_a_select", "sql-01";
    /// A statement that writes, anywhere.
    WriteStatement, "write_statement", "sql-01";
    /// SELECT ... INTO.
    SelectInto, "select_into", "sql-01";
    /// FOR UPDATE, FOR SHARE and their like.
    LockingRead, "locking_read", "sql-01";
    /// A part of the language that is not on the allow list.
    ConstructNotAllowed, "construct_not_allowed", "sql-03";
    /// A part of the language that the database in use does not have.
    NotInDialect, "not_in_dialect", "sql-03";
    /// WITH RECURSIVE.
    RecursiveCte, "recursive_cte", "sql-03";
    /// A kind of literal the guard does not pass on.
    LiteralNotAllowed, "literal_not_allowed", "sql-03";
    /// A placeholder in the text that came in.
    ParameterNotAllowed, "parameter_not_allowed", "sql-03";
    /// A table that is not on the allow list.
    TableNotAllowed, "table_not_allowed", "sql-04";
    /// A function in the place of a table.
    TableFunction, "table_function", "sql-04";
    /// A column that is not on the allow list.
    ColumnNotAllowed, "column_not_allowed", "sql-05";
    /// A name that could mean several columns.
    ColumnAmbiguous, "column_ambiguous", "sql-05";
    /// A table's name where a column is needed.
    RowReference, "row_reference", "sql-05";
    /// A function or operator that is not on the allow list.
    FunctionNotAllowed, "function_not_allowed", "sql-06";
    /// A CTE or alias that hides a table.
    NameShadowsTable, "name_shadows_table", "sql-07";
    /// A CTE or alias that is used twice.
    NameRepeated, "name_repeated", "sql-07";
    /// A name with characters that cannot be written again safely.
    NameNotAllowed, "name_not_allowed", "sql-07";
    /// A number in ORDER BY or GROUP BY that points at no column.
    OrdinalOutOfRange, "ordinal_out_of_range", "sql-07";
    /// LIMIT or OFFSET that is no whole number in range.
    LimitNotLiteral, "limit_not_literal", "lim-01";
    /// More points than the policy allows.
    ScoreTooHigh, "score_too_high", "lim-02";
    /// A column above the reader's clearance.
    ColumnAboveClearance, "column_above_clearance", "dlp-14";
}

impl Serialize for ReasonCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
