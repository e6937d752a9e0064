//! What filters are read, and what is refused.

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::sap::schema::{Row, SetId};

fn order() -> Row {
    Row::default()
        .with("PurchaseOrder", Edm::text("4500000123"))
        .with("Supplier", Edm::text("0000100482"))
        .with("PurchaseOrderDate", Edm::DateTime(1_767_225_600_000))
        .with("LastChangeDateTime", Edm::DateTimeOffset(1_767_225_600_000))
        .with("NetPaymentDays", Edm::Decimal(Decimal::from(30)))
        .with("CorrespncExternalReference", Edm::text("O'Neill's"))
        .with("ReleaseIsNotCompleted", Edm::Boolean(true))
}

fn matches(text: &str) -> bool {
    parse(text, SetId::PurchaseOrder.set())
        .unwrap_or_else(|error| panic!("{text}: {error:?}"))
        .matches((&order()).into())
}

fn refused(text: &str) -> FilterError {
    parse(text, SetId::PurchaseOrder.set()).expect_err("this filter must be refused")
}

#[test]
fn comparisons_and_logic_hold() {
    for text in [
        "Supplier eq '0000100482'",
        "Supplier eq '0000100482' and NetPaymentDays ge 30",
        "NetPaymentDays eq 30.00M or Supplier eq 'x'",
        "not (Supplier eq 'x') and (NetPaymentDays lt 31 or NetPaymentDays gt 100L)",
        "PurchaseOrderDate ge datetime'2026-01-01T00:00:00'",
        "LastChangeDateTime lt datetimeoffset'2026-01-01T01:00:00+00:30'",
        "CorrespncExternalReference eq 'O''Neill''s'",
        "substringof('Neill',CorrespncExternalReference)",
        "startswith(PurchaseOrder,'45') eq true",
        "endswith(PurchaseOrder,'999') eq false",
        "ReleaseIsNotCompleted",
        "ReleaseIsNotCompleted eq true and PurchasingCompletenessStatus eq false",
        "'0000100482' eq Supplier",
        "ValidityEndDate eq null",
    ] {
        assert!(matches(text), "should match: {text}");
    }
    for text in [
        "Supplier ne '0000100482'",
        "NetPaymentDays gt 30",
        "substringof('x',Supplier)",
        "false",
    ] {
        assert!(!matches(text), "should not match: {text}");
    }
}

#[test]
fn and_binds_stronger_than_or() {
    assert!(matches(
        "Supplier eq '0000100482' or Supplier eq 'x' and Supplier eq 'y'"
    ));
    assert!(!matches(
        "(Supplier eq '0000100482' or Supplier eq 'x') and Supplier eq 'y'"
    ));
}

#[test]
fn a_literal_of_the_wrong_type_is_an_invalid_token() {
    assert_eq!(
        refused("Supplier eq 100482"),
        FilterError::InvalidToken { position: 13 }
    );
    for text in [
        "PurchaseOrderDate ge '2026-01-01'",
        "PurchaseOrderDate ge datetimeoffset'2026-01-01T00:00:00Z'",
        "LastChangeDateTime ge datetime'2026-01-01T00:00:00'",
        "NetPaymentDays eq '30'",
        "Supplier eq",
        "Supplier",
        "Supplier eq 'a' and",
        "(Supplier eq 'a'",
        "Supplier eq 'a",
        "contains(Supplier,'a')",
        "Supplier like 'a'",
        "substringof(NetPaymentDays,'3')",
        "",
    ] {
        assert!(
            parse(text, SetId::PurchaseOrder.set()).is_err(),
            "must be refused: {text}"
        );
    }
    let unknown = refused("SupplierName eq 'a'");
    assert!(
        matches!(unknown, FilterError::UnknownProperty { .. }),
        "not named: {unknown:?}"
    );
}

#[test]
fn an_amount_that_is_not_filterable_is_refused_by_name() {
    let error = parse("AmountInCompanyCodeCurrency gt 5M", SetId::JournalItem.set());
    assert_eq!(
        error.expect_err("must be refused"),
        FilterError::NotFilterable {
            name: "AmountInCompanyCodeCurrency"
        }
    );
}

#[test]
fn deep_nesting_is_refused_without_a_crash() {
    let text = format!(
        "{}ReleaseIsNotCompleted{}",
        "(".repeat(50_000),
        ")".repeat(50_000)
    );
    assert!(parse(&text, SetId::PurchaseOrder.set()).is_err(), "too deep");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}") {
        _ = parse(&text, SetId::PurchaseOrder.set());
    }

    #[test]
    fn any_row_of_words_is_read_or_refused(words in proptest::collection::vec(
        prop_oneof![
            Just("Supplier"), Just("eq"), Just("and"), Just("or"), Just("not"), Just("("), Just(")"),
            Just("'a''b'"), Just("datetime'2026-01-01T00:00:00'"), Just("12.5M"), Just("substringof"),
            Just(","), Just("true"), Just("null"), Just("-"), Just("'")
        ], 0..24)) {
        if let Ok(filter) = parse(&words.join(" "), SetId::PurchaseOrder.set()) {
            _ = filter.matches((&order()).into());
        }
    }

    #[test]
    fn a_doubled_quote_reads_back_as_one(value in "[ -~äöü€']{0,12}") {
        let row = Row::default().with("CorrespncExternalReference", Edm::text(value.clone()));
        let text = format!("CorrespncExternalReference eq '{}'", value.replace('\'', "''"));
        let filter = parse(&text, SetId::PurchaseOrder.set());
        prop_assert!(filter.is_ok_and(|filter| filter.matches((&row).into())));
    }
}
