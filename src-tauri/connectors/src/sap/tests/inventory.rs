//! Stock with special stock apart, and its value as an estimate that is absent rather than wrong.

use super::*;

fn bucket(material: &str, special: &str, quantity: &str) -> Value {
    json!({"Material": material, "Plant": "1010", "StorageLocation": "0001", "InventoryStockType": "01",
        "InventorySpecialStockType": special, "MaterialBaseUnit": "PC", "MatlWrhsStkQtyInMatlBaseUnit": quantity})
}

fn valuation(product: &str, kind: &str, control: &str, unit: impl Into<Value>) -> Value {
    json!({"Product": product, "ValuationArea": "1010", "ValuationType": kind, "InventoryValuationProcedure": control,
        "StandardPrice": "12.500", "MovingAveragePrice": "11.000", "PriceUnitQty": unit.into(), "Currency": "EUR"})
}

/// A system with these buckets that answers questions for valuations as told.
async fn system(buckets: Vec<Value>, valued: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Stranger {
    Stranger::start(move |seen| match service_of(seen) {
        Service::Stock => page(&buckets, None, None),
        _ => valued(seen),
    })
    .await
}

async fn inventory(server: &Stranger, parameters: &Value) -> andon_domain::ports::Fetched {
    read("sap.get_inventory", sap(server).inventory_read(), parameters)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_value_is_made_from_the_price_that_counts_for_as_many_units_as_it_counts() {
    let buckets = vec![
        bucket("A", "", "50"),
        bucket("B", "", "-3"),
        bucket("0000000000000C", "", "2"),
        bucket("A", "K", "9"),
    ];
    let server = system(buckets, |_| {
        page(
            &[
                valuation("A", "", "S", "100"),
                valuation("B", "", "V", "1"),
                valuation("0000000000000C", "", "V", 1),
            ],
            None,
            None,
        )
    })
    .await;
    let found = inventory(&server, &json!({})).await;
    let told: Vec<_> = found
        .records
        .iter()
        .map(|row| {
            (
                &row["material"],
                &row["special_stock"],
                &row["value_estimate"],
                &row["value_basis"],
            )
        })
        .collect();
    let money = |amount: &str| json!({"amount": amount, "currency": "EUR"});
    assert_eq!(
        told[0],
        (
            &json!("0000000000000C"),
            &Value::Null,
            &money("22.00"),
            &json!("moving_average")
        )
    );
    assert_eq!(
        told[1],
        (
            &json!("A"),
            &Value::Null,
            &money("6.25"),
            &json!("standard_price")
        )
    );
    assert_eq!(
        told[2],
        (&json!("A"), &json!("K"), &Value::Null, &Value::Null),
        "stock of others has no value of ours"
    );
    assert_eq!(
        told[3],
        (
            &json!("B"),
            &Value::Null,
            &money("-33.00"),
            &json!("moving_average")
        )
    );
    assert!(found.warnings.is_empty(), "{:?}", found.warnings);
    let asked = server.seen().pop().unwrap();
    assert_eq!(
        asked.query("$filter"),
        "ValuationArea eq '1010' and (Product eq '0000000000000C' or Product eq 'A' or Product eq 'B')"
    );
}

#[tokio::test]
async fn what_has_no_one_price_has_no_value_and_says_why() {
    let buckets = ["SPLIT", "ZERO", "NULL", "NONE", "ODD"]
        .map(|material| bucket(material, "", "5"))
        .to_vec();
    let server = system(buckets, |_| {
        page(
            &[
                valuation("SPLIT", "NEW", "V", "1"),
                valuation("SPLIT", "USED", "V", "1"),
                valuation("ZERO", "", "S", "0"),
                valuation("NULL", "", "S", Value::Null),
                valuation("ODD", "", "Q", "1"),
            ],
            None,
            None,
        )
    })
    .await;
    let found = inventory(&server, &json!({})).await;
    assert_eq!(found.records.len(), 5);
    assert!(
        found
            .records
            .iter()
            .all(|row| row["value_estimate"].is_null() && row["value_basis"].is_null())
    );
    assert_eq!(
        found.warnings,
        [
            "value not available, no price unit: NULL, ZERO",
            "value not available, no valuation: NONE",
            "value not available, unknown price control: ODD",
            "value not available, valued in several ways: SPLIT",
        ]
    );
}

#[tokio::test]
async fn stock_comes_also_where_valuations_are_not_there_or_not_permitted() {
    let forbidden = || {
        Reply::json(
            403,
            &json!({"error": {"code": "x", "message": {"value": "No authorization"}}}),
        )
    };
    for (reply, warning) in [
        (
            not_active as fn() -> Reply,
            "value not available: SAP does not offer the service",
        ),
        (forbidden, "value not available: No authorization"),
    ] {
        let server = system(vec![bucket("A", "", "5")], move |_| reply()).await;
        let found = inventory(&server, &json!({})).await;
        assert_eq!(found.records[0]["quantity"], "5");
        assert_eq!(found.records[0]["value_estimate"], Value::Null);
        assert_eq!(found.warnings, [warning]);
    }
}

#[tokio::test]
async fn own_stock_and_one_kind_of_special_stock_can_be_asked_for() {
    for (wanted, filter, quantity) in [
        ("own", "InventorySpecialStockType eq ''", "5"),
        ("K", "InventorySpecialStockType eq 'K'", "9"),
    ] {
        // A system that ignores the condition must not mix them.
        let buckets = vec![bucket("A", "", "5"), bucket("A", "K", "9")];
        let server = system(buckets, |_| page(&[], None, None)).await;
        let found = inventory(&server, &json!({"special_stock": wanted})).await;
        assert_eq!(server.seen()[0].query("$filter"), filter);
        let told: Vec<_> = found.records.iter().map(|row| row["quantity"].clone()).collect();
        assert_eq!(told, [json!(quantity)]);
    }
}

#[tokio::test]
async fn valuations_of_many_materials_are_asked_for_in_addresses_of_bearable_length() {
    let name = |n: usize| format!("MATERIAL & PART {n:024}");
    let count = |materials: usize| async move {
        let buckets = (0..materials).map(|n| bucket(&name(n), "", "1")).collect();
        let server = system(buckets, move |_| {
            let all: Vec<_> = (0..materials)
                .map(|n| valuation(&name(n), "", "S", "1"))
                .collect();
            page(&all, None, None)
        })
        .await;
        let found = inventory(&server, &json!({})).await;
        assert!(found.warnings.is_empty(), "{:?}", found.warnings);
        server
    };
    let some = count(100).await;
    let asked: Vec<_> = some.seen().into_iter().skip(1).collect();
    assert!((3..12).contains(&asked.len()), "{} addresses", asked.len());
    let longest = asked
        .iter()
        .map(|seen| {
            let query: Vec<_> = seen
                .query
                .iter()
                .map(|(name, value)| format!("{name}={}", crate::sap::filter::encode(value)))
                .collect();
            seen.path.len() + query.join("&").len() + some.url.as_str().len()
        })
        .max();
    assert!(longest < Some(2_000), "{longest:?}");
    let products: usize = asked
        .iter()
        .map(|seen| seen.query("$filter").matches("Product eq").count())
        .sum();
    assert_eq!(products, 100, "each once");
    let many = count(600).await;
    assert_eq!(many.seen().len(), 2, "so many are read as a whole");
    assert_eq!(many.seen()[1].query("$filter"), "ValuationArea eq '1010'");
}
