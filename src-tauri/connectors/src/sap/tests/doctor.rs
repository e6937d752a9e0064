//! The doctor: what a system lacks, service by service, in words that an SAP administrator can act on.

use andon_domain::ports::{Connector, Finding, FindingState};

use super::*;
use crate::stranger::Logged;

/// A system that has everything, but for what `change` answers itself.
async fn system(change: impl Fn(&Seen, Service) -> Option<Reply> + Send + Sync + 'static) -> Stranger {
    Stranger::start(move |seen| {
        let service = service_of(seen);
        if let Some(reply) = change(seen, service) {
            return reply;
        }
        if is_metadata(seen) {
            let body = description_of(service, |name| Some(name.to_owned()));
            return metadata(body.replace(" sap:creatable=\"false\"", ""));
        }
        if seen.header("x-csrf-token") == "Fetch" {
            return Reply::with(200, &[("x-csrf-token", "T")], "{}");
        }
        page(&[json!({"CostCenter": "1"})], Some(1), None)
    })
    .await
}

fn told(findings: &[Finding]) -> Vec<(&str, FindingState, &str)> {
    findings
        .iter()
        .map(|finding| (finding.subject.as_str(), finding.state, finding.message.as_str()))
        .collect()
}

#[tokio::test]
async fn a_system_with_everything_is_good_throughout() {
    let server = system(|_, _| None).await;
    let findings = sap(&server).examine().await;
    assert_eq!(findings.len(), 8, "{findings:?}");
    for finding in &findings {
        assert_eq!(
            (finding.state, finding.remedy.as_ref()),
            (FindingState::Good, None),
            "{finding:?}"
        );
    }
    assert_eq!(
        findings[0].message,
        "SAP answers and accepts the logon to client 100"
    );
    assert_eq!(
        findings[1].subject,
        "purchase orders (API_PURCHASEORDER_PROCESS_SRV)"
    );
    assert_eq!(server.count("GET"), server.seen().len(), "nothing is written");
}

#[tokio::test]
async fn what_is_not_active_or_not_permitted_is_named_with_transaction_and_authorization() {
    let server = system(|seen, service| match service {
        Service::Stock | Service::Plan => Some(not_active()),
        Service::CostCenters if !is_metadata(seen) => Some(Reply::json(
            403,
            &json!({"error": {"code": "x", "message": {"value": "No authorization"}}}),
        )),
        _ => None,
    })
    .await;
    let findings = sap(&server).examine().await;
    let of = |name: &str| {
        let found: Vec<_> = findings
            .iter()
            .filter(|finding| finding.subject.starts_with(name))
            .collect();
        assert_eq!(found.len(), 1, "{findings:?}");
        (
            found[0].state,
            found[0].message.clone(),
            found[0].remedy.clone().unwrap_or_default(),
        )
    };
    let (state, _, remedy) = of("stock");
    assert_eq!(state, FindingState::Failed);
    assert!(
        remedy.contains("/IWFND/MAINT_SERVICE")
            && remedy.contains("API_MATERIAL_STOCK_SRV")
            && remedy.contains("SAP_COM_0164")
            && remedy.contains("sap.services.stock.path"),
        "{remedy}"
    );
    let (state, _, remedy) = of("planned amounts");
    assert_eq!(state, FindingState::Missing, "a budget is optional");
    assert!(remedy.contains("SAP_COM_0087"), "{remedy}");
    let (state, message, remedy) = of("cost centers");
    assert_eq!(
        (state, message.as_str()),
        (FindingState::Missing, "SAP: No authorization")
    );
    assert!(
        remedy.contains("S_SERVICE") && remedy.contains("SU53"),
        "{remedy}"
    );
    assert_eq!(of("material master").0, FindingState::Good);
}

