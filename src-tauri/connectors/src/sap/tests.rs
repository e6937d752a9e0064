//! The SAP connection against a server that is not always SAP.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use andon_approvals::{
    Action, ApplyOutcome, ApprovalRequest, ApprovalRow, ApprovedChange, ChangeReference, PreconditionState,
    Progress, Reconciled, Roster, State, action_digest,
};
use andon_domain::operations::find;
use andon_domain::ports::{ErpFeed, HealthCheck, HealthState};
use andon_domain::time::Deadline;
use andon_domain::{
    ApprovalId, CanonicalJson, Clock, OperationName, PortErrorKind, Risk, TenantId, Timestamp,
};
use serde_json::{Value, json};

use super::*;
use crate::stranger::{DATE, Fixed, Reply, Seen, Stranger, noon};
use crate::transport::{AuthKind, Limits};

const ROOT: &str = "/sap/opu/odata/sap/API_PURCHASEORDER_PROCESS_SRV/";

fn config(server: &Stranger) -> SapConfig {
    let mut config = SapConfig::new(
        server.url.clone(),
        AuthKind::Basic {
            username: "ANDON".to_owned(),
        },
    );
    config.client = Some("100".to_owned());
    config.limits = Limits {
        back_off: Duration::from_millis(1),
        idle: Duration::from_secs(2),
        total: Duration::from_secs(4),
        ..Limits::default()
    };
    config
}

fn sap(server: &Stranger) -> Arc<Sap> {
    Sap::new(config(server), Fixed::new(Some("secret")), noon()).unwrap()
}

fn parameters(operation: &str, value: &Value) -> CanonicalJson {
    (find(operation).unwrap().validate)(value).unwrap()
}

async fn orders(sap: &Arc<Sap>, value: &Value) -> Result<andon_domain::ports::Fetched, PortError> {
    sap.purchase_orders_read()
        .read(&parameters("sap.get_purchase_orders", value))
        .await
}

fn order(number: usize) -> Value {
    json!({"PurchaseOrder": format!("45{number:08}"), "Supplier": "0000100482", "DocumentCurrency": "EUR",
        "PurchasingProcessingStatus": "02", "PurchaseOrderDate": "/Date(1782086400000)/",
        "to_PurchaseOrderItem": {"results": [{"PurchaseOrderItem": "00010", "Material": "HX-220", "Plant": "1010",
            "OrderQuantity": "10.000", "NetPriceAmount": "12.34", "NetPriceQuantity": "1"}]}})
}

fn page(rows: &[Value], count: Option<usize>, next: Option<&str>) -> Reply {
    let mut d = json!({"results": rows});
    if let Some(count) = count {
        d["__count"] = json!(count.to_string());
    }
    if let Some(next) = next {
        d["__next"] = json!(next);
    }
    Reply::json(200, &json!({"d": d}))
}

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
        ("100", "EN", "PurchaseOrder")
    );
}

#[tokio::test]
async fn a_next_link_to_another_host_is_read_from_ours() {
    let other = Stranger::start(|_| page(&[], None, None)).await;
    let next = other
        .url
        .join(&format!("{ROOT}A_PurchaseOrder?$skiptoken=x%27y"))
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
        "the client survives"
    );
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
async fn a_server_with_small_pages_and_no_links_is_read_to_its_end() {
    let server = Stranger::start(|seen| {
        let skip = seen.query("$skip").parse().unwrap_or(0);
        let rows: Vec<_> = (skip..7.min(skip + 3)).map(order).collect();
        page(&rows, (skip == 0).then_some(7), None)
    })
    .await;
    let batch = sap(&server).purchase_orders().await.unwrap();
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
    assert_eq!(sap.stock().await.unwrap().records.len(), 1);
}

// Writing.

fn purchase() -> CanonicalJson {
    parameters(
        "sap.create_purchase_order",
        &json!({"company_code": "1000", "purchasing_organization": "1000", "purchasing_group": "001", "supplier": "100482",
            "currency": "EUR", "items": [{"material": "HX-220", "plant": "1010", "quantity": "10.000", "unit": "PC",
            "net_price": "12.34"}]}),
    )
}

