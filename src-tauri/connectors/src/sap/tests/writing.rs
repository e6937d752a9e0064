//! Writes: one post, what it means when its answer is lost, and how it is found again.

use std::sync::atomic::{AtomicUsize, Ordering};

use andon_approvals::{
    Action, ApplyOutcome, ApprovalRequest, ApprovalRow, ApprovedChange, ChangeReference, DecisionPayload,
    Person, PreconditionState, Progress, Reconciled, RiskPolicy, Roster, State, Verdict, action_digest,
    new_signing_key, public_key, sign,
};
use andon_domain::time::Deadline;
use andon_domain::{
    Amount, ApprovalId, Class, Clock, Ids, Money, OperationName, PortErrorKind, Risk, Role, TenantId, UserId,
};

use super::*;

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
        risk: Risk::High,
        risk_reasons: Vec::new(),
        quorum: 1,
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
    let (key, _) = new_signing_key(&OneKey);
    let now = noon().now();
    let payload = DecisionPayload {
        approval_id: request.id,
        tenant: request.tenant.clone(),
        operation: request.operation.to_string(),
        endpoint_fp: andon_domain::canonical::hex(&fingerprint),
        action_digest: request.digest.to_string(),
        risk: request.risk,
        policy_version: request.policy_version.clone(),
        verdict: Verdict::Approve,
        operator_id: "ada".to_owned(),
        key_id: public_key(&key).key_id,
        requested_by: request.requested_by.clone(),
        decided_at: now.millis(),
        execute_before: now.millis() + 60_000,
        nonce: "0".repeat(32),
        reason: None,
    };
    progress.decisions = vec![sign(payload, &key).unwrap()];
    ApprovalRow {
        request,
        progress,
        version: 3,
    }
}

/// One signing key for every test.
struct OneKey;

impl Ids for OneKey {
    fn uuid(&self) -> uuid::Uuid {
        uuid::Uuid::from_u128(1)
    }

    fn random(&self, buffer: &mut [u8]) {
        buffer.fill(1);
    }
}

/// The one person who approves here.
fn roster() -> Roster {
    let ada = Person {
        id: UserId::from("ada"),
        name: "Ada".to_owned(),
        role: Role::Operator,
        clearance: Class::BusinessSensitive,
        tenants: vec![TenantId::default_tenant()],
        key: public_key(&new_signing_key(&OneKey).0),
        valid_from: noon().now(),
        revoked_at: None,
        is_demo: false,
    };
    Roster { people: vec![ada] }
}

fn policy() -> RiskPolicy {
    let limit = |amount: i64| Money {
        amount: Amount::from(amount),
        currency: "EUR".to_owned(),
    };
    RiskPolicy {
        medium_below: limit(100),
        critical_above: limit(10_000),
        cycle_target_band_percent: andon_domain::Amount::from(5),
        auto_approve_low: false,
        decide_within: Duration::from_secs(300),
        execute_within: Duration::from_secs(60),
    }
}

pub(super) fn change(sap: &Arc<Sap>) -> ApprovedChange {
    let fingerprint = sap.create_purchase_order().endpoint_fingerprint();
    ApprovedChange::from_dispatched(
        &row(fingerprint),
        &roster(),
        &policy(),
        &fingerprint,
        &noon().moment(),
    )
    .unwrap()
}

