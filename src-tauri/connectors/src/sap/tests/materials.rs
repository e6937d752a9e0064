//! Materials with the text in the reader's language.

use super::*;

fn product(number: &str, texts: &[(&str, &str)], plants: &[&str]) -> Value {
    let texts: Vec<_> = texts
        .iter()
        .map(|(language, text)| json!({"Language": language, "ProductDescription": text}))
        .collect();
    let plants: Vec<_> = plants
        .iter()
        .map(|plant| json!({"Plant": plant, "MRPType": "PD"}))
        .collect();
    json!({"Product": number, "ProductType": "ROH", "ProductGroup": "01", "BaseUnit": "PC", "NetWeight": "1.250",
        "WeightUnit": "KG", "IsMarkedForDeletion": false, "IsBatchManagementRequired": true,
        "LastChangeDateTime": "/Date(1782086400000+0000)/", "to_Description": {"results": texts},
        "to_Plant": {"results": plants}, "to_Valuation": {"results": [
            {"ValuationArea": "1010", "ValuationType": "", "InventoryValuationProcedure": "V", "StandardPrice": "9",
             "MovingAveragePrice": "11.000", "PriceUnitQty": "100", "Currency": "EUR"}]}})
}

async fn materials(server: &Stranger, language: &str, parameters: &Value) -> andon_domain::ports::Fetched {
    let mut config = config(server);
    config.language = language.to_owned();
    let sap = Sap::new(config, Fixed::new(Some("secret")), noon()).unwrap();
    read("sap.get_materials", sap.materials_read(), parameters)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_material_has_its_text_plants_and_the_price_that_counts() {
    let server = Stranger::start(|_| {
        page(
            &[product(
                "HX-220",
                &[("EN", "Screw"), ("DE", "Schraube")],
                &["1010", "1020"],
            )],
            Some(1),
            None,
        )
    })
    .await;
    let found = materials(&server, "DE", &json!({"material": "220", "material_type": "ROH"})).await;
    let record = &found.records[0];
    assert_eq!(
        (&record["description"], &record["description_language"]),
        (&json!("Schraube"), &json!("DE"))
    );
    assert_eq!(
        record["plants"][1],
        json!({"plant": "1020", "mrp_type": "PD", "abc_indicator": null, "purchasing_group": null})
    );
    assert_eq!(
        record["valuations"][0],
        json!({"valuation_area": "1010", "valuation_type": null, "price_control": "moving_average", "price": "11.000",
            "price_unit": "100", "currency": "EUR"})
    );
    assert_eq!(
        (&record["net_weight"], &record["gross_weight"]),
        (&json!("1.250"), &Value::Null)
    );
    assert_eq!(
        (&record["is_batch_managed"], &record["last_changed_at"]),
        (&json!(true), &json!("2026-06-22T00:00:00.000Z"))
    );
    assert!(found.warnings.is_empty(), "{:?}", found.warnings);
    let seen = &server.seen()[0];
    assert_eq!(seen.query("$expand"), "to_Description,to_Plant,to_Valuation");
    assert!(
        seen.query("$select")
            .contains("to_Valuation/InventoryValuationProcedure")
    );
    assert_eq!(
        seen.query("$filter").matches("Product eq").count(),
        3,
        "as given and padded to both lengths"
    );
}

#[tokio::test]
async fn a_material_is_found_by_a_part_of_the_text_that_its_reader_sees() {
    let server = Stranger::start(|seen| {
        if seen.path.ends_with("A_ProductDescription") {
            let hit = |number: &str| json!({"Product": number});
            return page(&[hit("A"), hit("B"), hit("B")], None, None);
        }
        // B was found by its French text, which this reader does not see.
        page(
            &[
                product("A", &[("EN", "O'Ring seal")], &[]),
                product("B", &[("EN", "Gasket"), ("FR", "O'Ring")], &[]),
            ],
            None,
            None,
        )
    })
    .await;
    let found = materials(&server, "DE", &json!({"description": "O'Ring"})).await;
    let numbers: Vec<_> = found
        .records
        .iter()
        .map(|record| record["material"].clone())
        .collect();
    assert_eq!(numbers, [json!("A")]);
    let seen = server.seen();
    assert_eq!(
        seen[0].query("$filter"),
        "substringof('O''Ring',ProductDescription)"
    );
    assert_eq!(seen[1].query("$filter"), "(Product eq 'A' or Product eq 'B')");
}

#[tokio::test]
async fn plant_and_description_together_narrow_each_other() {
    let server = Stranger::start(|seen| {
        let hits = |numbers: [&str; 2]| page(&numbers.map(|number| json!({"Product": number})), None, None);
        if seen.path.ends_with("A_ProductDescription") {
            return hits(["A", "B"]);
        }
        if seen.path.ends_with("A_ProductPlant") {
            return hits(["B", "C"]);
        }
        page(&[product("B", &[("EN", "Ring")], &["1010"])], None, None)
    })
    .await;
    let found = materials(&server, "EN", &json!({"description": "ring", "plant": "1010"})).await;
    assert_eq!(found.records.len(), 1);
    assert_eq!(server.seen()[2].query("$filter"), "Product eq 'B'");
    let none = Stranger::start(|_| page(&[], None, None)).await;
    assert!(
        materials(&none, "EN", &json!({"plant": "9999"}))
            .await
            .records
            .is_empty()
    );
    assert_eq!(
        none.seen().len(),
        1,
        "without hits nothing more is asked, least of all everything"
    );
}

#[tokio::test]
async fn a_system_that_ignores_the_condition_gives_no_material_twice() {
    // Too many for one address, and every part is answered with all of them.
    let all: Vec<Value> = (0..200)
        .map(|number| product(&format!("M{number:0>39}"), &[], &["1010"]))
        .collect();
    let server = Stranger::start(move |_| page(&all, Some(200), None)).await;
    let found = materials(&server, "EN", &json!({"plant": "1010"})).await;
    assert!(server.count("GET") > 2, "it was asked in parts");
    assert_eq!((found.records.len(), found.is_truncated), (200, false));
}
