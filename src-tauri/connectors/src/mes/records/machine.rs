//! The state of a machine.

use andon_domain::Timestamp;
use andon_domain::records::{Alarm, Counters, MachineMode, MachineState, MachineStatus};
use serde_json::value::RawValue;

use super::super::fields::{Fields, Notes};
use super::super::words::{Circumstances, StatusWords};
use super::{Versioned, equipment, good_within, mode, reason, version};

impl Versioned for MachineStatus {
    type Key = String;
    const NEEDS: &'static str = "a machine";

    fn read(raw: &RawValue, words: &StatusWords) -> Option<Self> {
        let mut notes = Notes::new();
        let fields = Fields::parse(raw, &mut notes)?;
        let machine_id = fields.key("machine_id", &mut notes)?;
        fields.must_have(
            &["status", "status_since", "observed_at", "updated_at", "version"],
            &mut notes,
        );
        let mode = mode(fields.word("mode", &mut notes).as_deref());
        let planned_busy = fields.flag("planned_busy", &mut notes);
        let (status, status_raw) = status(&fields, words, mode, planned_busy, &mut notes);
        let cycle = fields.object("cycle", "cycle.", &mut notes);
        let seconds = |name: &str, notes: &mut Notes| cycle.as_ref().and_then(|c| c.count(name, notes));
        Some(Self {
            machine_id,
            name: fields.text("name", &mut notes),
            equipment: equipment(&fields, &mut notes),
            status,
            status_raw,
            status_since: fields.instant("status_since", &mut notes),
            mode,
            planned_busy,
            reason: reason(&fields, &mut notes),
            order_id: fields.text("order_id", &mut notes),
            product_id: fields.text("product_id", &mut notes),
            counters: counters(&fields, &mut notes),
            planned_cycle_s: seconds("planned_s", &mut notes),
            last_cycle_s: seconds("last_s", &mut notes),
            alarms: fields.objects("alarms", &mut notes, alarm),
            observed_at: fields.instant("observed_at", &mut notes),
            updated_at: fields.instant("updated_at", &mut notes),
            version: version(&fields, &mut notes),
            incomplete: notes,
        })
    }

    fn key(&self) -> String {
        self.machine_id.clone()
    }

    fn rank(&self) -> (i64, Option<Timestamp>) {
        (self.version, self.updated_at)
    }

    fn incomplete(&self) -> &[String] {
        &self.incomplete
    }

    fn not_understood(&self) -> Option<&str> {
        self.status_raw
            .as_deref()
            .filter(|_| self.status == MachineState::Unknown)
    }
}

/// The state, and the text as delivered where it is not a word of the contract.
pub(super) fn status(
    fields: &Fields<'_>,
    words: &StatusWords,
    mode: MachineMode,
    planned_busy: Option<bool>,
    notes: &mut Notes,
) -> (MachineState, Option<String>) {
    let told = fields.text("status_raw", notes);
    let connection = fields.word("connection", notes);
    let circumstances = Circumstances {
        mode,
        planned_busy,
        is_disconnected: connection.is_some_and(|word| word.trim().eq_ignore_ascii_case("offline")),
    };
    let Some(word) = fields.word("status", notes) else {
        return (MachineState::Unknown, told);
    };
    let meaning = words.machine(&word, circumstances);
    let raw = if meaning.is_contract {
        told
    } else {
        told.or(Some(word.into_owned()))
    };
    (meaning.state, raw)
}

fn counters(fields: &Fields<'_>, notes: &mut Notes) -> Option<Counters> {
    let counters = fields.object("counters", "counters.", notes)?;
    let read = Counters {
        produced: counters.count("produced", notes),
        good: counters.count("good", notes),
        scrap: counters.count("scrap", notes),
        rework: counters.count("rework", notes),
        uom: counters.text("uom", notes),
        since: counters.instant("since", notes),
    };
    good_within(read.good, read.produced, "produced", notes);
    Some(read)
}

fn alarm(fields: &Fields<'_>, notes: &mut Notes) -> Option<Alarm> {
    Some(Alarm {
        id: fields.key("id", notes)?,
        code: fields.text("code", notes),
        text: fields.text("text", notes),
        priority: fields.within("priority", 1, 4, notes),
        raised_at: fields.instant("raised_at", notes),
        acknowledged: fields.flag("acknowledged", notes),
    })
}
