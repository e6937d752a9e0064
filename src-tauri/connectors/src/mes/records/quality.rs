//! An inspection.

use andon_domain::Timestamp;
use andon_domain::records::{
    Characteristic, Defect, DefectSeverity, Disposition, InspectedQuantity, InspectionResult, InspectionType,
    QualityReport,
};
use serde_json::value::RawValue;

use super::super::fields::{Fields, Notes};
use super::super::words::StatusWords;
use super::{Versioned, good_within, version};

impl Versioned for QualityReport {
    type Key = String;
    const NEEDS: &'static str = "a key";

    fn read(raw: &RawValue, _: &StatusWords) -> Option<Self> {
        let mut notes = Notes::new();
        let fields = Fields::parse(raw, &mut notes)?;
        let id = fields.key("id", &mut notes)?;
        fields.must_have(&["result", "inspected_at", "updated_at", "version"], &mut notes);
        Some(Self {
            id,
            order_id: fields.text("order_id", &mut notes),
            machine_id: fields.text("machine_id", &mut notes),
            product_id: fields.text("product_id", &mut notes),
            lot_id: fields.text("lot_id", &mut notes),
            serial: fields.text("serial", &mut notes),
            inspection: inspection(&word(&fields, "type", &mut notes)),
            result: result(&word(&fields, "result", &mut notes)),
            inspected_at: fields.instant("inspected_at", &mut notes),
            quantity: quantity(&fields, &mut notes),
            characteristics: fields.objects("characteristics", &mut notes, characteristic),
            defects: fields.objects("defects", &mut notes, |defect, notes| {
                Some(read_defect(defect, notes))
            }),
            disposition: disposition(&word(&fields, "disposition", &mut notes)),
            inspector_ref: fields.text("inspector_ref", &mut notes),
            updated_at: fields.instant("updated_at", &mut notes),
            version: version(&fields, &mut notes),
            incomplete: notes,
        })
    }

    fn key(&self) -> String {
        self.id.clone()
    }

    fn rank(&self) -> (i64, Option<Timestamp>) {
        (self.version, self.updated_at)
    }

    fn incomplete(&self) -> &[String] {
        &self.incomplete
    }
}

/// A word for comparison; empty when it is not told.
fn word(fields: &Fields<'_>, name: &str, notes: &mut Notes) -> String {
    let word = fields.text(name, notes).unwrap_or_default();
    word.trim().to_ascii_lowercase()
}

fn inspection(word: &str) -> InspectionType {
    match word {
        "incoming" => InspectionType::Incoming,
        "in_process" => InspectionType::InProcess,
        "final" => InspectionType::Final,
        "audit" => InspectionType::Audit,
        _ => InspectionType::Unknown,
    }
}

fn result(word: &str) -> InspectionResult {
    match word {
        "pass" => InspectionResult::Pass,
        "fail" => InspectionResult::Fail,
        "conditional" => InspectionResult::Conditional,
        "pending" => InspectionResult::Pending,
        _ => InspectionResult::Unknown,
    }
}

fn disposition(word: &str) -> Disposition {
    match word {
        "accept" => Disposition::Accept,
        "rework" => Disposition::Rework,
        "scrap" => Disposition::Scrap,
        "use_as_is" => Disposition::UseAsIs,
        "return" => Disposition::Return,
        "pending" => Disposition::Pending,
        _ => Disposition::Unknown,
    }
}

fn quantity(fields: &Fields<'_>, notes: &mut Notes) -> InspectedQuantity {
    let Some(quantity) = fields.object("quantity", "quantity.", notes) else {
        return InspectedQuantity::default();
    };
    let read = InspectedQuantity {
        inspected: quantity.count("inspected", notes),
        good: quantity.count("good", notes),
        scrap: quantity.count("scrap", notes),
        rework: quantity.count("rework", notes),
        uom: quantity.text("uom", notes),
    };
    good_within(read.good, read.inspected, "inspected", notes);
    read
}

fn characteristic(fields: &Fields<'_>, notes: &mut Notes) -> Option<Characteristic> {
    Some(Characteristic {
        id: fields.key("id", notes)?,
        name: fields.text("name", notes),
        value: fields.number("value", notes),
        unit: fields.text("unit", notes),
        target: fields.number("target", notes),
        lsl: fields.number("lsl", notes),
        usl: fields.number("usl", notes),
        result: result(&word(fields, "result", notes)),
    })
}

fn read_defect(fields: &Fields<'_>, notes: &mut Notes) -> Defect {
    Defect {
        code: fields.text("code", notes),
        text: fields.text("text", notes),
        severity: match word(fields, "severity", notes).as_str() {
            "critical" => DefectSeverity::Critical,
            "major" => DefectSeverity::Major,
            "minor" => DefectSeverity::Minor,
            _ => DefectSeverity::Unknown,
        },
        quantity: fields.count("quantity", notes),
        location: fields.text("location", notes),
    }
}
