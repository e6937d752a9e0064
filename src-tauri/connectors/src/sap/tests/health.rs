//! Health: what is asked, and what people are told to do.

use andon_domain::PortErrorKind;
use andon_domain::ports::{Connector, HealthState};

use super::*;
use crate::stranger::DATE;

fn described(seen: &Seen) -> Option<Reply> {
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
        described(seen).unwrap_or_else(|| Reply::with(200, &[DATE], "{\"d\":{\"results\":[]}}"))
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
        described(seen).unwrap_or_else(|| Reply::with(200, &[ahead], "{\"d\":{\"results\":[]}}"))
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
        described(seen).unwrap_or_else(|| Reply::json(403, &json!({"error": {"message": "no"}})))
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
}

const LOGON_PAGE: &str = "<html><body><form action='logon'><input type=\"password\"></form></body></html>";

#[tokio::test]
async fn a_logon_page_stops_everything_until_the_secret_is_set_again() {
    let portal = ("location", "https://portal.example.org/saml2/idp");
    for (status, header, body) in [
        (200, ("content-type", "text/html"), LOGON_PAGE),
        (302, portal, ""),
    ] {
        let server = Stranger::start(move |_| Reply::with(status, &[header], body)).await;
        let sap = sap(&server);
        let first = orders(&sap, &json!({})).await.unwrap_err();
        assert_eq!(
            (first.kind, first.code),
            (PortErrorKind::Unauthorized, Some("sap_logon_page"))
        );
        for _ in 0..3 {
            assert_eq!(sap.check().await.state, HealthState::Unauthorized);
        }
        assert_eq!(
            orders(&sap, &json!({})).await.unwrap_err().kind,
            PortErrorKind::Unauthorized
        );
        assert_eq!(server.seen().len(), 1, "a timer must not lock the user");
        sap.credentials_changed();
        orders(&sap, &json!({})).await.unwrap_err();
        assert_eq!(server.seen().len(), 2);
    }
}

#[tokio::test]
async fn a_page_from_before_the_logon_proves_no_credentials() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let server = Stranger::start(
        move |_| match count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0 => Reply::with(404, &[("content-type", "text/html")], "<html>nothing here</html>"),
            _ => Reply::with(200, &[("content-type", "text/html")], LOGON_PAGE),
        },
    )
    .await;
    let sap = sap(&server);
    let readers = (0..10).map(|_| {
        let sap = Arc::clone(&sap);
        tokio::spawn(async move { orders(&sap, &json!({})).await.unwrap_err().kind })
    });
    for reader in readers.collect::<Vec<_>>() {
        reader.await.unwrap();
    }
    assert_eq!(
        server.seen().len(),
        2,
        "the page of the web server, one refused logon, and nothing after it"
    );
}
