//! Bytes of any kind in place of a page of records: refused or read, never a panic, never more records or more text than the
//! bytes can hold, and what is right comes out as it went in.

use andon_domain::Timestamp;
use andon_domain::records::{
    DowntimeEvent, MachineStatus, ProductionOrder, QualityReport, Shift, StateSegment,
};
use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};

use super::super::lists::PageBody;
use super::super::words::StatusWords;
use super::tests::whole;
use super::{Merge, Versioned};
use crate::transport::is_object;

/// The records of a page and how many were left out, as `lists` reads them; `None` where it is no page.
fn read_page<R: Versioned>(body: &[u8]) -> Option<(Vec<R>, usize)> {
    if !is_object(body) {
        return None;
    }
    let page: PageBody<'_> = serde_json::from_slice(body).ok()?;
    let (mut merge, words, mut dropped) = (Merge::default(), StatusWords::default(), 0);
    for item in &page.items {
        match R::read(item, &words) {
            Some(record) => _ = merge.put(record),
            None => dropped += 1,
        }
    }
    Some((merge.records, dropped))
}

/// What is kept of a page is bounded by the page.
fn bounded<R: Versioned + Serialize>(body: &[u8]) {
    let Some((records, dropped)) = read_page::<R>(body) else {
        return;
    };
    let most = body.len() / 2;
    assert!(
        records.len() + dropped <= most,
        "{} records in {} bytes",
        records.len(),
        body.len()
    );
    let texts: usize = records
        .iter()
        .map(|record| length(&serde_json::to_value(record).unwrap()))
        .sum();
    // An escape of ours is longer than the character, and what a record lacks is named in it.
    let most = 8 * body.len() + 2_048 * records.len();
    assert!(texts <= most, "{texts} bytes of text from {}", body.len());
}

/// Bytes of all texts in it.
fn length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(length).sum(),
        Value::Object(fields) => fields.values().map(length).sum(),
        _ => 0,
    }
}

fn as_all(body: &[u8]) {
    bounded::<MachineStatus>(body);
    bounded::<ProductionOrder>(body);
    bounded::<QualityReport>(body);
    bounded::<DowntimeEvent>(body);
    bounded::<StateSegment>(body);
    bounded::<Shift>(body);
}

fn page(records: &[Value]) -> Vec<u8> {
    let page = json!({"items": records, "next_cursor": "c", "total": 7, "as_of": "2026-06-22T12:00:00Z",
        "server_time": "2026-06-22T12:00:00Z"});
    page.to_string().into_bytes()
}

/// Reads what was written of what was read: the same again.
fn round<R: Versioned + Serialize>(record: &Value) {
    let (first, dropped) = read_page::<R>(&page(std::slice::from_ref(record))).unwrap();
    assert_eq!((first.len(), dropped), (1, 0), "{record}");
    assert_eq!(first[0].incomplete(), Vec::<String>::new(), "{record}");
    let again = read_page::<R>(&page(&[record.clone(), record.clone()])).unwrap();
    assert_eq!(again.0.len(), 1, "the same record twice is one");
    let (one, other) = (serde_json::to_value(&first[0]), serde_json::to_value(&again.0[0]));
    assert_eq!(one.unwrap(), other.unwrap());
}

#[test]
fn the_pages_that_are_mutated_are_read_whole() {
    let [machine, order, report, stop, segment, shift] = whole();
    round::<MachineStatus>(&machine);
    round::<ProductionOrder>(&order);
    round::<QualityReport>(&report);
    round::<DowntimeEvent>(&stop);
    round::<StateSegment>(&segment);
    round::<Shift>(&shift);
}

/// A text as a system may have one, with everything that JSON escapes.
fn text() -> impl Strategy<Value = String> {
    "(\\PC|[\"\\\\\u{0}\u{1f}\u{7f}\u{2028}\u{202e}\u{feff}😀]){1,40}"
}

/// A millisecond of the years 1 to 9999 that can be shown.
const TIMES: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_207_199_999;

