//! The database dialects the guard knows: how each reads, compares and quotes names.
//!
//! There is no generic dialect on purpose: a text must be read the way its database reads it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sqlparser::ast::Ident;
use sqlparser::dialect::{MySqlDialect, PostgreSqlDialect, SQLiteDialect};

/// The SQL dialect of the database that will run the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// SQLite 3.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    MySql,
}

/// A dialect name that is none of `sqlite`, `postgres`, `mysql`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown sql dialect, expected sqlite, postgres or mysql: {0}")]
pub struct UnknownDialect(pub String);

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "sqlite" => Ok(Self::Sqlite),
            "postgres" => Ok(Self::Postgres),
            "mysql" => Ok(Self::MySql),
            other => Err(UnknownDialect(other.to_owned())),
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Dialect {
    /// The word used in settings and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::MySql => "mysql",
        }
    }

    /// The name people read.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::MySql => "MySQL",
        }
    }

    pub(crate) fn parser(self) -> &'static dyn sqlparser::dialect::Dialect {
        static SQLITE: SQLiteDialect = SQLiteDialect {};
        static POSTGRES: PostgreSqlDialect = PostgreSqlDialect {};
        static MYSQL: MySqlDialect = MySqlDialect {};
        match self {
            Self::Sqlite => &SQLITE,
            Self::Postgres => &POSTGRES,
            Self::MySql => &MYSQL,
        }
    }

    /// The key under which the database looks a name up: PostgreSQL folds what is not quoted and compares exactly,
    /// the others ignore case.
    pub(crate) fn key(self, ident: &Ident) -> String {
        match (self, ident.quote_style) {
            (Self::Postgres, Some(_)) => ident.value.clone(),
            _ => ident.value.to_ascii_lowercase(),
        }
    }

    /// Whether a key finds a name as the policy spells it, which is as the database stores it.
    pub(crate) fn is_stored(self, name: &str, key: &str) -> bool {
        match self {
            Self::Postgres => name == key,
            Self::Sqlite | Self::MySql => name.eq_ignore_ascii_case(key),
        }
    }

    /// Whether the database reads a word as a value or a call when it stands bare where a column could stand.
    pub(crate) fn is_value_word(self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let name = name.as_str();
        match self {
            Self::Sqlite => matches!(name, "current_date" | "current_time" | "current_timestamp"),
            Self::Postgres => name == "user" || VALUE_WORDS.contains(&name),
            Self::MySql => VALUE_WORDS.contains(&name),
        }
    }

    pub(crate) const fn quote(self) -> char {
        match self {
            Self::MySql => '`',
            Self::Sqlite | Self::Postgres => '"',
        }
    }

    /// An identifier for a name as the database stores it, quoted where it would not survive bare.
    pub(crate) fn ident(self, name: &str) -> Ident {
        let plain = name
            .chars()
            .next()
            .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let folds = self == Self::Postgres && name.chars().any(|c| c.is_ascii_uppercase());
        if plain && !folds && !is_reserved(name) {
            Ident::new(name)
        } else {
            Ident::with_quote(self.quote(), name)
        }
    }
}

/// PostgreSQL cuts longer names off in silence, so that two of them may become one.
const MAX_NAME_BYTES: usize = 63;

/// Whether a name can be written again inside quotes without any escaping rule coming into play.
pub(crate) fn is_safe_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_NAME_BYTES
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || " _-.%()/&+:,*=<>#@°€".contains(c))
        && !name.contains("--")
        && !name.contains("/*")
        && !name.contains("*/")
}

/// Whether a bare (unquoted) name is one that every database of ours reads as a plain identifier.
pub(crate) fn is_safe_bare_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
        && name.len() <= MAX_NAME_BYTES
}

/// Words that need quotes in at least one of our databases when used as a name.
fn is_reserved(name: &str) -> bool {
    #[rustfmt::skip]
    const WORDS: &[&str] = &[
        "add", "all", "alter", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "between",
        "both", "by", "case", "cast", "check", "collate", "column", "constraint", "create", "cross", "database",
        "default", "deferrable", "delete", "desc", "describe", "distinct", "div", "do", "drop", "else", "end",
        "escape", "except", "exists", "explain", "false", "fetch", "for", "foreign", "from", "full", "function",
        "grant", "group", "groups", "having", "if", "ilike", "in", "index", "initially", "inner", "insert",
        "intersect", "interval", "into", "is", "isnull", "join", "key", "keys", "lateral", "leading", "left",
        "like", "limit", "localtime", "localtimestamp", "lock", "match", "mod", "natural", "not", "notnull", "null",
        "of", "offset", "on", "only", "or", "order", "outer", "over", "overlaps", "partition", "placing", "primary",
        "range", "rank", "read", "recursive", "references", "regexp", "rename", "replace", "returning", "right",
        "rlike", "row", "rows", "schema", "select", "set", "show", "similar", "some", "symmetric", "system",
        "table", "then", "to", "trailing", "transaction", "trigger", "true", "union", "unique", "update", "usage",
        "use", "user", "using", "values", "variadic", "verbose", "when", "where", "window", "with", "write", "xor",
    ];
    let name = name.to_ascii_lowercase();
    WORDS.binary_search(&name.as_str()).is_ok() || VALUE_WORDS.contains(&name.as_str())
}

#[rustfmt::skip]
const VALUE_WORDS: &[&str] = &[
    "current_catalog", "current_date", "current_role", "current_schema", "current_time", "current_timestamp",
    "current_user", "localtime", "localtimestamp", "session_user", "system_user", "utc_date", "utc_time",
    "utc_timestamp",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_only_where_they_would_not_survive_bare() {
        assert_eq!(Dialect::Sqlite.ident("status").to_string(), "status");
        assert_eq!(
            Dialect::Sqlite.ident("order").to_string(),
            "\"order\"",
            "a reserved word needs quotes"
        );
        assert_eq!(
            Dialect::MySql.ident("line no").to_string(),
            "`line no`",
            "MySQL quotes with backticks"
        );
        assert_eq!(
            Dialect::Postgres.ident("Status").to_string(),
            "\"Status\"",
            "PostgreSQL folds bare names"
        );
        for word in ["groups", "keys", "user", "with", "add", "xor"] {
            assert!(is_reserved(word), "the reserved list must stay sorted: {word}");
        }
    }

    #[test]
    fn dialect_words_round_trip() {
        for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql] {
            assert_eq!(dialect.as_str().parse::<Dialect>(), Ok(dialect));
        }
        assert!(
            "generic".parse::<Dialect>().is_err(),
            "there is no generic dialect"
        );
    }
}
