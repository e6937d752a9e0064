//! A system that has services of its own in place of SAP's.

use super::*;

fn named(server: &Stranger, fields: &[(&str, &str)]) -> Arc<Sap> {
    let mut config = config(server);
    let own = config.names.0.entry(Service::PurchaseOrders).or_default();
    own.path = Some("Z_NS/ZPO_SRV;v=2".to_owned());
    own.sets
        .insert("A_PurchaseOrder".to_owned(), "ZOrders".to_owned());
    for (standard, name) in fields {
        own.fields.insert((*standard).to_owned(), (*name).to_owned());
    }
    Sap::new(config, Fixed::new(Some("secret")), noon()).unwrap()
}

#[tokio::test]
async fn orders_are_asked_for_and_read_in_the_names_of_the_system() {
    let server = Stranger::start(|seen| {
        let row = json!({"EBELN": "4500000001", "LIFNR": "0000100482", "Supplier": "somebody else", "Items": {"results": [
            {"EBELP": "00010", "OrderQuantity": "2", "NetPriceAmount": "3", "NetPriceQuantity": "1"}]}});
        match seen.query("$skiptoken") {
            "" => page(&[row], None, Some("ZOrders?$skiptoken=2")),
            _ => page(&[], None, None),
        }
    })
    .await;
    let sap = named(
        &server,
        &[
            ("PurchaseOrder", "EBELN"),
            ("Supplier", "LIFNR"),
            ("to_PurchaseOrderItem", "Items"),
            ("PurchaseOrderItem", "EBELP"),
            ("IsFinallyInvoiced", ""),
        ],
    );
    let found = orders(&sap, &json!({"supplier": "X'1"})).await.unwrap();
    let record = &found.records[0];
    assert_eq!(
        (
            &record["purchase_order"],
            &record["supplier"],
            &record["net_value"]
        ),
        (&json!("4500000001"), &json!("0000100482"), &json!("6.00"))
    );
    let seen = server.seen();
    assert_eq!(seen[0].path, "/sap/opu/odata/sap/Z_NS/ZPO_SRV;v=2/ZOrders");
    assert_eq!(
        (
            seen[0].query("$filter"),
            seen[0].query("$orderby"),
            seen[0].query("$expand")
        ),
        ("LIFNR eq 'X''1'", "EBELN desc", "Items")
    );
    let select: Vec<&str> = seen[0].query("$select").split(',').collect();
    assert!(select.contains(&"LIFNR") && select.contains(&"Items/EBELP"));
    assert!(
        !select
            .iter()
            .any(|name| ["Supplier", "PurchaseOrder"].contains(name) || name.contains("IsFinallyInvoiced")),
        "{select:?}"
    );
    assert_eq!(
        (seen[1].query("sap-client"), seen[1].query("sap-language")),
        ("100", "EN"),
        "also in the followed page"
    );
}

#[tokio::test]
async fn a_condition_on_a_field_that_is_not_there_is_refused_and_never_left_out() {
    let server = Stranger::start(|_| page(&[order(1)], None, None)).await;
    let sap = named(&server, &[("Supplier", "")]);
    let error = orders(&sap, &json!({"supplier": "1"})).await.unwrap_err();
    assert_eq!(
        (error.kind, error.code),
        (PortErrorKind::Invalid, Some("sap_field_not_there"))
    );
    assert!(server.seen().is_empty(), "all orders would have come");
    assert_eq!(orders(&sap, &json!({})).await.unwrap().records.len(), 1);
}
