//! Reads: selection, pages, links, limits and pages that are not data.

use andon_domain::PortErrorKind;

use super::*;

#[tokio::test]
async fn orders_are_read_with_selection_client_and_language() {
    let server = Stranger::start(|_| page(&[order(1)], Some(1), None)).await;
    let read = orders(&sap(&server), &json!({"supplier": "100482"}))
        .await
        .unwrap();
    assert_eq!(read.records[0]["net_value"], "123.40");
    assert_eq!(read.records[0]["order_date"], "2026-06-22");
    assert_eq!((read.is_truncated, read.total), (false, None));
    let seen = &server.seen()[0];
    assert_eq!(seen.path, format!("{ROOT}A_PurchaseOrder"));
    assert_eq!(
        seen.query("$filter"),
        "(Supplier eq '100482' or Supplier eq '0000100482')"
    );
    assert!(
        seen.query("$select")
            .contains("to_PurchaseOrderItem/NetPriceQuantity")
    );
    assert_eq!(
        (
            seen.query("sap-client"),
            seen.query("sap-language"),
            seen.query("$orderby")
        ),
        ("100", "EN", "PurchaseOrder desc")
    );
}

#[tokio::test]
async fn the_time_of_an_answer_is_not_that_of_its_data() {
    let server =
        Stranger::start(|_| Reply::with(200, &[crate::stranger::DATE], "{\"d\":{\"results\":[]}}")).await;
    let read = orders(&sap(&server), &json!({})).await.unwrap();
    assert_eq!(read.observed_at, None);
}

#[tokio::test]
async fn a_next_link_to_another_host_is_read_from_ours() {
    let other = Stranger::start(|_| page(&[], None, None)).await;
    let next = other
        .url
        .join(&format!(
            "{ROOT}A_PurchaseOrder?$skiptoken=x%27y&sap-client=200&SAP%2DLANGUAGE=FR"
        ))
        .unwrap()
        .to_string();
    let server = Stranger::start(move |seen| match seen.query("$skiptoken") {
        "" => page(&[order(1)], None, Some(&next)),
        _ => page(&[order(2)], None, None),
    })
    .await;
    let read = orders(&sap(&server), &json!({})).await.unwrap();
    assert_eq!(read.records.len(), 2);
    assert!(other.seen().is_empty(), "the other host was never contacted");
    let second = &server.seen()[1];
    assert_eq!(
        (second.query("$skiptoken"), second.query("sap-client")),
        ("x'y", "100"),
        "the client is ours, whatever the link says"
    );
    let names: Vec<&str> = second.query.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["$skiptoken", "sap-client", "sap-language"]);
}

