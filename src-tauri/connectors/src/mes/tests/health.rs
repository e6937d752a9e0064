//! Health: what is asked, what is learnt, and what people are told.

use andon_domain::ports::HealthState;

use super::*;

#[tokio::test]
async fn the_zone_of_the_site_is_taken_from_health_when_clocks_know_it() {
    for (said, known) in [
        (json!("Europe/Berlin"), Some("Europe/Berlin")),
        (json!("Mars/Olympus"), None),
        (json!(null), None),
    ] {
        let server = Stranger::start(move |seen| {
            if seen.path == "/health" {
                Reply::json(200, &json!({"status": "ok", "time_zone": said.clone()}))
            } else {
                Reply::json(200, &list(&[], None))
            }
        });
        let mes = mes(&server.await);
        assert_eq!(mes.time_zone(), None, "nobody was asked yet");
        mes.check().await;
        assert_eq!(mes.time_zone().as_deref(), known);
    }
}

#[tokio::test]
async fn health_needs_both_the_mes_word_and_a_row() {
    let ok = json!({"status": "ok", "server_time": "2026-06-22T12:00:00Z", "checks": []});
    let with = |health: Value, health_status: u16, row_status: u16| {
        Stranger::start(move |seen| {
            if seen.path == "/health" {
                assert_eq!(seen.header("authorization"), "", "health needs no logon");
                Reply::json(health_status, &health)
            } else {
                Reply::json(row_status, &list(&[], None))
            }
        })
    };
    let late = json!({"status": "ok", "server_time": "2026-06-22T11:58:00Z"});
    let degraded = json!({"status": "degraded", "checks": [{"name": "historian", "status": "down"}]});
    for (server, state, message) in [
        (
            with(ok.clone(), 200, 200).await,
            HealthState::Healthy,
            "the MES answers and lets us read",
        ),
        (
            with(ok.clone(), 200, 401).await,
            HealthState::Unauthorized,
            "MES: the logon was refused",
        ),
        (
            with(ok.clone(), 200, 403).await,
            HealthState::Degraded,
            "MES: does not permit this to the connection",
        ),
        (
            with(json!({"status": "down"}), 503, 200).await,
            HealthState::Down,
            "the MES says that it is down",
        ),
        (
            with(late, 200, 200).await,
            HealthState::Degraded,
            "the clock of the MES is 120 s behind",
        ),
        (
            with(degraded, 200, 200).await,
            HealthState::Degraded,
            "the MES says that it is degraded: historian",
        ),
    ] {
        let health = mes(&server).check().await;
        let skewed = health.message.starts_with("the clock");
        // A slow machine may take a while to receive the answer; whole seconds are compared.
        let matches = if skewed {
            message.starts_with("the clock of the MES is 1")
        } else {
            health.message == message
        };
        assert!(health.state == state && matches, "{health:?}");
    }
}
