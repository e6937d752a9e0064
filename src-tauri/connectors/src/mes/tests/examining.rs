//! What an administrator is told about the MES, part by part, with what to do.

use andon_domain::ports::FindingState;

use super::*;

const WELL: [&str; 7] = [
    "machines/status",
    "production-orders",
    "downtime-events",
    "quality-reports",
    "machines/history",
    "calendar",
    "events",
];

fn lists(seen: &Seen) -> Reply {
    match seen.path.as_str() {
        "/api/v1/machines/status" => page(&[machine("M-1", 1)]),
        "/api/v1/production-orders" => page(&[order("PO-1", "active", 1)]),
        "/api/v1/downtime-events" => page(&[stop("d1")]),
        "/api/v1/quality-reports" => page(&[]),
        "/api/v1/machines/history" => page(&[segment("M-1", "2026-06-22T11:00:00Z")]),
        "/api/v1/calendar" => page(&[shift("S-1")]),
        "/api/v1/events" => Reply::with(200, &[("content-type", "text/event-stream")], ": hello\n\n"),
        other => panic!("{other}"),
    }
}

fn found<'f>(findings: &'f [Finding], subject: &str) -> &'f Finding {
    let of = findings.iter().find(|finding| finding.subject == subject);
    of.unwrap_or_else(|| panic!("nothing about {subject} in {findings:?}"))
}

#[tokio::test]
async fn a_whole_mes_is_good_in_every_part() {
    let server = announcing(&ALL, lists).await;
    let findings = mes(&server).examine().await;
    let bad: Vec<_> = findings
        .iter()
        .filter(|finding| finding.state != FindingState::Good)
        .collect();
    assert!(bad.is_empty(), "{bad:?}");
    assert_eq!(findings.len(), 13);
    assert_eq!(found(&findings, "health").message, "Demo 7 answers");
    assert_eq!(found(&findings, "time zone").message, "Europe/Berlin");
    assert_eq!(server.count("POST"), 0, "looking changes nothing");
}

#[tokio::test]
async fn what_is_missing_comes_with_what_to_do() {
    let server = announcing(&["machines/status", "production-orders"], lists).await;
    let findings = mes(&server).examine().await;
    for (subject, remedy) in [
        ("a shift calendar", "name calendar in the capabilities"),
        ("machine history", "serve /api/v1/machines/history"),
        ("an event stream", "serve /api/v1/events"),
        ("quality reports", "Let the adapter serve /api/v1/quality-reports"),
        ("commands", "docs/decisions/0005-mes-commands.md"),
    ] {
        let finding = found(&findings, subject);
        assert_eq!(finding.state, FindingState::Missing, "{subject}");
        let told = finding.remedy.as_deref().unwrap();
        assert!(told.contains(remedy), "{subject}: {told}");
    }
}

#[tokio::test]
async fn odd_records_and_unknown_words_are_named() {
    let server = announcing(&WELL, |seen| match seen.path.as_str() {
        "/api/v1/machines/status" => page(&[with(machine("M-1", 1), &json!({"status": "Störung"}))]),
        "/api/v1/production-orders" => page(&[
            order("PO-1", "active", 1),
            with(
                order("PO-2", "active", 1),
                &json!({"updated_at": "2026-06-22T11:00:00"}),
            ),
        ]),
        "/api/v1/downtime-events" => page(&[stop("d1"), json!({"machine_id": "M-1"})]),
        "/api/v1/quality-reports" => not_found(),
        "/api/v1/events" => Reply::json(200, &json!({})),
        _ => lists(seen),
    })
    .await;
    let findings = mes(&server).examine().await;
    for (subject, state, message, remedy) in [
        (
            "machine status",
            FindingState::Warning,
            "a status word is not understood: Störung",
            "[mes.machine_status]",
        ),
        (
            "production orders",
            FindingState::Warning,
            "1 of 2 records are incomplete, the first: updated_at: time unknown: no offset",
            "as the contract says",
        ),
        (
            "downtime events",
            FindingState::Warning,
            "1 of 2 records lack a key",
            "its key",
        ),
        (
            "quality reports",
            FindingState::Failed,
            "MES: no such resource",
            "take quality-reports out of the capabilities",
        ),
        (
            "an event stream",
            FindingState::Failed,
            "MES: answered the event stream with something else",
            "text/event-stream",
        ),
    ] {
        let finding = found(&findings, subject);
        assert_eq!(
            (finding.state, finding.message.as_str()),
            (state, message),
            "{subject}"
        );
        assert!(finding.remedy.as_deref().unwrap().contains(remedy), "{subject}");
    }
}

#[tokio::test]
async fn what_health_leaves_out_is_said() {
    for (health, subject, message) in [
        (
            json!({"status": "ok"}),
            "time zone",
            "the site's time zone is not told",
        ),
        (
            json!({"status": "ok", "time_zone": "Mars/Olympus"}),
            "time zone",
            "the site's time zone is not known here: Mars/Olympus",
        ),
        (json!({"status": "ok"}), "clock", "the MES does not tell its time"),
        (
            json!({"status": "ok", "api_version": "2.0"}),
            "contract",
            "the contract's version is not known here: 2.0",
        ),
        (
            json!({"status": "degraded", "checks": [{"name": "historian", "status": "down"}]}),
            "health",
            "the MES says that it is degraded: historian",
        ),
    ] {
        let server = Stranger::start(move |seen| match seen.path.as_str() {
            "/health" => Reply::json(200, &health),
            _ => lists(seen),
        })
        .await;
        let findings = mes(&server).examine().await;
        let finding = found(&findings, subject);
        assert_eq!(
            (finding.state, finding.message.as_str()),
            (FindingState::Warning, message)
        );
        assert!(finding.remedy.is_some());
    }
}

#[tokio::test]
async fn a_refused_logon_and_a_silent_mes_end_the_look() {
    let refused = announcing(&ALL, |_| Reply::with(401, &[], "")).await;
    let findings = mes(&refused).examine().await;
    let last = findings.last().unwrap();
    assert_eq!(
        (last.subject.as_str(), last.state),
        ("logon", FindingState::Failed)
    );
    assert_eq!(asked(&refused).len(), 1, "a look must not lock the user");
    let gone = Stranger::start(|_| Reply::Cut).await;
    let findings = mes(&gone).examine().await;
    assert_eq!(findings.len(), 1);
    assert!(findings[0].remedy.is_some() && !findings[0].message.contains("127.0.0.1"));
}
