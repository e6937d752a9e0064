//! Budget and actuals of cost centres: the plan rows and the journal rows of one fiscal year and ledger, added up exactly.
//! What cannot be known is absent with a warning, and never zero: a service that is not there, a field it lacks, a centre
//! without rows, several currencies.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use andon_domain::records::CostCenter;
use andon_domain::{Amount, PortError, PortErrorKind};
use futures_util::{StreamExt as _, TryStreamExt as _};
use tokio::time::Instant;

use super::catalog::{EntitySet, JOURNAL_ITEM, PLAN_ITEM};
use super::filter::{Filter, bare, spellings};
use super::names::Service;
use super::reader::{Paging, Query};
use super::rows::EntryRow;
use super::valuation::{reason, some_of};
use super::{Sap, in_time};

/// Reads of one question at the same time.
const READS_AT_ONCE: usize = 4;

/// Rows asked for at once. SAP adds up by the selected fields, so a cost centre mostly has one.
const ROWS_AT_ONCE: usize = 5_000;

/// Rows of one question at most.
const MOST_ROWS: usize = 200_000;

/// Puts budget and actuals into the records. Returns what to warn of.
///
/// # Errors
/// Only what ends every call of the connection: a refused logon or a missing setting.
pub(super) async fn add(
    sap: &Sap,
    records: &mut [CostCenter],
    fiscal_year: &str,
    until: Instant,
) -> Result<Vec<String>, PortError> {
    let mut warnings = Vec::new();
    if records.is_empty() {
        return Ok(warnings);
    }
    let (plan, journal) = tokio::join!(
        Side::plan(sap).sums_until(until, records, fiscal_year),
        Side::journal(sap).sums_until(until, records, fiscal_year)
    );
    let budget = told("budget", plan, &mut warnings)?;
    let actual = told("actuals", journal, &mut warnings)?;
    let mut without = Without(BTreeMap::new());
    for (record, is_alone) in alone(records) {
        let planned = budget.as_ref().map(|sums| sums.of(record, is_alone));
        let posted = actual.as_ref().map(|sums| sums.of(record, is_alone));
        let planned = without.note("budget", record, planned);
        let posted = without.note("actuals", record, posted);
        let (planned, posted) = match (planned, posted) {
            (Some(planned), Some(posted)) if differ(&planned, &posted) => {
                without.add(
                    "budget and actuals not available, in different currencies",
                    record,
                );
                (None, None)
            }
            both => both,
        };
        record.amounts_currency = [&planned, &posted]
            .into_iter()
            .find_map(|sum| sum.as_ref()?.currency.clone());
        record.budget = planned.map(|sum| sum.amount);
        record.actual = posted.map(|sum| sum.amount);
    }
    warnings.extend(without.warnings());
    Ok(warnings)
}

/// A cost centre in every spelling it may be kept in.
type Spelled = Vec<String>;

/// The cost centres of the records, each once.
fn spelled(records: &[CostCenter]) -> Vec<Spelled> {
    let mut centers: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for record in records {
        let number = &record.cost_center;
        let known = centers.entry(bare(number)).or_default();
        known.extend(spellings(number, &[10]));
    }
    centers
        .into_values()
        .map(|known| known.into_iter().collect())
        .collect()
}

/// Each record, and whether no other one of another area has its number.
fn alone(records: &mut [CostCenter]) -> impl Iterator<Item = (&mut CostCenter, bool)> {
    let mut areas: HashMap<String, BTreeSet<String>> = HashMap::new();
    for record in records.iter() {
        areas
            .entry(bare(&record.cost_center).to_owned())
            .or_default()
            .insert(record.controlling_area.clone());
    }
    records.iter_mut().map(move |record| {
        let is_alone = areas
            .get(bare(&record.cost_center))
            .is_none_or(|areas| areas.len() == 1);
        (record, is_alone)
    })
}

fn differ(one: &Sum, other: &Sum) -> bool {
    matches!((&one.currency, &other.currency), (Some(one), Some(other)) if one != other)
}

/// Unwraps what a side brought, or warns why it brought nothing.
fn told(
    what: &str,
    sums: Result<Sums, NotTold>,
    warnings: &mut Vec<String>,
) -> Result<Option<Sums>, PortError> {
    match sums {
        Ok(sums) => Ok(Some(sums)),
        Err(NotTold::Failed(error))
            if matches!(
                error.kind,
                PortErrorKind::Unauthorized
                    | PortErrorKind::NotConfigured
                    | PortErrorKind::Locked
                    | PortErrorKind::Cancelled
            ) =>
        {
            Err(error)
        }
        Err(NotTold::Failed(error)) => {
            tracing::info!(
                detail = error.detail,
                code = error.code,
                "{what} of cost centers not available"
            );
            warnings.push(format!("{what} not available: {}", reason(&error)));
            Ok(None)
        }
        Err(NotTold::Lacks(why)) => {
            warnings.push(format!("{what} not available: {why}"));
            Ok(None)
        }
    }
}

