//! The commands of the Plant screen at the door: what is left out has its usual value, what makes no sense is refused.

use serde_json::Value;

use super::{House, command};

#[tokio::test]
async fn plant_commands_answer_without_a_plant_and_refuse_senseless_limits() {
    let house = House::open();
    let cookie = house.browser().await;
    for name in ["plant_window", "plant_timelines", "plant_orders", "plant_quality"] {
        let answer = house.ask(command(name, &cookie)).await;
        assert_eq!(answer.status.as_u16(), 200, "{name}: {}", answer.text);
        let body: Value = serde_json::from_str(&answer.text).unwrap();
        assert_eq!(body["window"]["range"], "current_shift", "{name}");
        assert_eq!(body["window"]["is_calendar_assumed"], true, "{name}");
        assert_eq!(body["basis"]["origin"], "computed_here", "{name}");
        let notes = body["basis"]["notes"].as_array().unwrap();
        assert!(
            notes.iter().any(|note| note["kind"] == "source_missing"),
            "{name}: {notes:?}"
        );
    }
    let figures = house.ask(command("plant_window", &cookie)).await;
    let figures: Value = serde_json::from_str(&figures.text).unwrap();
    for name in [
        "availability",
        "effectiveness",
        "quality",
        "oee",
        "coverage",
        "mtbf_s",
        "produced",
    ] {
        assert!(figures["total"][name].is_null(), "{name}: unknown is never 0");
    }
    for (name, body, status, code) in [
        (
            "plant_window",
            r#"{"range":"custom","since":"2026-06-22T00:00:00Z"}"#,
            400,
            "invalid_input",
        ),
        (
            "plant_window",
            r#"{"range":"custom","since":"2026-06-22T08:00:00Z","until":"2026-06-22T08:00:00Z"}"#,
            400,
            "invalid_input",
        ),
        (
            "plant_window",
            r#"{"range":"custom","since":"2026-06-22T00:00:00"}"#,
            400,
            "invalid_input",
        ),
        ("plant_orders", r#"{"range":"last_9h"}"#, 400, "invalid_input"),
        ("plant_machine", "{}", 400, "invalid_input"),
        ("plant_machine", r#"{"machine_id":"M99"}"#, 404, "not_found"),
    ] {
        let answer = house.ask(command(name, &cookie).body(body)).await;
        assert_eq!(answer.status.as_u16(), status, "{name} {body}: {}", answer.text);
        assert_eq!(answer.code(), code, "{name} {body}");
    }
}
