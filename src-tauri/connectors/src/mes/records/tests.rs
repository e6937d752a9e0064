//! What records keep of what a stranger writes, and which of two of them counts, in whatever order they come.

use andon_domain::records::{
    DowntimeCategory, DowntimeEvent, InspectionResult, InspectionType, MachineState, MachineStatus,
    ProductionOrder, ProductionOrderStatus, QualityReport, Shift, StateSegment,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn read<R: Versioned>(text: &str) -> Option<R> {
    let raw: Box<RawValue> = serde_json::from_str(text).unwrap();
    R::read(&raw, &StatusWords::default())
}

fn of<R: Versioned>(value: &Value) -> Option<R> {
    read(&value.to_string())
}

/// A record of each kind with every field of the contract.
fn whole() -> [Value; 6] {
    let place = json!({"enterprise": "E", "site": "S", "area": "A", "work_center": "L2", "work_unit": "U"});
    let reason = json!({"code": "E12", "text": "jam", "group": "feed"});
    [
        json!({"machine_id": "M-07", "name": "Press 7", "equipment": place, "status": "down", "status_raw": "Aborted",
            "status_since": "2026-06-22T14:00:00Z", "mode": "production", "planned_busy": true, "connection": "online",
            "reason": reason, "order_id": "PO-1", "product_id": "P",
            "counters": {"produced": 120, "good": 118, "scrap": 2, "rework": 0, "uom": "C62", "since": "2026-06-22T06:00:00Z"},
            "cycle": {"planned_s": 4.5, "last_s": 4.75},
            "metrics": [{"name": "t", "value": true, "unit": "Cel", "quality": "good", "observed_at": null}],
            "alarms": [{"id": "a1", "code": "7", "text": "hot", "priority": 1, "raised_at": "2026-06-22T14:00:00Z", "acknowledged": false}],
            "observed_at": "2026-06-22T14:04:36.123+02:00", "received_at": null, "updated_at": "2026-06-22T12:04:36Z", "version": 18}),
        json!({"id": "PO-1", "order_number": "4711", "status": "active", "status_raw": "PCNF", "priority": 3,
            "product": {"id": "P", "name": "Bracket", "revision": "C"}, "equipment": place,
            "quantity": {"planned": 500, "produced": 120, "good": 118, "scrap": 2, "rework": 0, "uom": "C62"}, "planned_cycle_s": 4.5,
            "planned_start": "2026-06-22T06:00:00Z", "planned_end": "2026-06-22T14:00:00Z", "due_at": "2026-06-23T06:00:00Z",
            "actual_start": "2026-06-22T06:10:00Z", "actual_end": null, "lot_id": "L", "updated_at": "2026-06-22T12:00:00Z", "version": 9}),
        json!({"id": "Q-1", "order_id": "PO-1", "machine_id": "M-07", "product_id": "P", "lot_id": "L", "serial": "S", "type": "in_process",
            "result": "fail", "inspected_at": "2026-06-22T12:00:00Z", "quantity": {"inspected": 5, "good": 4, "scrap": 1, "rework": 0, "uom": "C62"},
            "characteristics": [{"id": "c", "name": "Bore", "value": 12.345, "unit": "mm", "target": 12.3, "lsl": 12.2, "usl": 12.4, "result": "pass"}],
            "defects": [{"code": "D", "text": "burr", "severity": "minor", "quantity": 1, "location": "edge"}],
            "disposition": "use_as_is", "inspector_ref": "i-7", "updated_at": "2026-06-22T12:00:00Z", "version": 1}),
        json!({"id": "d-1", "machine_id": "M-07", "equipment": place, "order_id": "PO-1", "category": "unplanned", "failure": true,
            "reason": reason, "start": "2026-06-22T11:00:00Z", "end": "2026-06-22T11:05:00Z", "duration_s": 300, "comment": "x",
            "deleted": false, "updated_at": "2026-06-22T12:00:00Z", "version": 2}),
        json!({"machine_id": "M-07", "status": "running", "mode": "production", "start": "2026-06-22T11:00:00Z", "end": null,
            "produced": 10, "good": 9, "scrap": 1, "rework": 0, "planned_cycle_s": 4.5, "order_id": "PO-1", "reason": null}),
        json!({"id": "S-1", "shift": "Early", "business_day": "2026-06-22", "site": "S", "start": "2026-06-22T04:00:00Z",
            "end": "2026-06-22T12:00:00Z", "breaks": [{"start": "2026-06-22T08:00:00Z", "end": "2026-06-22T08:30:00Z"}]}),
    ]
}

/// Reads the text as every kind of record; none of them may panic, and what is kept has its key.
fn read_as_all(text: &str) {
    let Ok(raw) = serde_json::from_str::<Box<RawValue>>(text) else {
        return;
    };
    let words = StatusWords::default();
    fn keyed<R: Versioned>(raw: &RawValue, words: &StatusWords) -> Option<R::Key> {
        R::read(raw, words).map(|record| record.key())
    }
    for key in [
        keyed::<MachineStatus>(&raw, &words),
        keyed::<ProductionOrder>(&raw, &words),
        keyed::<QualityReport>(&raw, &words),
        keyed::<DowntimeEvent>(&raw, &words),
        keyed::<Shift>(&raw, &words),
        keyed::<StateSegment>(&raw, &words).map(|(machine, _)| machine),
    ] {
        assert_ne!(
            key.as_deref(),
            Some(""),
            "a record without a key was kept: {text}"
        );
    }
}

#[test]
fn whole_records_are_complete_and_keep_every_value() {
    let [machine, order, report, stop, segment, shift] = whole();
    let machine: MachineStatus = of(&machine).unwrap();
    assert_eq!(machine.incomplete, Vec::<String>::new());
    assert_eq!(
        (machine.status, machine.status_raw.as_deref()),
        (MachineState::Down, Some("Aborted"))
    );
    assert_eq!(machine.planned_cycle_s.unwrap().to_string(), "4.5");
    assert_eq!(machine.alarms[0].priority, Some(1));
    let order: ProductionOrder = of(&order).unwrap();
    assert_eq!(order.incomplete, Vec::<String>::new());
    assert_eq!(
        (order.status, order.priority, order.version),
        (ProductionOrderStatus::Active, Some(3), 9)
    );
    assert_eq!(order.quantity.good.unwrap().to_string(), "118");
    let report: QualityReport = of(&report).unwrap();
    assert_eq!(report.incomplete, Vec::<String>::new());
    assert_eq!(
        (report.inspection, report.result),
        (InspectionType::InProcess, InspectionResult::Fail)
    );
    assert_eq!(report.characteristics[0].value.unwrap().to_string(), "12.345");
    let stop: DowntimeEvent = of(&stop).unwrap();
    assert_eq!(
        (stop.category, stop.incomplete),
        (DowntimeCategory::Unplanned, Vec::new())
    );
    let segment: StateSegment = of(&segment).unwrap();
    assert_eq!((segment.end, segment.incomplete), (None, Vec::new()));
    let shift: Shift = of(&shift).unwrap();
    assert_eq!(
        (shift.business_day.as_deref(), shift.breaks.len()),
        (Some("2026-06-22"), 1)
    );
}

#[test]
fn what_is_wrong_is_named_and_the_rest_is_kept() {
    let record: MachineStatus = read(
        r#"{"machine_id":"M-07","status":"Dancing","status_since":"yesterday","observed_at":"2026-06-22T14:04:36Z",
        "version":"18","counters":{"produced":"10","good":5},"alarms":[{"id":"a1","priority":9},{"text":"no id"},{"id":"a2"}]}"#,
    )
    .unwrap();
    assert_eq!(
        (record.status, record.status_raw.as_deref()),
        (MachineState::Unknown, Some("Dancing"))
    );
    assert_eq!(record.counters.as_ref().unwrap().good.unwrap().to_string(), "5");
    assert_eq!(record.alarms.len(), 2);
    let mut notes = record.incomplete;
    notes.sort();
    assert_eq!(
        notes,
        [
            "alarms: 1 without a key",
            "alarms[].priority: not a whole number from 1 to 4",
            "counters.produced: not a number",
            "status_since: time unknown: not readable",
            "updated_at: missing",
            "version: not a whole number",
        ]
    );
    assert!(of::<MachineStatus>(&json!({"status": "running"})).is_none());
    assert!(of::<MachineStatus>(&json!({"machine_id": ""})).is_none());
    assert!(of::<StateSegment>(&json!({"machine_id": "M"})).is_none());
    assert!(of::<Shift>(&json!({"id": "S", "start": "2026-06-22T04:00:00Z"})).is_none());
    assert!(read::<ProductionOrder>("17").is_none());
}

