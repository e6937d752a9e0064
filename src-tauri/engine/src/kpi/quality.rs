//! First-pass yield and defects of quality reports.
//!
//! First-pass yield is what was good at the first inspection by what was inspected then. A serial number inspected again does
//! not count again; a report without a serial number is taken as a first inspection. What has no result yet, or tells neither
//! quantities nor a serial number, is left out and counted.

use std::collections::{BTreeMap, HashSet};

use andon_domain::Amount;
use andon_domain::records::{DefectSeverity, InspectionResult, InspectionType, QualityReport};
use rust_decimal::Decimal;

use super::buckets::ratio;

/// Sums of a product or of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Yield {
    /// Inspected for the first time.
    pub inspected: Decimal,
    /// Good among them.
    pub good: Decimal,
    /// Reports that count.
    pub reports: u32,
    /// Reports that do not.
    pub left_out: u32,
}

impl Yield {
    /// Good by inspected.
    #[must_use]
    pub fn first_pass_yield(&self) -> Option<f64> {
        ratio(self.good, self.inspected)
    }

    fn add(&mut self, counted: Option<(Decimal, Decimal)>) {
        let sums = counted.and_then(|(inspected, good)| {
            Some((
                self.inspected.checked_add(inspected)?,
                self.good.checked_add(good)?,
            ))
        });
        match sums {
            Some((inspected, good)) => {
                self.inspected = inspected;
                self.good = good;
                self.reports += 1;
            }
            None => self.left_out += 1,
        }
    }
}

/// A defect over all reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefectSum<'r> {
    /// Code; absent: none given.
    pub code: Option<&'r str>,
    /// Text.
    pub text: Option<&'r str>,
    /// The worst severity told.
    pub severity: DefectSeverity,
    /// How often; a defect without a quantity counts once.
    pub quantity: Decimal,
    /// In how many reports.
    pub reports: u32,
}

/// Quality of a window.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QualitySums<'r> {
    /// All products.
    pub total: Yield,
    /// By product.
    pub products: BTreeMap<Option<&'r str>, Yield>,
    /// Most frequent first.
    pub defects: Vec<DefectSum<'r>>,
}

/// The quality of these reports, oldest first. Those before `since` count for nothing but to know what was inspected before.
#[must_use]
pub fn quality<'r>(reports: &[&'r QualityReport], since: i64) -> QualitySums<'r> {
    let mut sums = QualitySums::default();
    let mut seen: HashSet<(Option<&str>, InspectionKey, &str)> = HashSet::new();
    let mut defects: BTreeMap<(Option<&'r str>, Option<&'r str>), DefectSum<'r>> = BTreeMap::new();
    for report in reports {
        let product = report.product_id.as_deref();
        let is_first = report.serial.as_deref().is_none_or(|serial| {
            let is_settled = is_settled(report);
            !is_settled || seen.insert((product, InspectionKey::of(report.inspection), serial))
        });
        if report.inspected_at.is_none_or(|at| at.millis() < since) {
            continue;
        }
        note_defects(&mut defects, report);
        if is_first {
            let counted = counted(report);
            sums.total.add(counted);
            sums.products.entry(product).or_default().add(counted);
        }
    }
    sums.defects = defects.into_values().collect();
    sums.defects
        .sort_by(|a, b| (b.quantity, a.code, a.text).cmp(&(a.quantity, b.code, b.text)));
    sums
}

/// The kinds of inspection, in a form that can be looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct InspectionKey(&'static str);

impl InspectionKey {
    const fn of(inspection: InspectionType) -> Self {
        Self(inspection.as_str())
    }
}

/// Whether the inspection has a result.
const fn is_settled(report: &QualityReport) -> bool {
    matches!(
        report.result,
        InspectionResult::Pass | InspectionResult::Fail | InspectionResult::Conditional
    )
}

/// Inspected and good, or `None` when the report cannot count.
fn counted(report: &QualityReport) -> Option<(Decimal, Decimal)> {
    if !is_settled(report) || is_marked(&report.incomplete) {
        return None;
    }
    let quantity = &report.quantity;
    match (quantity.inspected, quantity.good) {
        (Some(inspected), Some(good)) => {
            let is_possible = good >= Amount::ZERO && good <= inspected;
            is_possible.then(|| (inspected.value(), good.value()))
        }
        // One piece, by its serial number.
        (None, None) if report.serial.is_some() => {
            let good = u32::from(report.result == InspectionResult::Pass);
            Some((Decimal::ONE, Decimal::from(good)))
        }
        _ => None,
    }
}

fn is_marked(notes: &[String]) -> bool {
    notes.iter().any(|note| note.starts_with("impossible:"))
}