fn row(fingerprint: [u8; 32]) -> ApprovalRow {
    let (tenant, operation, parameters) = (
        TenantId::default_tenant(),
        OperationName::from("sap.create_purchase_order"),
        purchase(),
    );
    let digest = action_digest(&Action {
        operation: &operation,
        schema_version: 1,
        requested_by: "agent:a",
        on_behalf_of: None,
        tenant: &tenant,
        endpoint_fingerprint: &fingerprint,
        parameters: &parameters,
        target_version: None,
        policy_version: "1",
    })
    .unwrap();
    let request = ApprovalRequest {
        id: ApprovalId::from_uuid(uuid::Uuid::from_u128(7)),
        tenant,
        operation,
        schema_version: 1,
        parameters,
        digest,
        endpoint_fingerprint: fingerprint,
        policy_version: "1".to_owned(),
        risk: Risk::Low,
        risk_reasons: Vec::new(),
        quorum: 0,
        requested_by: "agent:a".to_owned(),
        on_behalf_of: None,
        rationale: None,
        idempotency_key: None,
        target_version: None,
        current: std::collections::BTreeMap::new(),
        preconditions: Vec::new(),
        requested_at: noon().now(),
    };
    let later = Deadline::after(&noon().moment(), Duration::from_secs(60));
    let mut progress = Progress::pending(later.clone());
    progress.state = State::Dispatched;
    progress.execute_by = Some(later);
    progress.attempt = Some("1".to_owned());
    ApprovalRow {
        request,
        progress,
        version: 3,
    }
}

fn change(sap: &Arc<Sap>) -> ApprovedChange {
    let fingerprint = sap.create_purchase_order().endpoint_fingerprint();
    ApprovedChange::from_dispatched(
        &row(fingerprint),
        &Roster::default(),
        &fingerprint,
        &noon().moment(),
    )
    .unwrap()
}

