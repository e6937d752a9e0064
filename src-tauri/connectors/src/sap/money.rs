//! Values made from quantities and prices. They are rounded like the currency; where anything needed is missing or zero,
//! they stay unknown.

use andon_domain::Amount;
use rust_decimal::{Decimal, RoundingStrategy};

/// Quantity × price ÷ price unit. A price unit of zero is SAP's initial value and never divides.
pub(super) fn value(
    quantity: Decimal,
    price: Decimal,
    price_unit: Option<Amount>,
    currency: Option<&str>,
) -> Option<Amount> {
    let per = above_zero(price_unit)?;
    let value = quantity.checked_mul(price)?.checked_div(per)?;
    Some(rounded(value, currency))
}

/// The number when it is above zero.
pub(super) fn above_zero(amount: Option<Amount>) -> Option<Decimal> {
    amount.map(Amount::value).filter(|value| *value > Decimal::ZERO)
}

/// A value with as many decimals as its currency has, two where that is not known. Currencies without decimals keep two, as
/// SAP delivers them.
pub(super) fn rounded(value: Decimal, currency: Option<&str>) -> Amount {
    let decimals = match currency {
        Some("BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND") => 3,
        _ => 2,
    };
    let mut value = value.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero);
    value.rescale(decimals);
    Amount::new(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_needs_a_price_unit_and_is_rounded_like_its_currency() {
        let of = |quantity: &str, price: &str, per: Option<&str>, currency| {
            let per = per.map(|per| per.parse().unwrap());
            value(
                quantity.parse().unwrap(),
                price.parse().unwrap(),
                per,
                Some(currency),
            )
            .map(|v| v.to_string())
        };
        assert_eq!(of("50", "12.50", Some("100"), "EUR").as_deref(), Some("6.25"));
        assert_eq!(of("3", "0.335", Some("1"), "EUR").as_deref(), Some("1.01"));
        assert_eq!(of("3", "0.335", Some("1"), "KWD").as_deref(), Some("1.005"));
        assert_eq!(of("-3", "0.335", Some("1"), "EUR").as_deref(), Some("-1.01"));
        assert_eq!(of("50", "12.50", Some("0"), "EUR"), None);
        assert_eq!(of("50", "12.50", None, "EUR"), None);
        let largest = Decimal::MAX.to_string();
        assert_eq!(
            of(&largest, &largest, Some("1"), "EUR"),
            None,
            "what does not fit is unknown"
        );
    }
}
