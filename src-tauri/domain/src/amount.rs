//! Money and quantities: exact decimals that are strings on the wire and never a floating-point number.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ts_rs::TS;

/// An exact decimal. On the wire a string such as `"12.340"`, trailing zeros kept as delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, TS)]
#[ts(type = "string")]
pub struct Amount(Decimal);

impl Amount {
    /// Zero.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// Wraps a decimal.
    #[must_use]
    pub const fn new(value: Decimal) -> Self {
        Self(value)
    }

    /// The decimal inside.
    #[must_use]
    pub const fn value(self) -> Decimal {
        self.0
    }

    /// Whether the value is above zero.
    #[must_use]
    pub fn is_positive(self) -> bool {
        self.0 > Decimal::ZERO
    }

    /// Sum, or `None` when it does not fit 28 digits.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// `quantity × price ÷ price unit`; `None` when the price unit is zero or the value does not fit.
    #[must_use]
    pub fn line_value(quantity: Self, price: Self, price_unit: Self) -> Option<Self> {
        quantity
            .0
            .checked_mul(price.0)?
            .checked_div(price_unit.0)
            .map(Self)
    }
}

impl From<i64> for Amount {
    fn from(whole: i64) -> Self {
        Self(Decimal::from(whole))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Amount {
    type Err = rust_decimal::Error;

    /// Plain decimal notation only, exactly; more digits than fit are an error and never rounded.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Decimal::from_str_exact(text).map(Self)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map_err(|_| serde::de::Error::custom(format!("not a decimal number in a string: {text}")))
    }
}

impl JsonSchema for Amount {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": r"^-?\d{1,20}(\.\d{1,8})?$",
            "description": "A decimal number as a string, for example \"12.50\"."
        })
    }
}

/// An amount with its ISO 4217 currency. Amounts of different currencies never add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Money {
    /// The amount.
    pub amount: Amount,
    /// Currency code as delivered, for example `EUR`.
    pub currency: String,
}

impl Money {
    /// For sentences: thousands in groups, `EUR 8,545.60`. Never read back; everything else uses `Display`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let plain = self.amount.to_string();
        let (sign, digits) = plain
            .strip_prefix('-')
            .map_or(("", plain.as_str()), |rest| ("-", rest));
        let (whole, decimals) = digits
            .split_once('.')
            .map_or((digits, None), |(whole, decimals)| (whole, Some(decimals)));
        let mut grouped = String::new();
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        let decimals = decimals
            .map(|decimals| format!(".{decimals}"))
            .unwrap_or_default();
        format!("{} {sign}{grouped}{decimals}", self.currency)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.currency, self.amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_a_string_and_keeps_its_zeros() {
        let amount: Amount = serde_json::from_str("\"12.340\"").unwrap();
        assert_eq!(serde_json::to_string(&amount).unwrap(), "\"12.340\"");
        assert!(
            serde_json::from_str::<Amount>("12.34").is_err(),
            "a JSON number is not exact"
        );
        assert!(
            "12345678901234567.12345678901234".parse::<Amount>().is_err(),
            "31 digits are refused, not rounded"
        );
    }

    #[test]
    fn money_in_sentences_has_its_thousands_in_groups() {
        for (amount, words) in [
            ("0", "EUR 0"),
            ("999.90", "EUR 999.90"),
            ("1000", "EUR 1,000"),
            ("8545.60", "EUR 8,545.60"),
            ("100000.00", "EUR 100,000.00"),
            ("-1234567.8", "EUR -1,234,567.8"),
        ] {
            let (amount, currency) = (amount.parse().unwrap(), "EUR".to_owned());
            assert_eq!(Money { amount, currency }.in_words(), words);
        }
    }

    #[test]
    fn a_line_value_uses_the_price_unit_and_never_divides_by_zero() {
        let a = |t: &str| t.parse::<Amount>().unwrap();
        assert_eq!(Amount::line_value(a("50"), a("12.50"), a("100")), Some(a("6.25")));
        assert_eq!(Amount::line_value(a("50"), a("12.50"), a("0")), None);
    }
}