/// Why a side brings nothing.
enum NotTold {
    /// The service failed, or is not there.
    Failed(PortError),
    /// The service is there and lacks something.
    Lacks(String),
}

impl From<PortError> for NotTold {
    fn from(error: PortError) -> Self {
        Self::Failed(error)
    }
}

/// Cost centres concerned by each warning.
struct Without(BTreeMap<String, BTreeSet<String>>);

impl Without {
    fn note(
        &mut self,
        what: &str,
        record: &CostCenter,
        sum: Option<Result<Sum, &'static str>>,
    ) -> Option<Sum> {
        match sum? {
            Ok(sum) => Some(sum),
            Err(why) => {
                self.add(&format!("{what} not available, {why}"), record);
                None
            }
        }
    }

    fn add(&mut self, warning: &str, record: &CostCenter) {
        self.0
            .entry(warning.to_owned())
            .or_default()
            .insert(record.cost_center.clone());
    }

    fn warnings(&self) -> impl Iterator<Item = String> {
        self.0
            .iter()
            .map(|(warning, centers)| format!("{warning}: {}", some_of(centers)))
    }
}

/// One of the two services that have amounts.
struct Side<'s> {
    sap: &'s Sap,
    service: Service,
    set: &'static EntitySet,
    /// What a row must have besides the year, by standard name.
    conditions: Vec<(&'static str, String)>,
    /// What to say of a cost centre without rows.
    no_rows: &'static str,
}

impl<'s> Side<'s> {
    fn plan(sap: &'s Sap) -> Self {
        Self {
            sap,
            service: Service::Plan,
            set: &PLAN_ITEM,
            conditions: vec![
                ("PlanningCategory", sap.config.planning_category.clone()),
                ("Ledger", sap.config.ledger.clone()),
            ],
            no_rows: "no plan rows",
        }
    }

    fn journal(sap: &'s Sap) -> Self {
        Self {
            sap,
            service: Service::Journal,
            set: &JOURNAL_ITEM,
            conditions: vec![("Ledger", sap.config.ledger.clone())],
            no_rows: "no journal rows",
        }
    }

    async fn sums_until(
        self,
        until: Instant,
        records: &[CostCenter],
        fiscal_year: &str,
    ) -> Result<Sums, NotTold> {
        in_time(until, async { Ok(self.sums(records, fiscal_year).await) }).await?
    }

    async fn sums(mut self, records: &[CostCenter], fiscal_year: &str) -> Result<Sums, NotTold> {
        self.conditions.push(("LedgerFiscalYear", fiscal_year.to_owned()));
        let filter = self.filter().await?;
        let query = Query {
            paging: Paging::Links(ROWS_AT_ONCE),
            ..Query::new(self.service, self.set, filter)
        };
        let chunks = self.sap.in_chunks(&query, "CostCenter", &spelled(records))?;
        let side = &self;
        let whole = &query;
        let reads = chunks
            .into_iter()
            .map(|(chunk, centers)| async move { side.read(whole, chunk, centers).await });
        let found: Vec<Vec<EntryRow>> = futures_util::stream::iter(reads)
            .buffered(READS_AT_ONCE)
            .try_collect()
            .await?;
        let mut sums = Sums {
            groups: HashMap::new(),
            no_rows: self.no_rows,
        };
        for row in found.into_iter().flatten() {
            if self.is_asked_for(&row) {
                sums.take(row);
            }
        }
        Ok(sums)
    }

    /// The conditions on the fields that the service really has. One that it lacks is a reason to tell nothing: rows of
    /// several ledgers or categories would be added up as if they were one.
    async fn filter(&mut self) -> Result<Filter, NotTold> {
        let names = &self.sap.config.names;
        let set = names.set(self.service, self.set.name);
        let description = self.sap.description(self.service).await?;
        if !description.has_set(set) {
            return Err(NotTold::Lacks(format!("the service has no set {set}")));
        }
        let lacks = |field: &str| {
            let service = self.service.key();
            format!("the service has no field {field}; name it in sap.services.{service}.fields")
        };
        for standard in self.set.needed {
            let own = names.field(self.service, standard);
            if own.is_none_or(|own| description.property(set, own).is_none()) {
                return Err(NotTold::Lacks(lacks(own.unwrap_or(standard))));
            }
        }
        let mut filter = Filter::default();
        let mut kept = Vec::new();
        for (standard, value) in std::mem::take(&mut self.conditions) {
            // By the configuration the system has no such field: there is one ledger or category only.
            let Some(own) = names.field(self.service, standard) else {
                continue;
            };
            let property = description
                .property(set, own)
                .ok_or_else(|| NotTold::Lacks(lacks(own)))?;
            if property.is_filterable {
                filter = filter.equals(standard, &value);
            }
            kept.push((standard, value));
        }
        self.conditions = kept;
        Ok(filter)
    }