#[test]
fn impossible_values_are_kept_and_marked() {
    let [machine, order, report, stop, segment, _] = whole();
    let marked = |notes: &[String], what: &str| {
        let note = format!("impossible: {what}");
        assert_eq!(notes, [note]);
    };
    let with = |mut record: Value, path: &str, value: Value| {
        *record.pointer_mut(path).unwrap() = value;
        record
    };
    let read: MachineStatus = of(&with(machine, "/counters/good", json!(121))).unwrap();
    marked(&read.incomplete, "good above produced");
    let read: ProductionOrder = of(&with(order.clone(), "/quantity/scrap", json!(-1))).unwrap();
    marked(&read.incomplete, "negative quantity.scrap");
    assert_eq!(read.quantity.scrap.unwrap().to_string(), "-1", "shown as it came");
    let early = json!("2026-06-22T05:00:00Z");
    let read: ProductionOrder = of(&with(order, "/planned_end", early.clone())).unwrap();
    marked(&read.incomplete, "planned_end before planned_start");
    let read: QualityReport = of(&with(report, "/quantity/good", json!(6))).unwrap();
    marked(&read.incomplete, "good above inspected");
    let read: DowntimeEvent = of(&with(stop, "/end", early.clone())).unwrap();
    marked(&read.incomplete, "end before start");
    let read: StateSegment = of(&with(segment, "/end", early)).unwrap();
    marked(&read.incomplete, "end before start");
}

