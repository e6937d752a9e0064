//! The functions each dialect may call. Whatever is not listed is refused.
//!
//! Left out on purpose: anything that reads files, settings, other connections or the catalog, sleeps, takes locks, makes
//! rows, or makes values of any size asked for (`repeat`, `zeroblob`). `lpad`, `rpad` and `printf` are limited in `walk`.

use crate::dialect::Dialect;

/// Whether `name` (lower case) is on the list of the dialect.
pub(crate) fn is_allowed(dialect: Dialect, name: &str) -> bool {
    COMMON.binary_search(&name).is_ok() || own(dialect).binary_search(&name).is_ok()
}

/// Every allowed name, for advice.
pub(crate) fn allowed(dialect: Dialect) -> impl Iterator<Item = &'static str> {
    COMMON.iter().chain(own(dialect)).copied()
}

/// Names that are written without parentheses.
pub(crate) fn is_bare_value(dialect: Dialect, name: &str) -> bool {
    let common = matches!(name, "current_date" | "current_time" | "current_timestamp");
    common || (dialect != Dialect::Sqlite && matches!(name, "localtime" | "localtimestamp"))
}

/// Units that stand first in MySQL's TIMESTAMPDIFF and TIMESTAMPADD.
pub(crate) fn is_mysql_unit(word: &str) -> bool {
    const UNITS: &[&str] = &[
        "MICROSECOND",
        "SECOND",
        "MINUTE",
        "HOUR",
        "DAY",
        "WEEK",
        "MONTH",
        "QUARTER",
        "YEAR",
    ];
    UNITS.contains(&word.to_ascii_uppercase().as_str())
}

fn own(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Sqlite => SQLITE,
        Dialect::Postgres => POSTGRES,
        Dialect::MySql => MYSQL,
    }
}

#[rustfmt::skip]
const COMMON: &[&str] = &[
    "abs", "acos", "asin", "atan", "atan2", "avg", "ceil", "ceiling", "coalesce", "concat", "concat_ws", "cos",
    "count", "cume_dist", "current_date", "current_time", "current_timestamp", "degrees", "dense_rank", "exp",
    "first_value", "floor", "lag", "last_value", "lead", "length", "ln", "log", "lower", "ltrim", "max", "min",
    "mod", "nth_value", "ntile", "nullif", "octet_length", "percent_rank", "pi", "power", "radians", "rank",
    "replace", "round", "row_number", "rtrim", "sign", "sin", "sqrt", "substr", "substring", "sum", "tan",
    "trim", "upper",
];

#[rustfmt::skip]
const SQLITE: &[&str] = &[
    "char", "date", "datetime", "format", "glob", "group_concat", "hex", "ifnull", "iif", "instr", "julianday",
    "like", "log10", "log2", "pow", "printf", "random", "strftime", "string_agg", "time", "timediff", "total",
    "trunc", "typeof", "unicode", "unixepoch",
];

#[rustfmt::skip]
const POSTGRES: &[&str] = &[
    "age", "any_value", "array_agg", "ascii", "bit_length", "bool_and", "bool_or", "btrim", "cbrt",
    "char_length", "character_length", "chr", "clock_timestamp", "corr", "covar_pop", "covar_samp", "date",
    "date_bin", "date_part", "date_trunc", "div", "every", "extract", "greatest", "grouping", "initcap",
    "isfinite", "justify_days", "justify_hours", "justify_interval", "least", "left", "localtime",
    "localtimestamp", "lpad", "make_date", "make_interval", "make_timestamp", "mode", "now", "overlay",
    "percentile_cont", "percentile_disc", "position", "random", "regexp_count", "regexp_replace",
    "regexp_substr", "regr_avgx", "regr_avgy", "regr_count", "regr_intercept", "regr_r2", "regr_slope",
    "reverse", "right", "rpad", "scale", "split_part", "starts_with", "statement_timestamp", "stddev",
    "stddev_pop", "stddev_samp", "string_agg", "strpos", "to_char", "to_date", "to_number", "to_timestamp",
    "transaction_timestamp", "translate", "trunc", "var_pop", "var_samp", "variance", "width_bucket",
];

#[rustfmt::skip]
const MYSQL: &[&str] = &[
    "adddate", "any_value", "ascii", "char_length", "character_length", "convert_tz", "curdate", "curtime",
    "date", "date_add", "date_format", "date_sub", "datediff", "day", "dayname", "dayofmonth", "dayofweek",
    "dayofyear", "extract", "field", "find_in_set", "format", "from_days", "from_unixtime", "greatest",
    "group_concat", "grouping", "hour", "if", "ifnull", "instr", "isnull", "last_day", "lcase", "least", "left",
    "localtime", "localtimestamp", "locate", "log10", "log2", "lpad", "makedate", "microsecond", "mid",
    "minute", "month", "monthname", "now", "period_diff", "position", "pow", "quarter", "rand", "regexp_instr",
    "regexp_like", "regexp_replace", "regexp_substr", "reverse", "right", "rpad", "sec_to_time", "second",
    "std", "stddev", "stddev_pop", "stddev_samp", "str_to_date", "strcmp", "subdate", "substring_index",
    "sysdate", "time", "time_format", "time_to_sec", "timediff", "timestamp", "timestampadd", "timestampdiff",
    "to_days", "truncate", "ucase", "unix_timestamp", "utc_date", "utc_time", "utc_timestamp", "var_pop",
    "var_samp", "variance", "week", "weekday", "weekofyear", "year", "yearweek",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_hold_no_dangerous_name() {
        for list in [COMMON, SQLITE, POSTGRES, MYSQL] {
            assert!(
                list.is_sorted(),
                "a list out of order loses names to the binary search"
            );
        }
        for name in [
            "load_extension",
            "readfile",
            "writefile",
            "zeroblob",
            "randomblob",
            "fts3_tokenizer",
            "edit",
            "pg_read_file",
            "pg_sleep",
            "lo_import",
            "dblink",
            "current_setting",
            "set_config",
            "query_to_xml",
            "generate_series",
            "sleep",
            "benchmark",
            "load_file",
            "get_lock",
            "version",
            "database",
            "user",
            "repeat",
        ] {
            for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql] {
                assert!(!is_allowed(dialect, name), "must not be callable: {name}");
            }
        }
    }

    #[test]
    fn the_guide_lists_every_function_and_every_code() {
        let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/guard.md");
        let guide = std::fs::read_to_string(guide).unwrap();
        for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql] {
            for name in allowed(dialect) {
                assert!(
                    guide.contains(&format!("`{name}`")),
                    "the guide lacks a function: {name}"
                );
            }
        }
        for code in crate::ReasonCode::ALL {
            let row = guide
                .lines()
                .find(|line| line.starts_with(&format!("| {} |", code.rule())));
            assert!(
                row.is_some_and(|row| row.contains(&format!("`{code}`"))),
                "the guide lacks a code: {code}"
            );
        }
    }
}