#[tokio::test]
async fn wrong_names_are_found_with_the_nearest_that_there_is() {
    let server = system(|seen, service| {
        (is_metadata(seen) && service == Service::PurchaseOrders).then(|| {
            let body = description_of(service, |name| {
                Some(match name {
                    "Supplier" => "ZZVENDOR".to_owned(),
                    "LastChangeDateTime" => "-LastChangeDateTime".to_owned(),
                    other => other.to_owned(),
                })
            });
            metadata(body)
        })
    })
    .await;
    let mut config = config(&server);
    let own = config.names.0.entry(Service::PurchaseOrders).or_default();
    own.fields.insert("Supplier".to_owned(), "ZZVENDR".to_owned());
    own.fields.insert(
        "to_PurchaseOrderItem".to_owned(),
        "to_PurchaseOrderItems".to_owned(),
    );
    own.sets
        .insert("A_PurchaseOrderItem".to_owned(), "A_PurchaseOrderItm".to_owned());
    let findings = Sap::new(config, Fixed::new(Some("secret")), noon())
        .unwrap()
        .examine()
        .await;
    let orders: Vec<_> = told(&findings)
        .into_iter()
        .zip(
            findings
                .iter()
                .map(|finding| finding.remedy.as_deref().unwrap_or_default()),
        )
        .filter(|((subject, ..), _)| subject.starts_with("purchase orders"))
        .map(|((_, state, message), remedy)| (state, message, remedy))
        .collect();
    assert_eq!(
        orders,
        [
            (
                FindingState::Warning,
                "A_PurchaseOrder lacks fields, which read as unknown: ZZVENDR",
                "ZZVENDOR looks like Supplier; where that is meant, name it in sap.services.purchase_orders.fields."
            ),
            (
                FindingState::Warning,
                "A_PurchaseOrder has no navigation to_PurchaseOrderItems; what it leads to reads as unknown",
                "to_PurchaseOrderItem looks like it; if it is, name it in sap.services.purchase_orders.fields.to_PurchaseOrderItem."
            ),
            (
                FindingState::Failed,
                "has no entity set A_PurchaseOrderItm",
                "A_PurchaseOrderItem looks like it; if it is, name it in sap.services.purchase_orders.sets.A_PurchaseOrderItem."
            ),
            (
                FindingState::Warning,
                "cannot be asked for what changed since a time, so every synchronization reads all orders",
                "Nothing has to be done. Newer releases of the service tell LastChangeDateTime."
            ),
            (
                FindingState::Warning,
                "does not allow orders to be created",
                "If agents shall ask for orders, use a service that allows it; reading needs nothing."
            ),
        ]
    );
}

#[tokio::test]
async fn a_refused_logon_ends_the_examination_and_a_category_without_rows_is_told() {
    let refused = Stranger::start(|_| Reply::with(401, &[], "")).await;
    let findings = sap(&refused).examine().await;
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(
        (findings[0].subject.as_str(), findings[0].state),
        ("connection", FindingState::Failed)
    );
    assert!(findings[0].remedy.as_ref().unwrap().contains("SU01"));
    assert_eq!(
        refused.seen().len(),
        1,
        "each further try would bring the user nearer to being locked"
    );
    let server = system(|seen, service| {
        let is_plan = service == Service::Plan && !is_metadata(seen);
        is_plan.then(|| page(&[], Some(0), None))
    })
    .await;
    let findings = sap(&server).examine().await;
    let found = findings
        .iter()
        .find(|finding| finding.subject.starts_with("planned"))
        .unwrap();
    assert_eq!(found.state, FindingState::Warning);
    assert!(found.message.contains("category PLN"), "{}", found.message);
    assert!(!told(&findings).is_empty());
}

#[tokio::test]
async fn a_delivery_date_that_cannot_be_written_is_told_before_an_order_needs_it() {
    for (lacking, named) in [
        ("to_ScheduleLine", ": to_ScheduleLine"),
        (
            "ScheduleLineOrderQuantity",
            ": to_ScheduleLine/ScheduleLineOrderQuantity",
        ),
    ] {
        let server = system(move |seen, service| {
            let body = description_of(service, |name| Some(name.to_owned()));
            is_metadata(seen).then(|| metadata(body.replace(&format!("\"{lacking}\""), "\"Other\"")))
        })
        .await;
        let findings = sap(&server).examine().await;
        let told = told(&findings);
        let found = told
            .iter()
            .find(|(_, _, message)| message.contains("delivery date"));
        let (subject, state, message) = found.unwrap();
        assert!(
            subject.starts_with("purchase orders") && message.ends_with(named),
            "{message}"
        );
        assert_eq!(*state, FindingState::Warning);
    }
}

#[tokio::test]
async fn a_failure_that_is_told_is_in_the_log_with_saps_transaction() {
    let log = Logged::start();
    let server = system(|seen, service| {
        let is_stock = service == Service::Stock && !is_metadata(seen);
        is_stock.then(|| {
            Reply::json(
                400,
                &json!({"error": {"code": "SY/530", "message": {"value": "Short dump"},
                    "innererror": {"transactionid": "TX4711"}}}),
            )
        })
    })
    .await;
    sap(&server).examine().await;
    let text = log.text();
    assert!(text.contains("TX4711") && text.contains("SY/530"), "{text}");
}
