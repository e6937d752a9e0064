//! Reads: filters, pages, merging, optional parts, problems in the MES's own words.

use andon_domain::records::MachineState;

use super::*;

#[tokio::test]
async fn machines_are_read_with_filters_and_token() {
    let server = Stranger::start(|_| page(&[machine("M-1", 1), json!({"status": "down"})])).await;
    let fetched = read(
        mes(&server).machine_status_read(),
        "mes.get_machine_status",
        &json!({"work_center": "L 1", "area": "Press"}),
    )
    .await
    .unwrap();
    assert_eq!(fetched.records.len(), 1);
    assert_eq!(fetched.warnings, ["1 records without a machine were left out"]);
    assert_eq!(fetched.observed_at, Some(at("2026-06-22T11:59:59Z")));
    let undated = json!({"items": [], "next_cursor": null, "server_time": "2026-06-22T12:00:00Z"});
    let silent = Stranger::start(move |_| Reply::json(200, &undated)).await;
    let operation = mes(&silent).machine_status_read();
    let silent = read(operation, "mes.get_machine_status", &json!({}))
        .await
        .unwrap();
    assert_eq!(
        silent.observed_at, None,
        "the time of the answer is not that of the data"
    );
    let seen = &server.seen()[0];
    assert_eq!(
        (seen.path.as_str(), seen.query("work_center"), seen.query("area")),
        ("/api/v1/machines/status", "L 1", "Press")
    );
    assert_eq!(seen.header("authorization"), "Bearer token");
}

#[tokio::test]
async fn every_read_asks_its_list_with_its_filters() {
    let server = announcing(&ALL, |seen| {
        page(&[match seen.path.as_str() {
            "/api/v1/production-orders" => order("PO-1", "active", 3),
            "/api/v1/quality-reports" => report("Q-1", "fail"),
            "/api/v1/machines/history" => segment("M-1", "2026-06-22T11:00:00Z"),
            "/api/v1/calendar" => shift("S-1"),
            other => panic!("{other}"),
        }])
    })
    .await;
    let mes = mes(&server);
    let window = json!({"since": "2026-06-22T10:00:00+02:00", "until": "2026-06-22T14:00:00+02:00"});
    let places = json!({"machine_id": "M-1", "work_center": "L 1", "area": "Press"});
    for (operation, name, is_placed) in [
        (mes.production_orders_read(), "mes.get_production_orders", true),
        (mes.quality_reports_read(), "mes.get_quality_reports", true),
        (mes.machine_history_read(), "mes.get_machine_history", true),
        (mes.shift_calendar_read(), "mes.get_shift_calendar", false),
    ] {
        let filters = if is_placed {
            with(window.clone(), &places)
        } else {
            window.clone()
        };
        let fetched = read(operation, name, &filters).await.unwrap();
        assert_eq!((fetched.records.len(), fetched.warnings.len()), (1, 0), "{name}");
        let seen = asked(&server).pop().unwrap();
        for (filter, value) in filters.as_object().unwrap() {
            assert_eq!(seen.query(filter), value.as_str().unwrap(), "{name}");
        }
    }
    assert_eq!(server.seen().len(), 5, "what is offered is asked once");
}

#[tokio::test]
async fn a_word_filters_after_the_plants_words_are_understood() {
    let server = Stranger::start(|seen| match seen.path.as_str() {
        "/api/v1/machines/status" => {
            assert_eq!(
                seen.query("status"),
                "",
                "the MES does not know what its own words mean here"
            );
            page(&[
                machine("M-1", 1),
                with(machine("M-2", 1), &json!({"status": "Störung"})),
            ])
        }
        "/api/v1/quality-reports" => page(&[report("Q-1", "pass"), report("Q-2", "FAIL")]),
        _ => page(&[order("PO-1", "active", 1), order("PO-2", "Gesperrt", 1)]),
    })
    .await;
    let mes = mes_as(&server, |config| {
        config
            .machine_status
            .insert("Störung".to_owned(), MachineState::Down);
    });
    let ids = |fetched: Fetched, key: &str| -> Vec<String> {
        let records = fetched.records.iter();
        records
            .map(|record| record[key].as_str().unwrap().to_owned())
            .collect()
    };
    let down = read(
        mes.machine_status_read(),
        "mes.get_machine_status",
        &json!({"status": "down"}),
    )
    .await
    .unwrap();
    assert_eq!(ids(down, "machine_id"), ["M-2"]);
    let failed = read(
        mes.quality_reports_read(),
        "mes.get_quality_reports",
        &json!({"result": "fail"}),
    )
    .await
    .unwrap();
    assert_eq!(ids(failed, "id"), ["Q-2"]);
    let one = read(
        mes.production_orders_read(),
        "mes.get_production_orders",
        &json!({"order_id": "PO-2"}),
    )
    .await
    .unwrap();
    assert_eq!(one.records[0]["status"], "unknown");
    assert_eq!(one.records[0]["status_raw"], "Gesperrt", "the word is shown");
    assert_eq!(one.warnings, ["status words that are not understood: Gesperrt"]);
    assert_eq!(ids(one, "id"), ["PO-2"]);
    assert!(
        asked(&server)[2].query("status").contains("completed"),
        "one order is wanted whatever its status"
    );
}

