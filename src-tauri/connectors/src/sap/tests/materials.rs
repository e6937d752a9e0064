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
        "(substringof('O''Ring',ProductDescription) or substringof('O''RING',ProductDescription) or \
         substringof('O''ring',ProductDescription) or substringof('o''ring',ProductDescription))"
    );
    assert_eq!(seen[1].query("$filter"), "(Product eq 'A' or Product eq 'B')");
}

#[tokio::test]
async fn plant_and_description_together_narrow_each_other() {
    let server = Stranger::start(|seen| {
        if seen.path.ends_with("A_ProductDescription") {
            return page(&["A", "B"].map(|number| json!({"Product": number})), None, None);
        }
        let rows = [
            product("A", &[("EN", "Ring")], &["1020"]),
            product("B", &[("EN", "Ring")], &["1010"]),
        ];
        page(&rows, None, None)
    })
    .await;
    let found = materials(&server, "EN", &json!({"description": "ring", "plant": "1010"})).await;
    assert_eq!(found.records.len(), 1);
    assert_eq!(found.records[0]["material"], "B");
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

#[tokio::test]
async fn a_plant_with_more_materials_than_can_be_read_hides_none_of_a_group() {
    let server = Stranger::start(|seen| {
        if seen.path.ends_with("A_ProductPlant") {
            return window(
                seen,
                (0..30).map(|n| json!({"Product": format!("M{n:02}")})).collect(),
            );
        }
        let asked = seen.query("$filter");
        let rows = ["M05", "M29"].into_iter().filter(|number| {
            !asked.contains("Product eq") || asked.contains(&format!("Product eq '{number}'"))
        });
        window(
            seen,
            rows.map(|number| product(number, &[("EN", "Ring")], &["1010"]))
                .collect(),
        )
    })
    .await;
    let mut config = config(&server);
    config.row_limit = 10;
    let sap = Sap::new(config, Fixed::new(Some("secret")), noon()).unwrap();
    let asked = json!({"plant": "1010", "material_group": "01"});
    let found = read("sap.get_materials", sap.materials_read(), &asked)
        .await
        .unwrap();
    assert_eq!((found.records.len(), found.is_truncated), (2, false));
    let server_seen = server.seen();
    assert_eq!(
        server_seen.last().unwrap().query("$filter"),
        "ProductGroup eq '01'"
    );
}

#[tokio::test]
async fn a_description_is_found_however_it_is_written() {
    for written in [
        "bearing housing",
        "BEARING HOUSING",
        "Bearing housing",
        "Bearing Housing",
    ] {
        let server = Stranger::start(move |seen| {
            if !seen.path.ends_with("A_ProductDescription") {
                return page(&[product("A", &[("EN", written)], &[])], None, None);
            }
            let is_found = seen
                .query("$filter")
                .contains(&format!("substringof('{written}',"));
            let rows = is_found.then(|| json!({"Product": "A"}));
            page(&rows.into_iter().collect::<Vec<_>>(), None, None)
        })
        .await;
        let found = materials(&server, "EN", &json!({"description": "bearing Housing"})).await;
        assert_eq!(found.records.len(), 1, "{written}");
    }
}