#[test]
fn a_stop_whose_told_length_is_another_keeps_its_times_and_says_so() {
    let stop = |duration: Value| {
        let stop = json!({"id": "S", "machine_id": "M", "category": "unplanned", "version": 1,
            "start": "2026-06-22T11:00:00Z", "end": "2026-06-22T11:05:00Z", "updated_at": "2026-06-22T11:05:00Z",
            "duration_s": duration});
        of::<DowntimeEvent>(&stop).unwrap().incomplete
    };
    for near in [json!(null), json!(300), json!(299), json!(301.0)] {
        assert_eq!(stop(near), [""; 0]);
    }
    assert_eq!(
        stop(json!(301.5)),
        ["duration_s: 301.5 s told, 300 s from start to end"]
    );
    let [.., mut open, _, _] = whole();
    open["end"] = json!(null);
    open["duration_s"] = json!(12);
    assert_eq!(of::<DowntimeEvent>(&open).unwrap().incomplete, [""; 0]);
}

#[test]
fn a_segment_told_again_when_it_ended_replaces_the_open_one() {
    let at = |end: Value| {
        let segment =
            json!({"machine_id": "M", "status": "running", "start": "2026-06-22T11:00:00Z", "end": end});
        of::<StateSegment>(&segment).unwrap()
    };
    for order in [[0, 1], [1, 0]] {
        let mut merge = Merge::default();
        for which in order {
            merge.put(at([json!(null), json!("2026-06-22T11:30:00Z")][which].clone()));
        }
        assert_eq!(merge.records.len(), 1);
        assert!(merge.records[0].end.is_some());
    }
}

fn version_of(version: i64, second: u32, name: &str) -> MachineStatus {
    of(&json!({"machine_id": "M", "version": version, "updated_at": format!("2026-06-22T12:00:{second:02}Z"), "name": name}))
        .unwrap()
}

#[test]
fn of_equals_the_later_received_counts_and_older_ones_are_counted() {
    let mut merge = Merge::default();
    assert!(merge.put(version_of(2, 1, "first")));
    for (version, second, name, winner) in [
        (1, 9, "older", "first"),
        (2, 0, "stale", "first"),
        (2, 1, "again", "again"),
        (3, 0, "newer", "newer"),
    ] {
        assert!(!merge.put(version_of(version, second, name)));
        assert_eq!(merge.records[0].name.as_deref(), Some(winner));
    }
    assert_eq!((merge.records.len(), merge.outdated), (1, 2));
}

