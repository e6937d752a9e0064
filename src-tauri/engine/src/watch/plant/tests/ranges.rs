//! Limits by the calendar, or without one.

use super::*;
use crate::error::EngineError;

async fn limits(world: &World, range: PlantRange) -> (Timestamp, Timestamp, Option<String>, bool) {
    let window = ask(world, &asked(range)).await.window;
    (window.since, window.until, window.label, window.is_finished)
}

#[tokio::test]
async fn ranges_follow_the_shift_calendar() {
    let world = plant();
    calendar(&world);
    let (early, late) = (Some("early".to_owned()), Some("late".to_owned()));
    let at = |text| time(text);
    assert_eq!(
        limits(&world, PlantRange::CurrentShift).await,
        (at("22T12:00"), at("22T20:00"), late, false)
    );
    assert_eq!(
        limits(&world, PlantRange::PreviousShift).await,
        (at("22T04:00"), at("22T12:00"), early, true)
    );
    assert_eq!(
        limits(&world, PlantRange::BusinessDay).await,
        (at("22T04:00"), at("23T04:00"), None, false)
    );
    let window = ask(&world, &asked(PlantRange::CurrentShift)).await.window;
    assert_eq!(window.as_of, now(), "nothing of the future counts");
    assert_eq!(window.time_zone.as_deref(), Some("Europe/Berlin"));
    let previous = window.previous.map(|limits| (limits.since, limits.until));
    assert_eq!(previous, Some((at("22T04:00"), at("22T12:00"))));
    assert_eq!(window.next, None, "the next shift has not begun");
    let stepped = PlantWindowRequest {
        since: Some(at("22T04:00")),
        until: Some(at("22T12:00")),
        ..asked(PlantRange::Custom)
    };
    let window = ask(&world, &stepped).await.window;
    assert_eq!(
        window.label.as_deref(),
        Some("early"),
        "limits that are a shift name it"
    );
    assert_eq!(window.next.map(|limits| limits.since), Some(at("22T12:00")));
}

#[tokio::test]
async fn without_a_calendar_all_time_counts_and_that_is_said() {
    let world = plant();
    let answer = ask(&world, &asked(PlantRange::CurrentShift)).await;
    assert!(answer.window.is_calendar_assumed);
    assert_eq!(answer.window.since, now().minus(Duration::from_secs(8 * 3600)));
    let kinds: Vec<_> = answer.basis.notes.iter().map(|note| note.kind).collect();
    assert!(kinds.contains(&FigureNoteKind::CalendarAssumed), "{kinds:?}");
    let day = ask(&world, &asked(PlantRange::BusinessDay)).await.window;
    assert_eq!(
        (day.since, day.until),
        (time("21T22:00"), time("22T22:00")),
        "the calendar day of the site, not of UTC"
    );
}

#[tokio::test]
async fn limits_of_ones_own_must_make_sense() {
    let world = plant();
    let own = |since: Option<&str>, until: Option<&str>| PlantWindowRequest {
        since: since.map(time),
        until: until.map(time),
        ..asked(PlantRange::Custom)
    };
    for request in [
        own(None, Some("22T12:00")),
        own(Some("22T12:00"), None),
        own(Some("22T12:00"), Some("22T12:00")),
        PlantWindowRequest {
            until: Some(time("30T00:00").plus(Duration::from_secs(10 * 24 * 3600))),
            ..own(Some("01T00:00"), None)
        },
    ] {
        let refused = figures(&world.engine, &person("vic", Role::Viewer), &request).await;
        assert!(
            matches!(refused, Err(EngineError::InvalidInput { .. })),
            "{request:?}"
        );
    }
}
