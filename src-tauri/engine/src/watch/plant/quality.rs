//! Quality of a window: first-pass yield, defects, the last fails.

use std::collections::HashMap;
use std::time::Duration;

use andon_domain::ports::{Feed, Window};
use andon_domain::records::{Characteristic, InspectionResult, Product, QualityReport};
use andon_domain::{Amount, Caller};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::answers::{DefectBar, PlantQuality, PlantWindowRequest, ProductQuality, QualityFail};
use super::compute::count;
use super::figures::FigureNoteKind;
use super::stage::{self, Stage, count_note, note_corrected};
use super::window::GRACE;
use crate::error::EngineError;
use crate::kpi::{self, DefectSum, Yield};
use crate::world::Engine;

/// How far before the window a first inspection of the same piece is looked for.
const LOOK_BACK: Duration = Duration::from_secs(24 * 3600);
/// Reports read at most.
const MOST_REPORTS: u32 = 20_000;
/// Failed inspections shown.
const MOST_FAILS: usize = 50;
/// Defects with a bar of their own.
const MOST_DEFECTS: usize = 12;

/// The quality of a window.
///
/// # Errors
/// Not permitted, limits that make no sense, or the mirror cannot be read.
pub async fn quality(
    engine: &Engine,
    caller: &Caller,
    request: &PlantWindowRequest,
) -> Result<PlantQuality, EngineError> {
    let stage = stage::set(engine, caller, request).await?;
    let mirror = stage.tenant.parts.mirror.as_ref();
    let wide = Window {
        since: stage.window.since.minus(LOOK_BACK),
        until: stage.window.until,
    };
    let mut reports = mirror.quality(wide, MOST_REPORTS).await?;
    let is_cut = reports.len() >= MOST_REPORTS as usize;
    reports.retain(|report| is_asked_for(&stage, request, report));
    reports.sort_by(|a, b| (a.inspected_at, &a.id).cmp(&(b.inspected_at, &b.id)));
    let names = product_names(&stage).await?;
    let oldest_first: Vec<&QualityReport> = reports.iter().collect();
    let sums = kpi::quality(&oldest_first, stage.window.since.millis());
    let mut products: Vec<ProductQuality> = sums
        .products
        .iter()
        .map(|(product, sum)| of_product(product.map(|id| named(id, &names)), sum))
        .collect();
    products.sort_by_key(|product| std::cmp::Reverse(product.inspected));
    let within = || {
        reports
            .iter()
            .rev()
            .filter(|report| report.inspected_at.is_some_and(|at| at >= stage.window.since))
    };
    let mut basis = stage.basis("plant.definition.quality", stage.known(Feed::Quality));
    if stage.window.is_finished {
        let late = stage.window.until.plus(GRACE);
        let changed = within().filter(|report| report.updated_at.is_some_and(|at| at > late));
        note_corrected(&mut basis, count(changed.count()));
    }
    count_note(
        &mut basis,
        FigureNoteKind::Truncated,
        if is_cut { MOST_REPORTS } else { 0 },
    );
    Ok(PlantQuality {
        total: of_product(None, &sums.total),
        defects: defects(&sums.defects),
        fails: within()
            .filter(|report| report.result == InspectionResult::Fail)
            .take(MOST_FAILS)
            .map(fail)
            .collect(),
        window: stage.window,
        basis,
        products,
    })
}

/// A report of a machine that is asked for; of no named machine only where all are.
fn is_asked_for(stage: &Stage<'_>, request: &PlantWindowRequest, report: &QualityReport) -> bool {
    let is_of_all = request.machine_id.is_none() && request.work_center.is_none() && request.area.is_none();
    is_of_all
        || stage
            .machines
            .iter()
            .any(|(machine, _)| Some(machine.machine_id.as_str()) == report.machine_id.as_deref())
}

/// Products by key, as orders of the window name them.
async fn product_names(stage: &Stage<'_>) -> Result<HashMap<String, Product>, EngineError> {
    let orders = stage.tenant.parts.mirror.production_orders(stage.span()).await?;
    let products = orders.into_iter().filter_map(|order| order.product);
    Ok(products.map(|product| (product.id.clone(), product)).collect())
}

fn named(id: &str, names: &HashMap<String, Product>) -> Product {
    names.get(id).cloned().unwrap_or_else(|| Product {
        id: id.to_owned(),
        name: None,
        revision: None,
    })
}

fn of_product(product: Option<Product>, sum: &Yield) -> ProductQuality {
    let told = |value: Decimal| (sum.reports > 0).then(|| Amount::new(value.normalize()));
    ProductQuality {
        product,
        inspected: told(sum.inspected),
        good: told(sum.good),
        first_pass_yield: sum.first_pass_yield(),
        reports: sum.reports,
        left_out: sum.left_out,
    }
}

fn defects(sums: &[DefectSum<'_>]) -> Vec<DefectBar> {
    let add = |sum: Decimal, one: &DefectSum<'_>| sum.saturating_add(one.quantity);
    let total = sums.iter().fold(Decimal::ZERO, add);
    let (shown, rest) = sums.split_at(sums.len().min(MOST_DEFECTS));
    let mut up_to = Decimal::ZERO;
    let mut bars: Vec<DefectBar> = Vec::with_capacity(shown.len() + 1);
    for group in shown.chunks(1).chain((!rest.is_empty()).then_some(rest)) {
        let Some(first) = group.first() else { continue };
        let quantity = group.iter().fold(Decimal::ZERO, add);
        up_to = up_to.saturating_add(quantity);
        let is_one = group.len() == 1;
        bars.push(DefectBar {
            code: first.code.filter(|_| is_one).map(str::to_owned),
            text: first.text.filter(|_| is_one).map(str::to_owned),
            severity: first.severity,
            quantity: Amount::new(quantity.normalize()),
            reports: group.iter().map(|sum| sum.reports).sum(),
            cumulative: up_to.checked_div(total).and_then(|part| part.to_f64()),
            codes: count(group.len()),
        });
    }
    bars
}

fn fail(report: &QualityReport) -> QualityFail {
    let failed = || {
        report
            .characteristics
            .iter()
            .filter(|one| one.result == InspectionResult::Fail || is_out_of_limits(one))
    };
    let characteristics: Vec<Characteristic> = if failed().next().is_some() {
        failed().cloned().collect()
    } else {
        report.characteristics.clone()
    };
    let words = |text: &Option<String>, code: &Option<String>| text.clone().or_else(|| code.clone());
    QualityFail {
        id: report.id.clone(),
        inspected_at: report.inspected_at,
        inspection: report.inspection,
        machine_id: report.machine_id.clone(),
        order_id: report.order_id.clone(),
        product_id: report.product_id.clone(),
        lot_id: report.lot_id.clone(),
        serial: report.serial.clone(),
        characteristics,
        defects: report
            .defects
            .iter()
            .filter_map(|defect| words(&defect.text, &defect.code))
            .collect(),
    }
}

fn is_out_of_limits(one: &Characteristic) -> bool {
    one.value
        .is_some_and(|value| one.lsl.is_some_and(|lsl| value < lsl) || one.usl.is_some_and(|usl| value > usl))
}
