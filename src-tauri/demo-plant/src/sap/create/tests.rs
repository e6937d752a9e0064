//! What posted orders are accepted, warned about and refused.

use serde_json::json;

use super::*;

const NOW: i64 = 1_795_000_000_000;

fn good() -> Value {
    json!({
        "CompanyCode": "1000", "PurchaseOrderType": "NB", "Supplier": "0000100482",
        "PurchasingOrganization": "1000", "PurchasingGroup": "001", "DocumentCurrency": "EUR",
        "CorrespncExternalReference": "A1B2C3D4E5F6",
        "to_PurchaseOrderItem": [{
            "PurchaseOrderItem": "10", "Plant": "1010", "Material": "HX-220", "OrderQuantity": "10.000",
            "PurchaseOrderQuantityUnit": "PC", "NetPriceAmount": "42.80", "NetPriceQuantity": "1",
        }],
    })
}

fn run(body: &Value) -> Result<Checked, SapError> {
    check(body.to_string().as_bytes(), "ANDON", NOW)
}

fn edited(edit: impl FnOnce(&mut Value)) -> SapError {
    let mut body = good();
    edit(&mut body);
    run(&body).expect_err("must be refused")
}

#[test]
fn a_good_order_becomes_a_draft() {
    let checked = run(&good()).unwrap();
    assert_eq!(checked.warnings, []);
    assert_eq!(
        checked.draft.header.text("CorrespncExternalReference"),
        "A1B2C3D4E5F6"
    );
    let item = &checked.draft.items[0].row;
    assert_eq!(item.text("PurchaseOrderItem"), "00010");
    assert_eq!(item.text("PurchaseOrderItemText"), "Hydraulic hose DN 20 2 m");
}

#[test]
fn both_forms_of_a_nested_collection_and_short_numbers_are_read() {
    let mut body = good();
    body["to_PurchaseOrderItem"] = json!({"results": body["to_PurchaseOrderItem"]});
    body["Supplier"] = json!("100482");
    assert_eq!(run(&body).unwrap().draft.header.text("Supplier"), "0000100482");
}

#[test]
fn each_wrong_field_is_named() {
    let item = |name: &'static str, value: Value| {
        move |body: &mut Value| body["to_PurchaseOrderItem"][0][name] = value
    };
    let cases: Vec<(&str, SapError)> = vec![
        ("06/321", edited(|body| body["Supplier"] = json!("0000999999"))),
        ("F5/165", edited(|body| body["CompanyCode"] = json!("9000"))),
        ("SG/105", edited(|body| body["DocumentCurrency"] = json!("XXX"))),
        ("06/084", edited(|body| body["PurchasingGroup"] = json!("999"))),
        ("06/436", edited(|body| body["to_PurchaseOrderItem"] = json!([]))),
        ("06/142", edited(item("Plant", json!("9999")))),
        ("M3/351", edited(item("Material", json!("WW-120")))),
        ("M3/305", edited(item("Material", json!("NOPE")))),
        ("06/057", edited(item("OrderQuantity", json!("0")))),
        ("06/057", edited(item("OrderQuantity", json!("-1")))),
        ("06/150", edited(item("PurchaseOrderQuantityUnit", json!("KG")))),
        ("06/215", edited(item("NetPriceAmount", json!("0.00")))),
        ("06/216", edited(item("NetPriceQuantity", json!("0")))),
    ];
    for (code, error) in cases {
        assert_eq!(error.code, code, "{error:?}");
        assert_eq!(error.status.as_u16(), 400);
    }
}

#[test]
fn an_item_is_charged_to_a_cost_centre_that_takes_postings() {
    let mut body = good();
    body["to_PurchaseOrderItem"][0]["to_AccountAssignment"] = json!([{"CostCenter": "20100"}]);
    let accounts = run(&body).unwrap().draft.items.remove(0).accounts;
    assert_eq!(accounts[0].text("AccountAssignmentNumber"), "01");
    for number in ["0000020200", "0000030200", "0000099999"] {
        let error = edited(|body| {
            body["to_PurchaseOrderItem"][0]["to_AccountAssignment"] = json!([{"CostCenter": number}]);
        });
        assert_eq!(error.code, "KI/235", "expired, blocked, unknown: {number}");
    }
}

#[test]
fn several_errors_come_together() {
    let error = edited(|body| {
        body["Supplier"] = json!("1");
        body["to_PurchaseOrderItem"][0]["Plant"] = json!("1");
    });
    assert_eq!(error.details.len(), 2, "{error:?}");
}

#[test]
fn the_wire_form_is_strict() {
    for error in [
        edited(|body| body["CorrespncExternalReference"] = json!("1234567890123")),
        edited(|body| body["Nope"] = json!("x")),
        edited(|body| body["to_PurchaseOrderItem"][0]["OrderQuantity"] = json!(10)),
        edited(|body| body["to_PurchaseOrderItem"] = json!("x")),
        edited(|body| *body = json!([])),
    ] {
        assert!(error.code.starts_with("/IWCOR/"), "{error:?}");
    }
}

#[test]
fn unusual_prices_and_dates_only_warn() {
    let mut body = good();
    body["to_PurchaseOrderItem"][0]["NetPriceAmount"] = json!("99.00");
    body["to_PurchaseOrderItem"][0]["to_ScheduleLine"] =
        json!([{"ScheduleLineDeliveryDate": format!("/Date({})/", NOW - NOW % DAY_MS + DAY_MS)}]);
    let codes: Vec<String> = run(&body).unwrap().warnings.into_iter().map(|w| w.code).collect();
    assert_eq!(codes, ["06/207", "06/040"]);
}