/// Any JSON, with names of the contract among the names.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("2026-06-22T14:04:60Z")),
        Just(json!("2026-06-22T14:04:36")),
    ];
    leaf.prop_recursive(4, 48, 8, |inner| {
        let name = prop_oneof![
            Just("id".to_owned()),
            Just("machine_id".to_owned()),
            Just("start".to_owned()),
            Just("quantity".to_owned()),
            Just("alarms".to_owned()),
            Just("version".to_owned()),
            "\\PC{0,8}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_makes_the_readers_panic(value in any_json()) {
        read_as_all(&value.to_string());
    }

    #[test]
    fn no_text_in_place_of_a_record_makes_the_readers_panic(text in "\\PC{0,60}") {
        read_as_all(&text);
    }

    /// Bytes of whole records cut out, doubled or replaced.
    #[test]
    fn no_damage_to_a_record_makes_the_readers_panic(
        which in 0_usize..6,
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..3, any::<char>()), 1..6),
    ) {
        let mut text: Vec<char> = whole()[which].to_string().chars().collect();
        for (place, kind, with) in edits {
            let at = place.index(text.len());
            match kind {
                0 => _ = text.remove(at),
                1 => text.insert(at, text[at]),
                _ => text[at] = with,
            }
            if text.is_empty() {
                break;
            }
        }
        read_as_all(&text.into_iter().collect::<String>());
    }

    /// Any field of a whole record replaced by any other value: the record stays while its key does.
    #[test]
    fn a_record_outlives_any_field_but_its_key(
        which in 0_usize..4,
        field in any::<prop::sample::Index>(),
        value in any_json(),
    ) {
        let mut record = whole()[which].clone();
        let fields = record.as_object_mut().unwrap();
        let key = if which == 0 { "machine_id" } else { "id" };
        let names: Vec<String> = fields.keys().filter(|name| *name != key).cloned().collect();
        fields.insert(names[field.index(names.len())].clone(), value);
        let is_kept = match which {
            0 => of::<MachineStatus>(&record).is_some(),
            1 => of::<ProductionOrder>(&record).is_some(),
            2 => of::<QualityReport>(&record).is_some(),
            _ => of::<DowntimeEvent>(&record).is_some(),
        };
        prop_assert!(is_kept);
    }

    /// Versions delivered in any order, some of them twice, end in the same state.
    #[test]
    fn the_order_of_delivery_does_not_matter(
        ranks in prop::collection::btree_set((0_i64..6, 0_u32..6), 1..12),
        twice in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        seed in any::<u64>(),
    ) {
        let ranks: Vec<_> = ranks.into_iter().collect();
        let newest = *ranks.last().unwrap();
        let mut delivered = ranks.clone();
        delivered.extend(twice.iter().map(|index| *index.get(&ranks)));
        fastrand::Rng::with_seed(seed).shuffle(&mut delivered);
        let mut merge = Merge::default();
        for (version, second) in delivered {
            merge.put(version_of(version, second, &format!("{version}/{second}")));
        }
        prop_assert_eq!(merge.records.len(), 1);
        let name = format!("{}/{}", newest.0, newest.1);
        prop_assert_eq!(merge.records[0].name.as_deref(), Some(name.as_str()));
    }

    /// Whole numbers of any size are kept to the last digit, or are said to be unknown.
    #[test]
    fn whole_numbers_stay_exact(number in any::<i128>()) {
        let text = format!("{{\"id\":\"PO\",\"quantity\":{{\"planned\":{number},\"uom\":\"C62\"}}}}");
        let order = read::<ProductionOrder>(&text).unwrap();
        match order.quantity.planned {
            Some(read) => prop_assert_eq!(read.to_string(), number.to_string()),
            None => prop_assert!(order.incomplete.iter().any(|note| note.contains("more digits than can be kept"))),
        }
    }
}
