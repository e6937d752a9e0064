//! What machines did and when they should: a state segment and a shift. Both have no version in the contract.

use andon_domain::Timestamp;
use andon_domain::records::{MachineState, Shift, Span, StateSegment};
use serde_json::value::RawValue;

use super::super::fields::{Fields, Notes};
use super::super::words::StatusWords;
use super::machine::status;
use super::{Versioned, good_within, in_order, mode, reason};

impl Versioned for StateSegment {
    type Key = (String, Timestamp);
    const NEEDS: &'static str = "a machine and a start";

    fn read(raw: &RawValue, words: &StatusWords) -> Option<Self> {
        let mut notes = Notes::new();
        let fields = Fields::parse(raw, &mut notes)?;
        let machine_id = fields.key("machine_id", &mut notes)?;
        let start = fields.instant("start", &mut notes)?;
        fields.must_have(&["status"], &mut notes);
        let mode = mode(fields.text("mode", &mut notes).as_deref());
        let (status, status_raw) = status(&fields, words, mode, None, &mut notes);
        let end = fields.instant("end", &mut notes);
        in_order(Some(start), end, ("start", "end"), &mut notes);
        let (produced, good) = (
            fields.count("produced", &mut notes),
            fields.count("good", &mut notes),
        );
        good_within(good, produced, "produced", &mut notes);
        Some(Self {
            machine_id,
            status,
            status_raw,
            mode,
            start,
            end,
            produced,
            good,
            scrap: fields.count("scrap", &mut notes),
            rework: fields.count("rework", &mut notes),
            planned_cycle_s: fields.count("planned_cycle_s", &mut notes),
            order_id: fields.text("order_id", &mut notes),
            reason: reason(&fields, &mut notes),
            incomplete: notes,
        })
    }

    fn key(&self) -> Self::Key {
        (self.machine_id.clone(), self.start)
    }

    /// What ended later, or at all, is the newer tale of the same segment.
    fn rank(&self) -> (i64, Option<Timestamp>) {
        (0, self.end)
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

impl Versioned for Shift {
    type Key = String;
    const NEEDS: &'static str = "a key and an end after their start";

    /// A shift without its times says nothing about any time, so it is left out.
    fn read(raw: &RawValue, _: &StatusWords) -> Option<Self> {
        let mut notes = Notes::new();
        let fields = Fields::parse(raw, &mut notes)?;
        let id = fields.key("id", &mut notes)?;
        let Span { start, end } = span(&fields, &mut notes)?;
        let day = fields.text("business_day", &mut notes);
        Some(Self {
            id,
            shift: fields.text("shift", &mut notes),
            business_day: day.filter(|day| day.parse::<jiff::civil::Date>().is_ok()),
            site: fields.text("site", &mut notes),
            start,
            end,
            breaks: fields.objects("breaks", &mut notes, span),
        })
    }

    fn key(&self) -> String {
        self.id.clone()
    }

    fn rank(&self) -> (i64, Option<Timestamp>) {
        (0, None)
    }

    fn incomplete(&self) -> &[String] {
        &[]
    }
}

fn span(fields: &Fields<'_>, notes: &mut Notes) -> Option<Span> {
    let (start, end) = (fields.instant("start", notes)?, fields.instant("end", notes)?);
    (end > start).then_some(Span { start, end })
}