proptest! {
    #[test]
    fn arbitrary_bytes_are_refused_or_read(body in prop::collection::vec(any::<u8>(), 0..400)) {
        as_all(&body);
        let mut items = b"{\"items\":[".to_vec();
        items.extend(body);
        items.extend(b"]}");
        as_all(&items);
    }

    #[test]
    fn mutated_pages_are_refused_or_read(
        which in 0_usize..6,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
        twice in prop::option::of((any::<prop::sample::Index>(), any::<prop::sample::Index>())),
    ) {
        let mut body = page(&whole()[which..=which]);
        for (at, byte) in changes {
            let at = at.index(body.len());
            body[at] = byte;
        }
        if let Some((from, to)) = twice {
            let (from, to) = (from.index(body.len()), to.index(body.len()));
            let part = body[from.min(to)..from.max(to)].to_vec();
            body.splice(from..from, part);
        }
        if let Some(cut) = cut {
            body.truncate(cut.index(body.len()));
        }
        as_all(&body);
    }

    #[test]
    fn valid_stops_come_out_as_they_went_in(
        id in text(), machine in text(), comment in prop::option::of(text()), start in TIMES, lasts in 0_i64..1_000_000_000,
        is_open in any::<bool>(), version in any::<i64>(), offset in -14 * 60_i64..=14 * 60,
    ) {
        let start = Timestamp::from_millis(start.min(*TIMES.end() - lasts - 86_400_000).max(*TIMES.start() + 86_400_000));
        let end = Timestamp::from_millis(start.millis() + lasts);
        let record = json!({"id": id, "machine_id": machine, "category": "planned", "comment": comment,
            "start": at_offset(start, offset), "end": (!is_open).then(|| at_offset(end, -offset)),
            "updated_at": end.to_string(), "version": version});
        let (stops, dropped) = read_page::<DowntimeEvent>(&page(&[record])).unwrap();
        prop_assert_eq!((stops.len(), dropped), (1, 0));
        let stop = &stops[0];
        prop_assert_eq!(&stop.incomplete, &Vec::<String>::new());
        prop_assert_eq!((&stop.id, &stop.machine_id, &stop.comment), (&id, &machine, &comment));
        prop_assert_eq!((stop.start, stop.end), (Some(start), (!is_open).then_some(end)));
        prop_assert_eq!((stop.version, stop.updated_at), (version, Some(end)));
    }

    #[test]
    fn valid_counts_and_states_come_out_as_they_went_in(
        id in text(), produced in 0_u64..1 << 60, scale in 0_u32..6, version in any::<i64>(), since in TIMES,
        state in prop::sample::select(vec!["running", "idle", "setup", "down", "maintenance", "offline"]),
    ) {
        let count = rust_decimal::Decimal::from_i128_with_scale(produced.into(), scale);
        let text = format!(
            r#"{{"items":[{{"machine_id":{},"status":"{state}","status_since":"{since}","observed_at":"{since}","updated_at":"{since}",
            "version":{version},"counters":{{"produced":{count},"good":{count}}}}}]}}"#,
            Value::from(id.clone()),
            since = Timestamp::from_millis(since),
        );
        let (machines, dropped) = read_page::<MachineStatus>(text.as_bytes()).unwrap();
        prop_assert_eq!((machines.len(), dropped), (1, 0));
        let machine = &machines[0];
        prop_assert_eq!(&machine.incomplete, &Vec::<String>::new());
        prop_assert_eq!((&machine.machine_id, machine.status.as_str(), machine.version), (&id, state, version));
        let counters = machine.counters.as_ref().unwrap();
        prop_assert_eq!((counters.produced.unwrap().value(), counters.good.unwrap().value()), (count, count));
        prop_assert_eq!(machine.status_since.map(Timestamp::millis), Some(since));
    }
}

/// The instant as a clock with this offset shows it.
fn at_offset(instant: Timestamp, minutes: i64) -> String {
    let shown = Timestamp::from_millis(instant.millis() + minutes * 60_000).to_string();
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.abs();
    format!(
        "{}{sign}{:02}:{:02}",
        shown.trim_end_matches('Z'),
        minutes / 60,
        minutes % 60
    )
}
