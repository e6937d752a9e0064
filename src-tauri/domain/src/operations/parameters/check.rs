//! What the parameter types check themselves with: every problem is collected with its field and its remedy.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::amount::Amount;
use crate::canonical::CanonicalJson;
use crate::operations::{DescribedParameter, InvalidParameter, InvalidParameters};
use crate::time::Timestamp;

/// Collects everything wrong with a set of parameters.
#[derive(Default)]
pub(in crate::operations) struct Problems(Vec<InvalidParameter>);

impl Problems {
    pub(super) fn add(
        &mut self,
        field: impl Into<String>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.0.push(InvalidParameter {
            field: field.into(),
            message: message.into(),
            hint: hint.into(),
        });
    }

    /// An SAP key or code: printable, no surrounding space, of at most `most` characters.
    pub(super) fn code(&mut self, field: &str, text: &str, most: usize) {
        let length = text.chars().count();
        if length == 0 || length > most {
            self.add(
                field,
                format!("has {length} characters"),
                format!("Give 1 to {most} characters."),
            );
        } else if text.trim() != text || text.chars().any(|c| c.is_control() || crate::text::is_hidden(c)) {
            self.add(
                field,
                "has invisible or surrounding characters",
                "Give the code as the system shows it.",
            );
        }
    }

    pub(super) fn optional_code(&mut self, field: &str, text: Option<&String>, most: usize) {
        if let Some(text) = text {
            self.code(field, text, most);
        }
    }

    pub(super) fn date(&mut self, field: &str, text: Option<&String>) {
        if let Some(text) = text
            && text.parse::<jiff::civil::Date>().is_err()
        {
            self.add(field, format!("is not a date: {text}"), "Give YYYY-MM-DD.");
        }
    }

    pub(super) fn instant(&mut self, field: &str, text: Option<&String>) {
        if let Some(text) = text
            && Timestamp::parse(text).is_none()
        {
            self.add(
                field,
                format!("is not a time with offset: {text}"),
                "Give RFC 3339 such as 2026-06-22T06:00:00Z.",
            );
        }
    }

    pub(super) fn word(&mut self, field: &str, text: Option<&String>, allowed: &[&str]) {
        if let Some(text) = text
            && !allowed.contains(&text.as_str())
        {
            self.add(
                field,
                format!("is not known: {text}"),
                format!("Give one of {}.", allowed.join(", ")),
            );
        }
    }

    pub(super) fn positive(&mut self, field: &str, amount: Amount, decimals: u32, most: u64) {
        let value = amount.value().normalize();
        if !amount.is_positive() || value > most.into() {
            self.add(
                field,
                format!("is out of range: {amount}"),
                format!("Give a number above 0 and up to {most}."),
            );
        } else if value.scale() > decimals {
            self.add(
                field,
                format!("has too many decimals: {amount}"),
                format!("Give at most {decimals}."),
            );
        }
    }

    /// A window: both ends are times, and the second is later.
    pub(super) fn window(&mut self, since: Option<&String>, until: Option<&String>) {
        self.instant("since", since);
        self.instant("until", until);
        let read = |text: Option<&String>| text.map(String::as_str).and_then(Timestamp::parse);
        if let (Some(since), Some(until)) = (read(since), read(until))
            && until <= since
        {
            self.add(
                "until",
                "is not after since",
                "Give a later time, or leave it out.",
            );
        }
    }

    /// A reason for people: not empty, not longer than a line or two, nothing invisible in it.
    pub(super) fn reason(&mut self, text: &str) {
        let length = text.chars().count();
        if text.trim().is_empty() || length > 200 {
            self.add(
                "reason",
                format!("has {length} characters"),
                "Give 1 to 200 characters.",
            );
        } else if text.chars().any(|c| c.is_control() || crate::text::is_hidden(c)) {
            self.add("reason", "has invisible characters", "Give plain text.");
        }
    }

    /// A version as the MES counts them.
    pub(super) fn version(&mut self, version: i64) {
        if !(0..=(1 << 53) - 1).contains(&version) {
            self.add(
                "version",
                format!("is out of range: {version}"),
                "Give the version that was read with the record.",
            );
        }
    }
}

/// What a parameter type checks beyond its shape.
pub(in crate::operations) trait Check: Serialize + DeserializeOwned {
    fn check(&self, problems: &mut Problems);
}

/// Reads, checks and canonicalises parameters of type `T`.
pub(in crate::operations) fn validate<T: Check>(value: &Value) -> Result<CanonicalJson, InvalidParameters> {
    let whole = |message: String| {
        let hint = "Compare with the operation's schema.".to_owned();
        InvalidParameters(vec![InvalidParameter {
            field: String::new(),
            message,
            hint,
        }])
    };
    let typed: T = serde_json::from_value(value.clone()).map_err(|e| whole(e.to_string()))?;
    let mut problems = Problems::default();
    typed.check(&mut problems);
    if !problems.0.is_empty() {
        return Err(InvalidParameters(problems.0));
    }
    CanonicalJson::from_value(&typed).map_err(|e| whole(e.to_string()))
}

/// Reads canonical parameters as their type again, to put them into words.
pub(super) fn reread<T: DeserializeOwned>(parameters: &CanonicalJson) -> Result<T, InvalidParameters> {
    parameters.read().map_err(|e| {
        InvalidParameters(vec![InvalidParameter {
            field: String::new(),
            message: e.to_string(),
            hint: String::new(),
        }])
    })
}

/// Every leaf of a value, with its path.
pub(super) fn rows_of(path: &str, value: &Value) -> Vec<DescribedParameter> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| {
                rows_of(
                    &if path.is_empty() {
                        key.clone()
                    } else {
                        format!("{path}.{key}")
                    },
                    value,
                )
            })
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .flat_map(|(i, value)| rows_of(&format!("{path}[{i}]"), value))
            .collect(),
        Value::String(text) => vec![DescribedParameter {
            field: path.to_owned(),
            value: text.clone(),
        }],
        other => vec![DescribedParameter {
            field: path.to_owned(),
            value: other.to_string(),
        }],
    }
}