    /// Rows of some cost centres and of no other ones. Where no page can hold them and the server gives no links, they are
    /// asked for in smaller parts: the rows have no order in which skipping would be safe.
    async fn read(
        &self,
        whole: &Query,
        chunk: Query,
        centers: Vec<Spelled>,
    ) -> Result<Vec<EntryRow>, NotTold> {
        let mut open = vec![(chunk, centers)];
        let mut all = Vec::new();
        while let Some((chunk, centers)) = open.pop() {
            // Smaller parts would not end either.
            let found = self
                .sap
                .rows::<EntryRow>(&chunk, MOST_ROWS)
                .await?
                .unless_led_on()?;
            if !found.is_truncated {
                // A system that ignores the condition gives the same rows for every part.
                let asked: HashSet<&str> = centers.iter().flatten().map(|center| bare(center)).collect();
                let is_asked = |row: &EntryRow| {
                    let center = row.cost_center.0.as_deref();
                    center.is_some_and(|center| asked.contains(bare(center)))
                };
                all.extend(found.rows.into_iter().filter(is_asked));
                continue;
            }
            let (first, second) = centers.split_at(centers.len() / 2);
            if first.is_empty() {
                let more = found
                    .total
                    .map_or_else(String::new, |total| format!(" ({total})"));
                let center = centers.first().and_then(|center| center.first());
                let center = center.map(String::as_str).unwrap_or_default();
                return Err(NotTold::Lacks(format!(
                    "cost center {center} has more rows{more} than can be added up exactly"
                )));
            }
            for half in [first, second] {
                open.push((whole.about("CostCenter", half), half.to_vec()));
            }
        }
        Ok(all)
    }

    /// SAP was asked for it; a system that ignores a condition, or cannot look for it, gives more.
    fn is_asked_for(&self, row: &EntryRow) -> bool {
        self.conditions.iter().all(|(standard, value)| {
            let have = match *standard {
                "Ledger" => &row.ledger,
                "PlanningCategory" => &row.planning_category,
                _ => &row.ledger_fiscal_year,
            };
            have.is(value)
        })
    }
}

/// What the rows of a cost centre come to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sum {
    amount: Amount,
    currency: Option<String>,
}

#[derive(Default)]
struct Group {
    area: Option<String>,
    company: Option<String>,
    /// By currency. `None` once an amount was not known exactly.
    amounts: BTreeMap<Option<String>, Option<Amount>>,
}

/// Sums by cost centre without leading zeros.
struct Sums {
    groups: HashMap<String, Vec<Group>>,
    no_rows: &'static str,
}

impl Sums {
    fn take(&mut self, row: EntryRow) {
        let Some(center) = row.cost_center.0 else { return };
        let groups = self.groups.entry(bare(&center).to_owned()).or_default();
        let (area, company) = (row.controlling_area.0, row.company_code.0);
        let at = groups
            .iter()
            .position(|group| group.area == area && group.company == company)
            .unwrap_or_else(|| {
                groups.push(Group {
                    area,
                    company,
                    amounts: BTreeMap::new(),
                });
                groups.len() - 1
            });
        let amounts = &mut groups[at].amounts;
        let sum = amounts
            .entry(row.company_code_currency.0)
            .or_insert(Some(Amount::ZERO));
        *sum = sum.and_then(|sum| sum.checked_add(row.amount_in_company_code_currency.value?));
    }

    /// The sum of a cost centre, or why there is none.
    fn of(&self, record: &CostCenter, is_alone: bool) -> Result<Sum, &'static str> {
        let groups = self
            .groups
            .get(bare(&record.cost_center))
            .map(Vec::as_slice)
            .unwrap_or_default();
        let mut total: Option<Sum> = None;
        for group in groups {
            let is_area = group.area.as_ref().map(|area| *area == record.controlling_area);
            let companies = group.company.as_ref().zip(record.company_code.as_ref());
            let is_company = companies.map(|(theirs, ours)| theirs == ours);
            match (is_area, is_company) {
                (Some(false), _) | (_, Some(false)) => continue,
                (None, None) if !is_alone => return Err("rows do not tell whose they are"),
                _ => {}
            }
            for (currency, amount) in &group.amounts {
                let amount = amount.ok_or("an amount cannot be kept exactly")?;
                total = Some(match total {
                    None => Sum {
                        amount,
                        currency: currency.clone(),
                    },
                    Some(sum) if sum.currency == *currency => Sum {
                        amount: sum.amount.checked_add(amount).ok_or("too large to add up")?,
                        ..sum
                    },
                    Some(_) => return Err("in several currencies"),
                });
            }
        }
        total.ok_or(self.no_rows)
    }
}