fn note_defects<'r>(
    sums: &mut BTreeMap<(Option<&'r str>, Option<&'r str>), DefectSum<'r>>,
    report: &'r QualityReport,
) {
    let mut in_this: HashSet<(Option<&str>, Option<&str>)> = HashSet::new();
    for defect in &report.defects {
        let code = defect.code.as_deref().filter(|code| !code.trim().is_empty());
        // By code; by text only where there is no code.
        let key = (code, defect.text.as_deref().filter(|_| code.is_none()));
        let sum = sums.entry(key).or_insert_with(|| DefectSum {
            code,
            text: defect.text.as_deref(),
            severity: DefectSeverity::Unknown,
            quantity: Decimal::ZERO,
            reports: 0,
        });
        sum.text = sum.text.or(defect.text.as_deref());
        if rank(defect.severity) > rank(sum.severity) {
            sum.severity = defect.severity;
        }
        let quantity = defect.quantity.filter(|quantity| *quantity >= Amount::ZERO);
        let quantity = quantity.map_or(Decimal::ONE, Amount::value);
        sum.quantity = sum.quantity.saturating_add(quantity);
        sum.reports += u32::from(in_this.insert(key));
    }
}

const fn rank(severity: DefectSeverity) -> u8 {
    match severity {
        DefectSeverity::Unknown => 0,
        DefectSeverity::Minor => 1,
        DefectSeverity::Major => 2,
        DefectSeverity::Critical => 3,
    }
}

#[cfg(test)]
mod tests {
    use andon_domain::Timestamp;
    use andon_domain::records::{Defect, Disposition, InspectedQuantity};

    use super::*;
    use crate::kpi::tests::near;

    fn report(id: &str, at: i64, serial: Option<&str>, result: InspectionResult) -> QualityReport {
        QualityReport {
            id: id.to_owned(),
            order_id: None,
            machine_id: None,
            product_id: Some("P".to_owned()),
            lot_id: None,
            serial: serial.map(str::to_owned),
            inspection: InspectionType::Final,
            result,
            inspected_at: Some(Timestamp::from_millis(at)),
            quantity: InspectedQuantity::default(),
            characteristics: Vec::new(),
            defects: Vec::new(),
            disposition: Disposition::Unknown,
            inspector_ref: None,
            updated_at: None,
            version: 1,
            incomplete: Vec::new(),
        }
    }

    #[test]
    fn first_pass_yield_counts_only_the_first_inspection_of_a_piece() {
        use InspectionResult::{Fail, Pass, Pending};
        let mut lot = report("lot", 50, None, Fail);
        lot.quantity.inspected = Some(8.into());
        lot.quantity.good = Some(7.into());
        let reports = [
            report("before", 5, Some("S0"), Fail),
            report("again", 15, Some("S0"), Pass),
            report("first", 20, Some("S1"), Pending),
            report("settled", 25, Some("S1"), Fail),
            report("repeated", 30, Some("S1"), Pass),
            report("good", 40, Some("S2"), Pass),
            lot,
            report("untold", 60, None, Pass),
        ];
        let reports: Vec<&QualityReport> = reports.iter().collect();
        let total = quality(&reports, 10).total;
        assert_eq!(
            (total.inspected, total.good),
            (Decimal::from(10), Decimal::from(8))
        );
        near(total.first_pass_yield(), 0.8);
        assert_eq!((total.reports, total.left_out), (3, 2));
        assert_eq!(quality(&[], 0).total.first_pass_yield(), None);
    }

    #[test]
    fn defects_add_by_code_with_the_worst_severity() {
        let defect = |code: Option<&str>, severity, quantity: Option<i64>| Defect {
            code: code.map(str::to_owned),
            text: Some("scratch".to_owned()),
            severity,
            quantity: quantity.map(Amount::from),
            location: None,
        };
        let mut one = report("1", 1, None, InspectionResult::Fail);
        one.defects = vec![
            defect(Some("D1"), DefectSeverity::Minor, Some(3)),
            defect(Some("D1"), DefectSeverity::Critical, None),
            defect(None, DefectSeverity::Unknown, Some(9)),
        ];
        let sums = quality(&[&one], 0).defects;
        let told: Vec<_> = sums
            .iter()
            .map(|sum| (sum.code, sum.quantity, sum.reports, sum.severity))
            .collect();
        assert_eq!(
            told,
            [
                (None, Decimal::from(9), 1, DefectSeverity::Unknown),
                (Some("D1"), Decimal::from(4), 1, DefectSeverity::Critical),
            ]
        );
    }
}
