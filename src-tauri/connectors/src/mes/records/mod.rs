//! Records of the contract from the wire: what they share, and which of two records of one key counts.

mod downtime;
mod history;
mod machine;
mod order;
mod quality;

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use andon_domain::records::{Equipment, MachineMode, Reason};
use andon_domain::{Amount, Timestamp};
use serde_json::value::RawValue;

use super::fields::{Fields, Notes, impossible};
use super::words::StatusWords;

/// A record with a key and a version.
pub(super) trait Versioned: Sized {
    /// What makes two records the same thing, byte by byte.
    type Key: Eq + Hash;
    /// What a record cannot be without, in words.
    const NEEDS: &'static str;
    /// Reads one item of a list; `None` without a usable key.
    fn read(raw: &RawValue, words: &StatusWords) -> Option<Self>;
    /// The key.
    fn key(&self) -> Self::Key;
    /// What decides between two records of one key: the higher version, then the later change.
    fn rank(&self) -> (i64, Option<Timestamp>);
    /// What the record lacks or has wrong.
    fn incomplete(&self) -> &[String];
    /// The status word, where nobody knows what it means.
    fn not_understood(&self) -> Option<&str> {
        None
    }
}

/// Keeps one record per key, in the order of their first appearance.
pub(super) struct Merge<R: Versioned> {
    pub(super) records: Vec<R>,
    /// Records that were older than one known already.
    pub(super) outdated: u32,
    places: HashMap<R::Key, usize>,
}

impl<R: Versioned> Default for Merge<R> {
    fn default() -> Self {
        Self {
            records: Vec::new(),
            outdated: 0,
            places: HashMap::new(),
        }
    }
}

impl<R: Versioned> Merge<R> {
    /// Takes a record; `true` when its key is new.
    pub(super) fn put(&mut self, record: R) -> bool {
        match self.places.entry(record.key()) {
            Entry::Vacant(place) => {
                place.insert(self.records.len());
                self.records.push(record);
                true
            }
            Entry::Occupied(place) => {
                // Equal in both: the later received.
                let known = &mut self.records[*place.get()];
                if record.rank() >= known.rank() {
                    *known = record;
                } else {
                    self.outdated += 1;
                }
                false
            }
        }
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

/// Version of a record; zero, which loses to any other, where it is not told.
fn version(fields: &Fields<'_>, notes: &mut Notes) -> i64 {
    fields.integer("version", notes).unwrap_or_default()
}

/// More good pieces than pieces at all.
fn good_within(good: Option<Amount>, all: Option<Amount>, name: &str, notes: &mut Notes) {
    if let (Some(good), Some(all)) = (good, all)
        && good > all
    {
        impossible(notes, &format!("good above {name}"));
    }
}

/// An end before its start; `names` are the fields.
fn in_order(start: Option<Timestamp>, end: Option<Timestamp>, names: (&str, &str), notes: &mut Notes) {
    if let (Some(start), Some(end)) = (start, end)
        && end < start
    {
        impossible(notes, &format!("{} before {}", names.1, names.0));
    }
}