/// A SAP that hands out tokens and answers posts as told.
pub(super) async fn writable(post: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Stranger {
    let (posts, tokens) = (AtomicUsize::new(0), AtomicUsize::new(0));
    Stranger::start(move |seen| {
        if seen.method == "POST" {
            return post(seen, posts.fetch_add(1, Ordering::SeqCst));
        }
        assert_eq!((seen.path.as_str(), seen.header("x-csrf-token")), (ROOT, "Fetch"));
        assert_eq!(
            (
                seen.query("sap-client"),
                seen.query("sap-language"),
                seen.header("accept-language")
            ),
            ("100", "EN", "EN"),
            "the token is fetched from the client the order goes to"
        );
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

pub(super) fn created() -> Reply {
    let body = json!({"d": {"PurchaseOrder": "4500000042"}}).to_string();
    let message = r#"{"code":"06/207","message":"Price differs","severity":"warning","details":[]}"#;
    Reply::with(
        201,
        &[("content-type", "application/json"), ("sap-message", message)],
        body,
    )
}

pub(super) fn csrf_required() -> Reply {
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
        config.limits.total = Duration::from_millis(1_500);
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
            &json!({"error": {"code": "06/321", "message": {"value": "Supplier 100482 is blocked"},
                "innererror": {"transactionid": "TX4711"}}}),
        )
    };
    let log = crate::stranger::Logged::start();
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
    let text = log.text();
    assert!(
        text.contains("TX4711") && text.contains("06/321"),
        "SAP's support asks for it: {text}"
    );
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

#[tokio::test]
async fn only_the_wish_for_a_token_is_a_reason_to_post_again() {
    let forbidden = || {
        Reply::json(
            403,
            &json!({"error": {"code": "ME/303", "message": {"value": "No authorization"}}}),
        )
    };
    let busy = || Reply::with(429, &[("retry-after", "0")], "");
    for reply in [forbidden as fn() -> Reply, busy] {
        let server = writable(move |_, _| reply()).await;
        let connection = sap(&server);
        let outcome = connection
            .create_purchase_order()
            .apply(change(&connection))
            .await;
        assert!(matches!(outcome, ApplyOutcome::Refused { .. }), "{outcome:?}");
        assert_eq!((server.count("GET"), server.count("POST")), (1, 1));
    }
}

#[tokio::test]
async fn an_order_is_written_in_the_names_of_the_system() {
    let server = Stranger::start(|seen| match seen.method.as_str() {
        "POST" => Reply::json(201, &json!({"d": {"EBELN": "4500000042"}})),
        _ => Reply::with(200, &[("x-csrf-token", "T")], "{}"),
    })
    .await;
    let mut config = config(&server);
    let own = config.names.0.entry(Service::PurchaseOrders).or_default();
    own.path = Some("ZPO_SRV".to_owned());
    own.sets
        .insert("A_PurchaseOrder".to_owned(), "ZOrders".to_owned());
    for (standard, name) in [
        ("PurchaseOrder", "EBELN"),
        ("Supplier", "LIFNR"),
        ("to_PurchaseOrderItem", "Items"),
        ("Plant", "WERKS"),
    ] {
        own.fields.insert(standard.to_owned(), name.to_owned());
    }
    let named = Sap::new(config.clone(), Fixed::new(Some("secret")), noon()).unwrap();
    let ApplyOutcome::Succeeded(receipt) = named.create_purchase_order().apply(change(&named)).await else {
        panic!("not created")
    };
    assert_eq!(receipt.reference, "4500000042");
    let seen = server.seen();
    assert_eq!(
        [seen[0].path.as_str(), seen[1].path.as_str()],
        [
            "/sap/opu/odata/sap/ZPO_SRV/",
            "/sap/opu/odata/sap/ZPO_SRV/ZOrders"
        ]
    );
    let body: Value = serde_json::from_str(&seen[1].body).unwrap();
    assert_eq!(
        (&body["LIFNR"], &body["Items"][0]["WERKS"]),
        (&json!("100482"), &json!("1010"))
    );
    assert!(body.get("Supplier").is_none() && body["Items"][0].get("Plant").is_none());
    assert_ne!(
        named.create_purchase_order().endpoint_fingerprint(),
        sap(&server).create_purchase_order().endpoint_fingerprint(),
        "an approval for one field is none for another"
    );
    // A value that the system cannot take is never left out in silence.
    let own = config.names.0.get_mut(&Service::PurchaseOrders).unwrap();
    own.fields.insert("NetPriceAmount".to_owned(), String::new());
    let lacking = Sap::new(config, Fixed::new(Some("secret")), noon()).unwrap();
    let outcome = lacking.create_purchase_order().apply(change(&lacking)).await;
    assert!(
        matches!(&outcome, ApplyOutcome::NotSent(e) if e.code == Some("sap_field_not_there")),
        "{outcome:?}"
    );
    assert_eq!(server.count("POST"), 1);
}