#[tokio::test]
async fn a_next_link_outside_its_service_or_in_a_circle_is_a_protocol_error() {
    for next in [
        "http://127.0.0.1/admin?x=1",
        "/sap/opu/odata/sap/OTHER_SRV/X",
        "../../../etc",
        "mailto:x",
        &format!("{ROOT}../OTHER_SRV/X"),
    ] {
        let link = next.to_owned();
        let server = Stranger::start(move |_| page(&[order(1)], None, Some(&link))).await;
        let error = orders(&sap(&server), &json!({})).await.unwrap_err();
        assert_eq!(error.kind, PortErrorKind::Protocol, "{next}");
        assert_eq!(server.seen().len(), 1, "{next}");
    }
    let server = Stranger::start(|_| page(&[order(1)], None, Some("A_PurchaseOrder?$skiptoken=1"))).await;
    let error = orders(&sap(&server), &json!({})).await.unwrap_err();
    assert!(error.message.contains("circle"), "{error}");
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn an_order_created_between_two_pages_neither_hides_nor_repeats_another() {
    let server = Stranger::start(|seen| {
        let there = if seen.query("$skip").is_empty() { 8 } else { 9 };
        window(seen, (0..there).rev().map(order).collect())
    })
    .await;
    let mut config = config(&server);
    config.page_size = 4;
    let sap = Sap::new(config, Fixed::new(Some("secret")), noon()).unwrap();
    let read = orders(&sap, &json!({})).await.unwrap();
    let numbers: Vec<_> = read
        .records
        .iter()
        .map(|record| record["purchase_order"].clone())
        .collect();
    let expected: Vec<_> = (0..8).rev().map(|n| json!(format!("45{n:08}"))).collect();
    assert_eq!(numbers, expected);
}

#[tokio::test]
async fn a_server_with_small_pages_and_no_links_is_read_to_its_end() {
    let server = Stranger::start(|seen| {
        let skip = seen.query("$skip").parse().unwrap_or(0);
        let rows: Vec<_> = (skip..7.min(skip + 3)).map(order).collect();
        page(&rows, (skip == 0).then_some(7), None)
    })
    .await;
    let batch = orders::feed(&sap(&server), None).await.unwrap();
    assert_eq!((batch.records.len(), batch.is_complete), (7, true));
}

#[tokio::test]
async fn orders_of_a_plant_are_found_by_their_items() {
    let server = Stranger::start(|seen| {
        if seen.path.ends_with("A_PurchaseOrderItem") {
            let item = |order: &str| json!({"PurchaseOrder": order, "PurchaseOrderItem": "00010"});
            return page(
                &[item("4500000001"), item("4500000001"), item("4500000002")],
                None,
                None,
            );
        }
        page(&[order(1), order(2)], None, None)
    })
    .await;
    let read = orders(
        &sap(&server),
        &json!({"plant": "1010", "material": "HX-220", "status": "active"}),
    )
    .await
    .unwrap();
    assert_eq!(read.records.len(), 2);
    let seen = server.seen();
    assert_eq!(
        seen[0].query("$filter"),
        "Plant eq '1010' and Material eq 'HX-220'"
    );
    let filter = seen[1].query("$filter");
    assert!(
        filter.ends_with("(PurchaseOrder eq '4500000001' or PurchaseOrder eq '4500000002')"),
        "{filter}"
    );
    assert_eq!(seen[0].query("$orderby"), "PurchaseOrder desc,PurchaseOrderItem");
}

#[tokio::test]
async fn pages_that_are_not_data_are_explained() {
    let login = "<html><body><form action='logon'><input type=\"password\"></form></body></html>";
    for (reply, kind) in [
        (
            Reply::with(200, &[("content-type", "text/html")], login),
            PortErrorKind::Unauthorized,
        ),
        (
            Reply::with(200, &[("content-type", "application/json")], "{\"value\":[]}"),
            PortErrorKind::Protocol,
        ),
        (Reply::with(200, &[], ""), PortErrorKind::Protocol),
        (
            Reply::with(302, &[("location", "https://login.example.org")], ""),
            PortErrorKind::Unauthorized,
        ),
        (
            Reply::with(302, &[("location", "https://sap2.example.org")], ""),
            PortErrorKind::Protocol,
        ),
        (
            Reply::json(
                403,
                &json!({"error": {"code": "x", "message": {"value": "No authorization"}}}),
            ),
            PortErrorKind::Forbidden,
        ),
        (
            Reply::json(
                400,
                &json!({"error": {"code": "x", "message": {"value": "Invalid token"}}}),
            ),
            PortErrorKind::Rejected,
        ),
    ] {
        let reply = std::sync::Mutex::new(Some(reply));
        let server = Stranger::start(move |_| reply.lock().unwrap().take().unwrap_or(Reply::Cut)).await;
        assert_eq!(orders(&sap(&server), &json!({})).await.unwrap_err().kind, kind);
    }
}

#[tokio::test]
async fn stock_is_added_up_over_batches() {
    let server = Stranger::start(|_| {
        let bucket = |batch: &str, quantity: &str| json!({"Material": "HX-220", "Plant": "1010", "StorageLocation": "0001",
            "Batch": batch, "InventoryStockType": "01", "InventorySpecialStockType": "", "MaterialBaseUnit": "PC",
            "MatlWrhsStkQtyInMatlBaseUnit": quantity});
        page(&[bucket("A", "10.50000000000000"), bucket("B", "0.25")], None, None)
    })
    .await;
    let sap = sap(&server);
    let read = sap
        .inventory_read()
        .read(&parameters(
            "sap.get_inventory",
            &json!({"stock_type": "unrestricted"}),
        ))
        .await
        .unwrap();
    assert_eq!(
        (
            read.records[0]["quantity"].clone(),
            read.records[0]["buckets"].clone()
        ),
        (json!("10.75"), json!(2))
    );
    assert_eq!(server.seen()[0].query("$filter"), "InventoryStockType eq '01'");
    assert_eq!(stock::feed(&sap).await.unwrap().records.len(), 1);
}

#[tokio::test]
async fn a_release_without_a_field_is_asked_without_it_from_then_on() {
    let server = Stranger::start(|seen| {
        if seen.path.ends_with("$metadata") {
            let body = document(
                &[
                    ("A_PurchaseOrder", &["PurchaseOrder", "Supplier"]),
                    (
                        "A_PurchaseOrderItem",
                        &["PurchaseOrderItem", "Material", "ReleaseIsNotCompleted"],
                    ),
                ],
                &[("A_PurchaseOrder", "to_PurchaseOrderItem", "A_PurchaseOrderItem")],
            );
            return Reply::with(200, &[("content-type", "application/xml")], body);
        }
        if seen.query("$select").contains("ReleaseIsNotCompleted") {
            let words = "Property ReleaseIsNotCompleted not found in type A_PurchaseOrderType";
            return Reply::json(
                400,
                &json!({"error": {"code": "005056A5", "message": {"value": words}}}),
            );
        }
        page(&[order(1)], None, None)
    })
    .await;
    let sap = sap(&server);
    assert_eq!(orders(&sap, &json!({})).await.unwrap().records.len(), 1);
    let fields =
        "PurchaseOrder,Supplier,to_PurchaseOrderItem/PurchaseOrderItem,to_PurchaseOrderItem/Material";
    assert_eq!(server.seen()[2].query("$select"), fields);
    orders(&sap, &json!({})).await.unwrap();
    assert_eq!(
        (server.seen().len(), server.seen()[3].query("$select")),
        (4, fields)
    );
}

#[tokio::test]
async fn a_server_that_ignores_top_and_skip_is_not_read_twice() {
    let server = Stranger::start(|_| page(&(0..7).map(order).collect::<Vec<_>>(), None, None)).await;
    let mut config = config(&server);
    config.page_size = 5;
    let sap = Sap::new(config, Fixed::new(Some("secret")), noon()).unwrap();
    let read = orders(&sap, &json!({})).await.unwrap();
    assert_eq!(
        (read.records.len(), read.is_truncated, server.seen().len()),
        (7, false, 1)
    );
}

#[tokio::test]
async fn orders_of_a_storage_location_and_since_a_change_are_found() {
    let server = Stranger::start(|seen| {
        if seen.path.ends_with("A_PurchaseOrderItem") {
            return page(
                &[json!({"PurchaseOrder": "4500000001", "PurchaseOrderItem": "00010"})],
                None,
                None,
            );
        }
        let mut rows = [order(1), order(2)];
        rows[0]["to_PurchaseOrderItem"]["results"][0]["StorageLocation"] = json!("0001");
        // Of the same second as what was asked for, and before it.
        rows[0]["LastChangeDateTime"] = json!("/Date(1782086400600+0000)/");
        rows[1]["LastChangeDateTime"] = json!("/Date(1782086400100+0000)/");
        page(&rows, None, None)
    })
    .await;
    let sap = sap(&server);
    let read = orders(&sap, &json!({"storage_location": "1", "purchasing_group": "001"}))
        .await
        .unwrap();
    assert_eq!(read.records.len(), 1, "the location without leading zeros");
    let seen = server.seen();
    assert_eq!(seen[0].query("$filter"), "StorageLocation eq '1'");
    assert_eq!(
        seen[1].query("$filter"),
        "PurchasingGroup eq '001' and PurchaseOrder eq '4500000001'"
    );
    let read = orders(&sap, &json!({"changed_since": "2026-06-22T00:00:00.500Z"}))
        .await
        .unwrap();
    assert_eq!(
        read.records.len(),
        1,
        "SAP is asked in whole seconds, the answer is exact"
    );
    assert_eq!(
        server.seen().last().unwrap().query("$filter"),
        "LastChangeDateTime ge datetimeoffset'2026-06-22T00:00:00Z'"
    );
}
