//! Machine and downtime records from the wire.

use std::collections::HashMap;

use andon_domain::Timestamp;
use andon_domain::records::{
    Alarm, Counters, DowntimeCategory, DowntimeEvent, Equipment, MachineMode, MachineState, MachineStatus,
    Reason,
};
use serde_json::value::RawValue;

use super::config::StatusWords;
use super::fields::{Fields, Notes};

/// A record with a key and a version.
pub(super) trait Versioned: Sized {
    /// Reads one item of a list; `None` without a usable key.
    fn read(raw: &RawValue, words: &StatusWords) -> Option<Self>;
    /// The key.
    fn key(&self) -> &str;
    /// What decides between two records of one key: the higher version, then the later change.
    fn rank(&self) -> (i64, Option<Timestamp>);
}

/// Keeps one record per key, in the order of their first appearance.
pub(super) struct Merge<R> {
    pub(super) records: Vec<R>,
    places: HashMap<String, usize>,
}

impl<R> Default for Merge<R> {
    fn default() -> Self {
        Self {
            records: Vec::new(),
            places: HashMap::new(),
        }
    }
}

impl<R: Versioned> Merge<R> {
    /// Takes a record; `true` when its key is new.
    pub(super) fn put(&mut self, record: R) -> bool {
        match self.places.get(record.key()) {
            None => {
                self.places.insert(record.key().to_owned(), self.records.len());
                self.records.push(record);
                true
            }
            Some(place) => {
                // Equal in both: the later received.
                if record.rank() >= self.records[*place].rank() {
                    self.records[*place] = record;
                }
                false
            }
        }
    }
}

impl Versioned for MachineStatus {
    fn read(raw: &RawValue, words: &StatusWords) -> Option<Self> {
        let fields = Fields::parse(raw)?;
        let mut notes = Notes::new();
        let machine_id = fields
            .text("machine_id", &mut notes)
            .filter(|id| !id.is_empty())?;
        fields.must_have(
            &["status", "status_since", "observed_at", "updated_at", "version"],
            &mut notes,
        );
        let (status, status_raw) = status(&fields, words, &mut notes);
        let cycle = fields.object("cycle", "cycle.", &mut notes);
        Some(Self {
            machine_id,
            name: fields.text("name", &mut notes),
            equipment: equipment(&fields, &mut notes),
            status,
            status_raw,
            status_since: fields.instant("status_since", &mut notes),
            mode: mode(fields.text("mode", &mut notes).as_deref()),
            planned_busy: fields.flag("planned_busy", &mut notes),
            reason: reason(&fields, &mut notes),
            order_id: fields.text("order_id", &mut notes),
            product_id: fields.text("product_id", &mut notes),
            counters: counters(&fields, &mut notes),
            planned_cycle_s: cycle
                .as_ref()
                .and_then(|cycle| cycle.number("planned_s", &mut notes)),
            last_cycle_s: cycle
                .as_ref()
                .and_then(|cycle| cycle.number("last_s", &mut notes)),
            alarms: fields
                .list("alarms", &mut notes)
                .into_iter()
                .filter_map(|raw| alarm(raw, &mut Notes::new()))
                .collect(),
            observed_at: fields.instant("observed_at", &mut notes),
            updated_at: fields.instant("updated_at", &mut notes),
            version: fields.integer("version", &mut notes).unwrap_or_default(),
            incomplete: notes,
        })
    }

    fn key(&self) -> &str {
        &self.machine_id
    }

    fn rank(&self) -> (i64, Option<Timestamp>) {
        (self.version, self.updated_at)
    }
}

