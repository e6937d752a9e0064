use super::*;
use crate::testing::{money, policy};
use andon_domain::operations::{DescribedParameter, find};

fn order_of(value: Option<Money>) -> Description {
    Description {
        title: String::new(),
        sentence: String::new(),
        target: "100482".to_owned(),
        value,
        change_percent: None,
        rows: Vec::new(),
    }
}

fn risk_of(value: Option<Money>, uncovered: usize) -> (Risk, Vec<String>) {
    let operation = find("sap.create_purchase_order").unwrap();
    let Assessment { risk, reasons } = policy().assess(operation, &order_of(value), uncovered);
    (risk, reasons)
}

#[test]
fn the_value_of_an_order_sets_its_risk() {
    for (amount, currency, expected) in [
        ("0.01", "EUR", Risk::Medium),
        ("999.99", "EUR", Risk::Medium),
        ("1000", "EUR", Risk::High),
        ("1000.00", "EUR", Risk::High),
        ("99999.99", "EUR", Risk::High),
        ("100000", "EUR", Risk::High),
        ("100000.01", "EUR", Risk::Critical),
        ("79228162514264337593543950335", "EUR", Risk::Critical),
        ("1", "USD", Risk::Critical),
        ("1", "eur", Risk::Critical),
        ("1", "", Risk::Critical),
    ] {
        let (risk, reasons) = risk_of(Some(money(amount, currency)), 0);
        assert_eq!(risk, expected, "{currency} {amount}");
        assert_eq!(reasons.len(), 1);
    }
    assert_eq!(
        risk_of(None, 0).0,
        Risk::Critical,
        "a value that cannot be computed"
    );
}

#[test]
fn limits_in_two_currencies_cover_neither() {
    let mixed = RiskPolicy {
        medium_below: money("1000", "USD"),
        ..policy()
    };
    let operation = find("sap.create_purchase_order").unwrap();
    for currency in ["EUR", "USD"] {
        assert_eq!(
            mixed
                .assess(operation, &order_of(Some(money("1", currency))), 0)
                .risk,
            Risk::Critical
        );
    }
}

#[test]
fn what_cannot_be_put_into_words_raises_the_risk_once() {
    for (amount, raised) in [
        ("1", Risk::High),
        ("5000", Risk::Critical),
        ("200000", Risk::Critical),
    ] {
        let (risk, reasons) = risk_of(Some(money(amount, "EUR")), 3);
        assert_eq!((risk, reasons.len()), (raised, 2));
    }
}

#[test]
fn reasons_write_money_for_people() {
    assert_eq!(
        risk_of(Some(money("250000.50", "EUR")), 0).1,
        ["EUR 250,000.50 is above the limit of EUR 100,000"]
    );
    assert_eq!(
        risk_of(Some(money("12.30", "EUR")), 0).1,
        ["EUR 12.30 is below EUR 1,000"]
    );
}

#[test]
fn every_limit_is_in_the_version() {
    let base = policy();
    let others = [
        RiskPolicy {
            medium_below: money("1001", "EUR"),
            ..base.clone()
        },
        RiskPolicy {
            medium_below: money("1000", "USD"),
            ..base.clone()
        },
        RiskPolicy {
            critical_above: money("100001", "EUR"),
            ..base.clone()
        },
        RiskPolicy {
            cycle_target_band_percent: andon_domain::Amount::from(5),
            auto_approve_low: false,
            ..base.clone()
        },
        RiskPolicy {
            decide_within: Duration::from_secs(301),
            ..base.clone()
        },
        RiskPolicy {
            execute_within: Duration::from_secs(61),
            ..base.clone()
        },
    ];
    for other in others {
        assert_ne!(other.version(), base.version());
    }
}

#[test]
fn only_low_with_the_switch_on_needs_nobody() {
    let (on, off) = (
        policy(),
        RiskPolicy {
            cycle_target_band_percent: andon_domain::Amount::from(5),
            auto_approve_low: false,
            ..policy()
        },
    );
    assert_eq!(
        [Risk::Low, Risk::Medium, Risk::High, Risk::Critical].map(|risk| on.quorum(risk)),
        [0, 1, 1, 2]
    );
    assert_eq!(
        [Risk::Low, Risk::Medium, Risk::High, Risk::Critical].map(|risk| off.quorum(risk)),
        [1, 1, 1, 2]
    );
}

#[test]
fn parameters_without_a_row_are_counted() {
    let parameters = serde_json::json!({"a": "1", "b": [{"c": true}, null], "d": {}});
    let row = |field: &str| DescribedParameter {
        field: field.to_owned(),
        value: String::new(),
    };
    let mut description = order_of(None);
    assert_eq!(uncovered(&parameters, &description), 3);
    description.rows = vec![row("a"), row("b[0].c"), row("b[1]")];
    assert_eq!(uncovered(&parameters, &description), 0);
}

#[test]
fn a_cycle_target_within_the_band_is_low_and_beyond_it_medium() {
    let operation = find("mes.set_cycle_target").unwrap();
    for (percent, expected) in [
        (Some("0.1"), Risk::Low),
        (Some("5"), Risk::Low),
        (Some("5.0001"), Risk::Medium),
        (Some("250"), Risk::Medium),
        (None, Risk::High),
    ] {
        let description = Description {
            change_percent: percent.map(|text| text.parse().unwrap()),
            ..order_of(None)
        };
        let Assessment { risk, reasons } = policy().assess(operation, &description, 0);
        assert_eq!(risk, expected, "{percent:?} %");
        assert_eq!(reasons.len(), 1);
    }
}