#[tokio::test]
async fn a_part_that_is_not_offered_is_said_so_without_asking_for_it() {
    let server = announcing(
        &["production-orders", "machines/status", "downtime-events"],
        |_| panic!("not to be asked"),
    )
    .await;
    let mes = mes(&server);
    let calendar = read(mes.shift_calendar_read(), "mes.get_shift_calendar", &json!({})).await;
    let history = read(mes.machine_history_read(), "mes.get_machine_history", &json!({})).await;
    let quality = read(mes.quality_reports_read(), "mes.get_quality_reports", &json!({})).await;
    for (error, part) in [
        (calendar.unwrap_err(), "a shift calendar"),
        (history.unwrap_err(), "machine history"),
        (quality.unwrap_err(), "quality reports"),
    ] {
        assert_eq!(error.kind, PortErrorKind::NotFound);
        assert_eq!(error.message, format!("this MES does not offer {part}"));
    }
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn downtime_keeps_open_events_and_leaves_out_what_was_taken_back() {
    let server =
        Stranger::start(|_| page(&[stop("d1"), json!({"id": "d2", "deleted": true, "version": 2})])).await;
    let mes = mes(&server);
    let fetched = read(
        mes.downtime_events_read(),
        "mes.get_downtime_events",
        &json!({"since": "2026-06-22T10:00:00+02:00"}),
    )
    .await
    .unwrap();
    assert_eq!(fetched.records.len(), 1);
    assert_eq!(
        server.seen()[0].query("since"),
        "2026-06-22T10:00:00+02:00",
        "the plus sign survives"
    );
}

#[tokio::test]
async fn incomplete_records_are_kept_and_counted() {
    let server = Stranger::start(|_| {
        page(&[
            with(machine("M-1", 1), &json!({"observed_at": "2026-06-22T11:59:58"})),
            with(
                machine("M-2", 1),
                &json!({"counters": {"produced": 5, "good": 7}}),
            ),
            machine("M-3", 1),
        ])
    })
    .await;
    let fetched = read(
        mes(&server).machine_status_read(),
        "mes.get_machine_status",
        &json!({}),
    )
    .await
    .unwrap();
    assert_eq!(
        fetched.warnings,
        ["2 records are incomplete and say what they lack"]
    );
    assert_eq!(
        fetched.records[0]["incomplete"],
        json!(["observed_at: time unknown: no offset"])
    );
    assert_eq!(
        fetched.records[1]["incomplete"],
        json!(["impossible: good above produced"])
    );
}

#[tokio::test]
async fn problems_are_told_in_the_mes_own_words() {
    for (reply, kind, message) in [
        (
            Reply::json(403, &json!({"title": "t", "detail": "no line 4 for you"})),
            PortErrorKind::Forbidden,
            "no line 4 for you",
        ),
        (
            Reply::json(400, &json!({"title": "limit out of range"})),
            PortErrorKind::Rejected,
            "limit out of range",
        ),
        (
            Reply::with(200, &[], "<html>"),
            PortErrorKind::Protocol,
            "answered with data that does not follow the contract",
        ),
        (
            Reply::with(200, &[], "{\"items\":[{\"machine_id\":\"M\",\"x\":NaN}]}"),
            PortErrorKind::Protocol,
            "answered with data that does not follow the contract",
        ),
        (
            Reply::with(200, &[], "{\"items\":[],\"items\":[{\"machine_id\":\"M\"}]}"),
            PortErrorKind::Protocol,
            "answered with data that does not follow the contract",
        ),
        (
            Reply::with(302, &[("location", "http://127.0.0.2:1/")], ""),
            PortErrorKind::Protocol,
            "sends us to another address, which is never followed",
        ),
    ] {
        let reply = std::sync::Mutex::new(Some(reply));
        let server = Stranger::start(move |_| reply.lock().unwrap().take().unwrap_or(Reply::Cut)).await;
        let error = read(
            mes(&server).machine_status_read(),
            "mes.get_machine_status",
            &json!({}),
        )
        .await
        .unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (kind, message));
    }
}