impl Versioned for DowntimeEvent {
    fn read(raw: &RawValue, _: &StatusWords) -> Option<Self> {
        let fields = Fields::parse(raw)?;
        let mut notes = Notes::new();
        let id = fields.text("id", &mut notes).filter(|id| !id.is_empty())?;
        fields.must_have(
            &["machine_id", "category", "start", "updated_at", "version"],
            &mut notes,
        );
        let (start, end) = (
            fields.instant("start", &mut notes),
            fields.instant("end", &mut notes),
        );
        if let (Some(start), Some(end)) = (start, end)
            && end < start
        {
            notes.push("end: before start".to_owned());
        }
        Some(Self {
            id,
            machine_id: fields.text("machine_id", &mut notes).unwrap_or_default(),
            equipment: equipment(&fields, &mut notes),
            order_id: fields.text("order_id", &mut notes),
            category: category(fields.text("category", &mut notes).as_deref()),
            failure: fields.flag("failure", &mut notes),
            reason: reason(&fields, &mut notes),
            start,
            end,
            comment: fields.text("comment", &mut notes),
            deleted: fields.flag("deleted", &mut notes).unwrap_or_default(),
            updated_at: fields.instant("updated_at", &mut notes),
            version: fields.integer("version", &mut notes).unwrap_or_default(),
            incomplete: notes,
        })
    }

    fn key(&self) -> &str {
        &self.id
    }

    fn rank(&self) -> (i64, Option<Timestamp>) {
        (self.version, self.updated_at)
    }
}

/// The state, and the text as delivered where it is not a word of the contract.
fn status(fields: &Fields<'_>, words: &StatusWords, notes: &mut Notes) -> (MachineState, Option<String>) {
    let told = fields.text("status_raw", notes);
    match fields.text("status", notes) {
        None => (MachineState::Unknown, told),
        Some(word) => match words.state(&word) {
            (state, true) => (state, told),
            (state, false) => (state, told.or(Some(word))),
        },
    }
}

fn mode(word: Option<&str>) -> MachineMode {
    match word.map(|word| word.trim().to_ascii_lowercase()).as_deref() {
        Some("production") => MachineMode::Production,
        Some("setup") => MachineMode::Setup,
        Some("maintenance") => MachineMode::Maintenance,
        Some("manual") => MachineMode::Manual,
        Some("none") => MachineMode::None,
        _ => MachineMode::Unknown,
    }
}

fn category(word: Option<&str>) -> DowntimeCategory {
    match word.map(|word| word.trim().to_ascii_lowercase()).as_deref() {
        Some("unplanned") => DowntimeCategory::Unplanned,
        Some("planned") => DowntimeCategory::Planned,
        Some("setup") => DowntimeCategory::Setup,
        Some("minor_stop") => DowntimeCategory::MinorStop,
        Some("waiting") => DowntimeCategory::Waiting,
        _ => DowntimeCategory::Unknown,
    }
}

fn equipment(fields: &Fields<'_>, notes: &mut Notes) -> Equipment {
    let Some(place) = fields.object("equipment", "equipment.", notes) else {
        return Equipment::default();
    };
    Equipment {
        enterprise: place.text("enterprise", notes),
        site: place.text("site", notes),
        area: place.text("area", notes),
        work_center: place.text("work_center", notes),
        work_unit: place.text("work_unit", notes),
    }
}

fn reason(fields: &Fields<'_>, notes: &mut Notes) -> Option<Reason> {
    let reason = fields.object("reason", "reason.", notes)?;
    Some(Reason {
        code: reason.text("code", notes),
        text: reason.text("text", notes),
        group: reason.text("group", notes),
    })
}

fn counters(fields: &Fields<'_>, notes: &mut Notes) -> Option<Counters> {
    let counters = fields.object("counters", "counters.", notes)?;
    let read = Counters {
        produced: counters.number("produced", notes),
        good: counters.number("good", notes),
        scrap: counters.number("scrap", notes),
        rework: counters.number("rework", notes),
        uom: counters.text("uom", notes),
        since: counters.instant("since", notes),
    };
    let all = [read.produced, read.good, read.scrap, read.rework];
    if all
        .into_iter()
        .flatten()
        .any(|count| count.value().is_sign_negative() && !count.value().is_zero())
    {
        notes.push("counters: negative count".to_owned());
    }
    if let (Some(good), Some(produced)) = (read.good, read.produced)
        && good > produced
    {
        notes.push("counters: more good than produced".to_owned());
    }
    Some(read)
}

