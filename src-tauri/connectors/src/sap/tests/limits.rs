//! Reads at their limits: rows, pages, bytes and time.

use andon_domain::PortErrorKind;

use super::*;

#[tokio::test]
async fn rows_beyond_the_limit_are_cut_and_said_to_be_cut() {
    let server = Stranger::start(|seen| {
        let (skip, top) = (
            seen.query("$skip").parse().unwrap_or(0),
            seen.query("$top").parse::<usize>().unwrap(),
        );
        let rows: Vec<_> = (skip..30.min(skip + top)).map(order).collect();
        page(&rows, (skip == 0).then_some(30), None)
    })
    .await;
    let mut config = config(&server);
    (config.page_size, config.row_limit) = (4, 10);
    let limited = Sap::new(config.clone(), Fixed::new(Some("secret")), noon()).unwrap();
    let read = orders(&limited, &json!({})).await.unwrap();
    assert_eq!(
        (read.records.len(), read.is_truncated, read.total),
        (10, true, Some(30))
    );
    config.row_limit = 30;
    let whole = Sap::new(config, Fixed::new(Some("secret")), noon()).unwrap();
    let read = orders(&whole, &json!({})).await.unwrap();
    assert_eq!(
        (read.records.len(), read.is_truncated),
        (30, false),
        "exactly the limit is not cut"
    );
}

#[tokio::test]
async fn a_cut_read_keeps_the_newest_orders_and_says_so() {
    let server = Stranger::start(|seen| {
        let mut rows: Vec<_> = (0..30).map(order).collect();
        if seen.query("$orderby").starts_with("PurchaseOrder desc") {
            rows.reverse();
        }
        window(seen, rows)
    })
    .await;
    let mut config = config(&server);
    (config.page_size, config.row_limit) = (4, 10);
    let sap = Sap::new(config, Fixed::new(Some("secret")), noon()).unwrap();
    let read = orders(&sap, &json!({})).await.unwrap();
    assert_eq!(
        (
            &read.records[0]["purchase_order"],
            &read.records[9]["purchase_order"]
        ),
        (&json!("4500000029"), &json!("4500000020"))
    );
    assert_eq!(
        read.warnings,
        ["more orders match than can be read; those with the highest numbers were kept"]
    );
    // The mirror goes on from where it was, so it begins at the other end.
    orders::feed(&sap, None).await.unwrap();
    assert_eq!(server.seen().last().unwrap().query("$orderby"), "PurchaseOrder");
}

#[tokio::test]
async fn a_plant_with_more_items_than_can_be_read_hides_no_order_of_a_supplier() {
    let server = Stranger::start(|seen| {
        let (filter, is_desc) = (
            seen.query("$filter").to_owned(),
            seen.query("$orderby").starts_with("PurchaseOrder desc"),
        );
        let mut numbers: Vec<usize> = (0..30).collect();
        if is_desc {
            numbers.reverse();
        }
        if seen.path.ends_with("A_PurchaseOrderItem") {
            let item = |n| json!({"PurchaseOrder": format!("45{n:08}"), "PurchaseOrderItem": "00010"});
            return window(seen, numbers.into_iter().map(item).collect());
        }
        // The supplier has the oldest and the newest order.
        numbers.retain(|n| !filter.contains("Supplier") || [0, 29].contains(n));
        numbers.retain(|n| !filter.contains("PurchaseOrder eq") || filter.contains(&format!("45{n:08}")));
        window(seen, numbers.into_iter().map(order).collect())
    })
    .await;
    let mut config = config(&server);
    config.row_limit = 10;
    let sap = Sap::new(config, Fixed::new(Some("secret")), noon()).unwrap();
    let read = orders(&sap, &json!({"plant": "1010", "supplier": "100482"}))
        .await
        .unwrap();
    assert_eq!((read.records.len(), read.is_truncated), (2, false));
    let read = orders(&sap, &json!({"plant": "1010"})).await.unwrap();
    assert_eq!(
        (
            &read.records[0]["purchase_order"],
            read.records.len(),
            read.is_truncated
        ),
        (&json!("4500000029"), 10, true),
        "without one, the newest"
    );
}

#[tokio::test]
async fn pages_without_rows_are_followed_only_so_far() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let server = Stranger::start(move |_| {
        let next = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        page(&[], None, Some(&format!("A_PurchaseOrder?$skiptoken={next}")))
    })
    .await;
    let mut config = config(&server);
    config.limits.total = Duration::from_secs(60);
    let sap = Sap::new(config, Fixed::new(Some("secret")), noon()).unwrap();
    let read = orders(&sap, &json!({})).await.unwrap();
    assert!(
        read.records.is_empty() && read.is_truncated,
        "cut, and said to be cut"
    );
    assert_eq!(server.seen().len(), 1_000);
}

#[tokio::test]
async fn rows_too_large_for_one_answer_are_asked_for_in_smaller_pages() {
    let server = Stranger::start(|seen| {
        let mut rows: Vec<Value> = (0..9).map(order).collect();
        for row in &mut rows {
            row["PurchasingGroup"] = json!("x".repeat(1_000));
        }
        window(seen, rows)
    })
    .await;
    let mut config = config(&server);
    (config.page_size, config.limits.body) = (8, 5_000);
    let sap = Sap::new(config, Fixed::new(Some("secret")), noon()).unwrap();
    let read = orders(&sap, &json!({})).await.unwrap();
    assert_eq!((read.records.len(), read.is_truncated), (9, false));
    let tops: Vec<_> = server
        .seen()
        .iter()
        .map(|seen| seen.query("$top").to_owned())
        .collect();
    assert_eq!(tops, ["8", "4", "2", "2", "2", "2", "2"]);
}

#[tokio::test]
async fn a_read_ends_when_its_time_is_over_however_quick_each_page_is() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let server = Stranger::start(move |_| {
        let next = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        page(
            &[order(next)],
            None,
            Some(&format!("A_PurchaseOrder?$skiptoken={next}")),
        )
    })
    .await;
    let mut config = config(&server);
    config.read_time = Duration::from_millis(100);
    config.feed_time = Duration::from_millis(100);
    let sap = Sap::new(config, Fixed::new(Some("secret")), noon()).unwrap();
    let error = orders(&sap, &json!({})).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::TimedOut);
    assert!(error.message.contains("ask for less"), "{error}");
    let ask = FeedAsk {
        changed_since: None,
        window_since: noon().0,
        window_until: None,
    };
    let error = sap.fetch(Feed::PurchaseOrders, &ask).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::TimedOut);
    assert!(server.seen().len() < 1_000);
}

#[tokio::test]
async fn what_is_only_read_along_may_be_late_without_taking_the_rest_with_it() {
    let server = Stranger::start(|seen| match service_of(seen) {
        Service::Stock => page(
            &[json!({"Material": "A", "Plant": "1010", "MatlWrhsStkQtyInMatlBaseUnit": "1"})],
            None,
            None,
        ),
        _ => Reply::Hang,
    })
    .await;
    let mut config = config(&server);
    config.read_time = Duration::from_millis(500);
    let sap = Sap::new(config, Fixed::new(Some("secret")), noon()).unwrap();
    let found = read("sap.get_inventory", sap.inventory_read(), &json!({}))
        .await
        .unwrap();
    assert_eq!(found.records.len(), 1);
    assert!(
        found
            .warnings
            .iter()
            .any(|warning| warning.starts_with("value not available: ")),
        "{:?}",
        found.warnings
    );
}