/// A SAP that hands out tokens and answers posts as told.
async fn writable(post: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Stranger {
    let (posts, tokens) = (AtomicUsize::new(0), AtomicUsize::new(0));
    Stranger::start(move |seen| {
        if seen.method == "POST" {
            return post(seen, posts.fetch_add(1, Ordering::SeqCst));
        }
        assert_eq!((seen.path.as_str(), seen.header("x-csrf-token")), (ROOT, "Fetch"));
        let token = format!("T{}", tokens.fetch_add(1, Ordering::SeqCst));
        let cookies = [
            ("x-csrf-token", token.as_str()),
            ("set-cookie", "SAP_SESSIONID_S4H_100=abc%3d; path=/; HttpOnly"),
            ("set-cookie", "sap-XSRF_S4H_100=x; path=/"),
        ];
        Reply::with(200, &cookies, "{\"d\":{\"EntitySets\":[]}}")
    })
    .await
}

fn created() -> Reply {
    let body = json!({"d": {"PurchaseOrder": "4500000042"}}).to_string();
    let message = r#"{"code":"06/207","message":"Price differs","severity":"warning","details":[]}"#;
    Reply::with(
        201,
        &[("content-type", "application/json"), ("sap-message", message)],
        body,
    )
}

fn csrf_required() -> Reply {
    Reply::with(
        403,
        &[("x-csrf-token", "Required")],
        "CSRF token validation failed",
    )
}

#[tokio::test]
async fn an_order_is_created_with_token_cookies_and_reference() {
    let server = writable(|_, _| created()).await;
    let sap = sap(&server);
    let ApplyOutcome::Succeeded(receipt) = sap.create_purchase_order().apply(change(&sap)).await else {
        panic!("not created")
    };
    assert_eq!(
        (receipt.reference.as_str(), receipt.warnings),
        ("4500000042", vec!["Price differs".to_owned()])
    );
    let post = server
        .seen()
        .into_iter()
        .find(|seen| seen.method == "POST")
        .unwrap();
    assert_eq!(post.header("x-csrf-token"), "T0");
    assert_eq!(
        post.header("cookie"),
        "SAP_SESSIONID_S4H_100=abc%3d; sap-XSRF_S4H_100=x"
    );
    assert_eq!(post.query("sap-client"), "100");
    let body: Value = serde_json::from_str(&post.body).unwrap();
    assert_eq!(
        body["CorrespncExternalReference"],
        change(&sap).external_reference()
    );
    assert_eq!(
        body["to_PurchaseOrderItem"][0]["OrderQuantity"], "10.000",
        "exactly as approved"
    );
    sap.create_purchase_order().apply(change(&sap)).await;
    assert_eq!(
        (server.count("GET"), server.count("POST")),
        (1, 2),
        "the session is kept"
    );
    sap.credentials_changed();
    sap.create_purchase_order().apply(change(&sap)).await;
    assert_eq!(server.count("GET"), 2, "and forgotten with the credentials");
}

#[tokio::test]
async fn a_spent_token_is_fetched_again_once() {
    let server = writable(|seen, _| {
        if seen.header("x-csrf-token") == "T0" {
            csrf_required()
        } else {
            created()
        }
    })
    .await;
    let connection = sap(&server);
    let outcome = connection
        .create_purchase_order()
        .apply(change(&connection))
        .await;
    assert!(matches!(outcome, ApplyOutcome::Succeeded(_)), "{outcome:?}");
    assert_eq!((server.count("GET"), server.count("POST")), (2, 2));
    let stubborn = writable(|_, _| csrf_required()).await;
    let connection = sap(&stubborn);
    let outcome = connection
        .create_purchase_order()
        .apply(change(&connection))
        .await;
    assert!(matches!(outcome, ApplyOutcome::NotSent(_)), "{outcome:?}");
    assert_eq!(stubborn.count("POST"), 2, "no loop");
}

#[tokio::test]
async fn parallel_writers_take_turns() {
    let server = writable(|_, _| created()).await;
    let sap = sap(&server);
    let writers = (0..5).map(|_| {
        let sap = Arc::clone(&sap);
        tokio::spawn(async move {
            matches!(
                sap.create_purchase_order().apply(change(&sap)).await,
                ApplyOutcome::Succeeded(_)
            )
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        assert!(writer.await.unwrap());
    }
    assert_eq!(
        (server.count("GET"), server.count("POST")),
        (1, 5),
        "one token for all of them"
    );
}

#[tokio::test]
async fn what_may_have_happened_is_unknown_and_never_repeated() {
    let cut = || Reply::Bytes(b"HTTP/1.1 201 Created\r\ncontent-length: 50\r\n\r\n{\"d\":".to_vec());
    let replies: [fn() -> Reply; 8] = [
        || Reply::Cut,
        || Reply::Hang,
        || Reply::with(504, &[], "gateway"),
        || Reply::with(502, &[], "gateway"),
        || {
            Reply::json(
                500,
                &json!({"error": {"code": "SY/530", "message": {"value": "Update was terminated"}}}),
            )
        },
        || Reply::json(201, &json!({"d": {}})),
        || Reply::with(200, &[("content-type", "text/html")], "<html>login</html>"),
        || {
            Reply::with(
                400,
                &[("content-type", "text/html")],
                "<html>proxy says no</html>",
            )
        },
    ];
    for reply in replies.into_iter().chain([cut as fn() -> Reply]) {
        let server = writable(move |_, _| reply()).await;
        let mut config = config(&server);
        config.limits.total = Duration::from_millis(500);
        let sap = Sap::new(config, Fixed::new(Some("secret")), noon()).unwrap();
        let outcome = sap.create_purchase_order().apply(change(&sap)).await;
        assert!(
            matches!(&outcome, ApplyOutcome::Unknown(e) if e.kind == PortErrorKind::OutcomeUnknown),
            "{outcome:?}"
        );
        assert_eq!(server.count("POST"), 1);
    }
}

#[tokio::test]
async fn a_refusal_has_saps_words_and_a_location_has_the_number() {
    let no = || {
        Reply::json(
            400,
            &json!({"error": {"code": "06/321", "message": {"value": "Supplier 100482 is blocked"}}}),
        )
    };
    let server = writable(move |_, _| no()).await;
    let connection = sap(&server);
    match connection
        .create_purchase_order()
        .apply(change(&connection))
        .await
    {
        ApplyOutcome::Refused { code, message } => assert_eq!(
            (code.as_str(), message.as_str()),
            ("06/321", "Supplier 100482 is blocked")
        ),
        other => panic!("{other:?}"),
    }
    let server =
        writable(|_, _| Reply::with(201, &[("location", "http://x/A_PurchaseOrder('4500000043')")], ""))
            .await;
    let connection = sap(&server);
    match connection
        .create_purchase_order()
        .apply(change(&connection))
        .await
    {
        ApplyOutcome::Succeeded(receipt) => assert_eq!(receipt.reference, "4500000043"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_surely_did_not_leave_is_not_sent() {
    // Gone between the token and the order.
    let server = Stranger::start(|_| Reply::with(200, &[("x-csrf-token", "T")], "{}").leave()).await;
    let connection = sap(&server);
    let outcome = connection
        .create_purchase_order()
        .apply(change(&connection))
        .await;
    assert!(
        matches!(&outcome, ApplyOutcome::NotSent(e) if e.kind == PortErrorKind::Unavailable),
        "{outcome:?}"
    );
    // No token, wrong password.
    for (status, kind) in [(200, PortErrorKind::Protocol), (401, PortErrorKind::Unauthorized)] {
        let server = Stranger::start(move |_| Reply::with(status, &[], "{}")).await;
        let connection = sap(&server);
        let outcome = connection
            .create_purchase_order()
            .apply(change(&connection))
            .await;
        assert!(
            matches!(&outcome, ApplyOutcome::NotSent(e) if e.kind == kind),
            "{outcome:?}"
        );
        assert_eq!(server.count("POST"), 0);
    }
}

#[tokio::test]
async fn a_lost_order_is_found_by_its_reference() {
    for found in 0..3_usize {
        let server = Stranger::start(move |seen| {
            let reference = seen.query("$filter").split('\'').nth(1).unwrap().to_owned();
            let mut rows: Vec<_> = (1..=found).map(|n| json!({"PurchaseOrder": format!("450000000{n}"), "CorrespncExternalReference": reference})).collect();
            // A system that ignores the filter must not mislead us.
            rows.push(json!({"PurchaseOrder": "4500000099", "CorrespncExternalReference": "other"}));
            page(&rows, None, None)
        })
        .await;
        let write = sap(&server).create_purchase_order();
        let reconciled = write
            .reconcile(&ChangeReference::of(&row(write.endpoint_fingerprint())))
            .await
            .unwrap();
        match (found, reconciled) {
            (0, Reconciled::NotFound) => {}
            (1, Reconciled::Found(receipt)) => assert_eq!(receipt.reference, "4500000001"),
            (2, Reconciled::Several(numbers)) => assert_eq!(numbers, ["4500000001", "4500000002"]),
            (_, other) => panic!("{found}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn checks_and_current_values_only_read() {
    let server = Stranger::start(|seen| {
        if seen.path.ends_with("A_PurchaseOrder") {
            return page(&[], None, None);
        }
        let bucket = json!({"Material": "HX-220", "Plant": "1010", "InventoryStockType": "01", "MaterialBaseUnit": "PC",
            "MatlWrhsStkQtyInMatlBaseUnit": "120.000"});
        page(&[bucket], None, None)
    })
    .await;
    let write = sap(&server).create_purchase_order();
    let checks = write.check(&purchase()).await.unwrap();
    let states: Vec<_> = checks
        .iter()
        .map(|check| (check.rule.as_str(), check.state))
        .collect();
    assert_eq!(
        states,
        [
            ("sap-01", PreconditionState::Warning),
            ("sap-02", PreconditionState::Passed)
        ]
    );
    let current = write.current(&purchase()).await.unwrap();
    assert_eq!(current.values["items[0].unrestricted_stock"], "120 PC");
    assert_eq!(server.count("GET"), server.seen().len());
}

#[tokio::test]
async fn the_fingerprint_names_the_target_and_no_secret() {
    let server = Stranger::start(|_| Reply::Cut).await;
    let of = |config: SapConfig, secret| {
        Sap::new(config, Fixed::new(Some(secret)), noon())
            .unwrap()
            .create_purchase_order()
            .endpoint_fingerprint()
    };
    let base = of(config(&server), "a");
    assert_eq!(base, of(config(&server), "b"));
    let mut other = config(&server);
    other.client = Some("200".to_owned());
    assert_ne!(base, of(other, "a"));
    let mut other = config(&server);
    other.auth = AuthKind::Basic {
        username: "EVE".to_owned(),
    };
    assert_ne!(base, of(other, "a"));
    let mut other = config(&server);
    other.endpoint.set_path("/other");
    assert_ne!(base, of(other, "a"));
}

// Health.

fn metadata(seen: &Seen) -> Option<Reply> {
    let set = if seen.path.contains("STOCK") {
        "A_MatlStkInAcctMod"
    } else {
        "A_PurchaseOrder"
    };
    let body = format!("<edmx:Edmx><EntitySet Name=\"{set}\" EntityType=\"x\"/></edmx:Edmx>");
    seen.path
        .ends_with("$metadata")
        .then(|| Reply::with(200, &[("content-type", "application/xml"), DATE], body))
}

#[tokio::test]
async fn a_healthy_sap_tells_latency_and_clock() {
    let server = Stranger::start(|seen| {
        metadata(seen).unwrap_or_else(|| Reply::with(200, &[DATE], "{\"d\":{\"results\":[]}}"))
    })
    .await;
    let health = sap(&server).check().await;
    assert_eq!(
        (health.state, health.clock_skew_ms),
        (HealthState::Healthy, Some(0)),
        "{health:?}"
    );
    assert!(health.latency_ms.is_some());
    let ahead = ("date", "Mon, 22 Jun 2026 12:05:00 GMT");
    let server = Stranger::start(move |seen| {
        metadata(seen).unwrap_or_else(|| Reply::with(200, &[ahead], "{\"d\":{\"results\":[]}}"))
    })
    .await;
    let health = sap(&server).check().await;
    assert_eq!(health.state, HealthState::Degraded);
    assert_eq!(health.message, "the clock of SAP is 300 s ahead");
}

#[tokio::test]
async fn an_unhealthy_sap_says_what_to_do() {
    let refused = Stranger::start(|_| Reply::with(401, &[], "")).await;
    let connection = sap(&refused);
    assert_eq!(connection.check().await.state, HealthState::Unauthorized);
    assert_eq!(connection.check().await.state, HealthState::Unauthorized);
    assert_eq!(refused.seen().len(), 1, "a timer must not lock the user");
    let unreadable = Stranger::start(|seen| {
        metadata(seen).unwrap_or_else(|| Reply::json(403, &json!({"error": {"message": "no"}})))
    })
    .await;
    let gone = Stranger::start(|_| Reply::with(200, &[("x", "y")], "").leave()).await;
    sap(&gone).check().await;
    let unset = Stranger::start(|_| Reply::Cut).await;
    let unset = Sap::new(config(&unset), Fixed::new(None), noon()).unwrap();
    for (health, state) in [
        (sap(&unreadable).check().await, HealthState::Degraded),
        (sap(&gone).check().await, HealthState::Down),
        (unset.check().await, HealthState::NotConfigured),
    ] {
        assert_eq!(health.state, state, "{health:?}");
        assert!(
            health.hint.is_some() && !health.message.contains("127.0.0.1"),
            "{health:?}"
        );
    }
}

#[test]
fn an_unacceptable_setting_builds_no_connection() {
    let config = SapConfig::new("http://10.1.1.1".parse().unwrap(), AuthKind::Bearer);
    let error = Sap::new(config, Fixed::new(None), noon()).err().unwrap();
    assert_eq!(error.kind, PortErrorKind::NotConfigured);
    let _ = Timestamp::default();
}