fn alarm(raw: &RawValue, notes: &mut Notes) -> Option<Alarm> {
    let fields = Fields::parse(raw)?;
    let priority = fields
        .integer("priority", notes)
        .and_then(|p| u8::try_from(p).ok());
    Some(Alarm {
        id: fields.text("id", notes)?,
        code: fields.text("code", notes),
        text: fields.text("text", notes),
        priority: priority.filter(|p| (1..=4).contains(p)),
        raised_at: fields.instant("raised_at", notes),
        acknowledged: fields.flag("acknowledged", notes),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn machine(text: &str) -> Option<MachineStatus> {
        let raw: Box<RawValue> = serde_json::from_str(text).unwrap();
        MachineStatus::read(&raw, &StatusWords::new(&BTreeMap::new()))
    }

    #[test]
    fn a_whole_machine_is_complete() {
        let record = machine(
            r#"{"machine_id":"M-07","name":"Press 7","equipment":{"work_center":"L2"},"status":"down","status_since":"2026-06-22T14:00:00Z",
            "mode":"production","planned_busy":true,"reason":{"code":"E12","text":"jam"},"counters":{"produced":120,"good":118,"scrap":2,"uom":"C62"},
            "cycle":{"planned_s":4.50},"alarms":[{"id":"a1","priority":1,"acknowledged":false},{"id":"a2","priority":9}],
            "observed_at":"2026-06-22T14:04:36.123+02:00","updated_at":"2026-06-22T12:04:36Z","version":18,"new_field":[1,2]}"#,
        )
        .unwrap();
        assert_eq!(record.incomplete, Vec::<String>::new());
        assert_eq!((record.status, record.status_raw), (MachineState::Down, None));
        assert_eq!(record.planned_cycle_s.unwrap().to_string(), "4.50");
        assert_eq!(
            record.alarms.iter().map(|a| a.priority).collect::<Vec<_>>(),
            [Some(1), None]
        );
        assert_eq!(record.equipment.work_center.as_deref(), Some("L2"));
    }

    #[test]
    fn what_is_wrong_is_named_and_the_record_is_kept() {
        let record = machine(
            r#"{"machine_id":"M-07","status":"Dancing","status_since":"yesterday","observed_at":"2026-06-22T14:04:36Z",
            "version":"18","counters":{"produced":"10","good":5}}"#,
        )
        .unwrap();
        assert_eq!(
            (record.status, record.status_raw.as_deref()),
            (MachineState::Unknown, Some("Dancing"))
        );
        assert_eq!(record.counters.as_ref().unwrap().good.unwrap().to_string(), "5");
        for wanted in [
            "updated_at: missing",
            "status_since: not a time with offset",
            "version: not a whole number",
            "counters.produced: not an exact number",
        ] {
            assert!(
                record.incomplete.iter().any(|note| note == wanted),
                "{wanted} in {:?}",
                record.incomplete
            );
        }
        assert!(
            machine(r#"{"status":"running"}"#).is_none(),
            "without its key it is nothing"
        );
        assert!(machine("17").is_none());
    }

    #[test]
    fn the_higher_version_wins_then_the_later_change_then_the_later_received() {
        let at = |version: i64, updated: &str, name: &str| {
            machine(&format!(r#"{{"machine_id":"M","version":{version},"updated_at":"2026-06-22T12:00:0{updated}Z","name":"{name}"}}"#)).unwrap()
        };
        let mut merge = Merge::default();
        assert!(merge.put(at(2, "1", "first")));
        for (version, updated, name, winner) in [
            (1, "9", "older", "first"),
            (2, "0", "stale", "first"),
            (2, "1", "again", "again"),
            (3, "0", "newer", "newer"),
        ] {
            assert!(!merge.put(at(version, updated, name)));
            assert_eq!(merge.records[0].name.as_deref(), Some(winner));
        }
        assert_eq!(merge.records.len(), 1);
    }

    #[test]
    fn impossible_values_are_marked() {
        let raw: Box<RawValue> = serde_json::from_str(
            r#"{"id":"d","start":"2026-06-22T12:00:00Z","end":"2026-06-22T11:00:00Z","category":"coffee"}"#,
        )
        .unwrap();
        let event = DowntimeEvent::read(&raw, &StatusWords::new(&BTreeMap::new())).unwrap();
        assert_eq!(event.category, DowntimeCategory::Unknown);
        assert!(event.incomplete.contains(&"end: before start".to_owned()));
    }
}
