//! Cost centres with their time slices and texts, plan rows and actual postings, made up from the seed.
//! One cost centre has expired, one begins next year, one was renewed at the turn of the year, one will be; one has no
//! plan at all. Amounts are euro; the plan exists in two versions and two ledgers, so that a careless sum is visibly wrong.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use rust_decimal::Decimal;

use crate::company::COMPANY_CODE;
use crate::dice::Dice;
use crate::sap::edm::{Edm, milliseconds};
use crate::sap::schema::{Row, SetId};

pub(crate) const CONTROLLING_AREA: &str = "1000";
const LEDGER: &str = "0L";
const SECOND_LEDGER: &str = "2L";
/// The plan, and a later forecast of the same year.
const PLAN: &str = "PLN";
const FORECAST: &str = "FCST01";
const ACCOUNTS: &[(&str, &str)] = &[
    ("0000400000", "Consumption, raw material"),
    ("0000415000", "External energy"),
    ("0000470000", "Maintenance and services"),
];

#[derive(Debug)]
struct CostCenter {
    number: &'static str,
    name: &'static str,
    description: &'static str,
    german: (&'static str, &'static str),
    responsible: (&'static str, &'static str),
    department: &'static str,
    plant: &'static str,
    category: &'static str,
    validity: Validity,
    /// Planned for each account and month, in hundreds of euro; `None` where nobody planned.
    monthly_hundreds: Option<i64>,
    is_blocked: bool,
}

/// Which time slices a cost centre has, seen from this year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Validity {
    Open,
    /// Somebody else was responsible until the end of last year.
    Renewed,
    /// Somebody else will be from next year on.
    Changing,
    /// Ended with last year.
    Expired,
    /// Begins next year.
    Coming,
}

macro_rules! cost_center {
    ($number:literal, $plant:literal, $category:literal, $department:literal, $name:literal, $description:literal,
     $german:expr, $responsible:expr, $validity:ident, $monthly:expr) => {
        CostCenter {
            number: $number,
            name: $name,
            description: $description,
            german: $german,
            responsible: $responsible,
            department: $department,
            plant: $plant,
            category: $category,
            validity: Validity::$validity,
            monthly_hundreds: $monthly,
            is_blocked: false,
        }
    };
}

#[rustfmt::skip]
static COST_CENTERS: &[CostCenter] = &[
    cost_center!("0000010100", "1010", "F", "Production", "Rolling mill", "Cold rolling mill, plant 1010", ("Walzwerk", "Kaltwalzwerk Werk 1010"), ("Jorge Moreno", "JMORENO"), Renewed, Some(620)),
    cost_center!("0000010200", "1020", "F", "Production", "Slitting line", "Slitting and recoiling, plant 1020", ("Spaltanlage", "Spalten und Umwickeln Werk 1020"), ("Tina Keller", "TKELLER"), Open, Some(310)),
    cost_center!("0000010300", "1020", "F", "Production", "Press shop", "Presses and dies, plant 1020", ("Presswerk", "Pressen und Werkzeuge Werk 1020"), ("Tina Keller", "TKELLER"), Open, Some(440)),
    cost_center!("0000010400", "1030", "F", "Production", "Welding cells", "Robot welding, plant 1030", ("Schweißzellen", "Roboterschweißen Werk 1030"), ("Anna Winter", "AWINTER"), Open, Some(280)),
    cost_center!("0000010500", "1030", "F", "Production", "Battery housings", "Battery housing line, plant 1030", ("Batteriegehäuse", "Linie Batteriegehäuse Werk 1030"), ("Anna Winter", "AWINTER"), Coming, Some(150)),
    cost_center!("0000020100", "1010", "H", "Technology", "Maintenance", "Central maintenance", ("Instandhaltung", "Zentrale Instandhaltung"), ("Ruth Osei", "ROSEI"), Changing, Some(370)),
    cost_center!("0000020200", "1020", "H", "Technology", "Tool room", "Tool room, closed", ("Werkzeugbau", "Werkzeugbau, geschlossen"), ("Ruth Osei", "ROSEI"), Expired, Some(90)),
    cost_center!("0000020300", "1010", "H", "Quality", "Quality lab", "Testing and calibration", ("Prüflabor", "Prüfung und Kalibrierung"), ("Milan Petrov", "MPETROV"), Open, Some(75)),
    cost_center!("0000030100", "1010", "L", "Logistics", "Warehouse", "Warehouse and shipping", ("Lager", "Lager und Versand"), ("Eva Lund", "ELUND"), Open, Some(120)),
    CostCenter { is_blocked: true, ..cost_center!("0000030200", "1010", "L", "Logistics", "Inbound", "Inbound logistics, being closed", ("Wareneingang", "Wareneingang, in Auflösung"), ("Eva Lund", "ELUND"), Open, Some(40)) },
    cost_center!("0000040100", "1010", "V", "Management", "Plant management", "Plant management and controlling", ("Werksleitung", "Werksleitung und Controlling"), ("Ines Marques", "IMARQUES"), Open, Some(95)),
    cost_center!("0000050100", "1030", "E", "Technology", "Process lab", "Process innovation, not planned", ("Prozesslabor", "Prozessinnovation, ungeplant"), ("Milan Petrov", "MPETROV"), Open, None),
];

/// The five sets of this area, each in key order.
pub(super) fn books(seed: u64, now_ms: i64) -> BTreeMap<SetId, Vec<Row>> {
    let today = jiff::Timestamp::from_millisecond(now_ms)
        .unwrap_or_default()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    let slices: Vec<Slice> = COST_CENTERS
        .iter()
        .flat_map(|center| slices(center, today.year()))
        .collect();
    let mut texts: Vec<Row> = slices.iter().flat_map(Slice::texts).collect();
    texts.sort_by_cached_key(|row| {
        ["CostCenter", "ControllingArea", "Language"].map(|name| row.text(name).to_owned())
    });
    let mut ledger = Postings {
        dice: Dice::new(seed, "plan and actuals"),
        plan: Vec::new(),
        journal: Vec::new(),
    };
    for year in [today.year() - 1, today.year()] {
        for center in COST_CENTERS
            .iter()
            .filter(|center| center.runs(year, today.year()))
        {
            for period in 1..=12 {
                let is_over = (year, period) <= (today.year(), today.month());
                ledger.month(center, year, period, is_over);
            }
        }
    }
    BTreeMap::from([
        (SetId::CostCenter, slices.iter().map(Slice::row).collect()),
        (SetId::CostCenterText, texts),
        (SetId::PlanItem, ledger.plan),
        (SetId::JournalItem, ledger.journal),
    ])
}

/// Whether a posted order may be charged to this cost centre.
pub(crate) fn may_bear(number: &str) -> bool {
    bearers().any(|center| center.number.trim_start_matches('0') == number.trim_start_matches('0'))
}

/// A cost centre that work is charged to.
pub(super) fn bearing(dice: &mut Dice) -> &'static str {
    let numbers: Vec<&'static str> = bearers().map(|center| center.number).collect();
    dice.pick(&numbers).copied().unwrap_or("0000020100")
}

/// The profit centre of a cost centre's plant.
pub(super) fn profit_center(number: &str) -> String {
    let center = COST_CENTERS.iter().find(|center| center.number == number);
    center.map_or_else(String::new, |center| format!("000000{}", center.plant))
}

fn bearers() -> impl Iterator<Item = &'static CostCenter> {
    COST_CENTERS.iter().filter(|center| {
        !center.is_blocked && !matches!(center.validity, Validity::Expired | Validity::Coming)
    })
}

impl CostCenter {
    fn runs(&self, year: i16, this_year: i16) -> bool {
        match self.validity {
            Validity::Expired => year < this_year,
            Validity::Coming => year > this_year,
            Validity::Open | Validity::Renewed | Validity::Changing => true,
        }
    }
}

/// One row of the cost centre set.
struct Slice {
    center: &'static CostCenter,
    responsible: (&'static str, &'static str),
    start: Date,
    end: Date,
}

fn slices(center: &'static CostCenter, year: i16) -> Vec<Slice> {
    let before = ("Karl Brandt", "KBRANDT");
    let slice = |responsible, start, end| Slice {
        center,
        responsible,
        start,
        end,
    };
    let (first, open) = (date(2015, 1, 1), date(9999, 12, 31));
    let (end_of, start_of) = (|year| date(year, 12, 31), |year| date(year, 1, 1));
    match center.validity {
        Validity::Open => vec![slice(center.responsible, first, open)],
        Validity::Renewed => vec![
            slice(before, first, end_of(year - 1)),
            slice(center.responsible, start_of(year), open),
        ],
        Validity::Changing => vec![
            slice(before, first, end_of(year)),
            slice(center.responsible, start_of(year + 1), open),
        ],
        Validity::Expired => vec![slice(center.responsible, first, end_of(year - 1))],
        Validity::Coming => vec![slice(center.responsible, start_of(year + 1), open)],
    }
}

impl Slice {
    fn row(&self) -> Row {
        let center = self.center;
        let block = if center.is_blocked { "X" } else { "" };
        let mut row = Row::default()
            .with("ControllingArea", Edm::text(CONTROLLING_AREA))
            .with("CostCenter", Edm::text(center.number))
            .with("ValidityEndDate", midnight(self.end))
            .with("ValidityStartDate", midnight(self.start))
            .with("CompanyCode", Edm::text(COMPANY_CODE))
            .with("CostCtrResponsiblePersonName", Edm::text(self.responsible.0))
            .with("CostCtrResponsibleUser", Edm::text(self.responsible.1))
            .with("CostCenterCurrency", Edm::text("EUR"))
            .with("ProfitCenter", Edm::text(format!("000000{}", center.plant)))
            .with("Department", Edm::text(center.department))
            .with("FunctionalArea", Edm::text("YB10"))
            .with(
                "CostCenterStandardHierArea",
                Edm::text(format!("H1-{}", center.plant)),
            )
            .with("CostCenterCategory", Edm::text(center.category))
            .with("CostCenterCreatedByUser", Edm::text("MIGRATION"))
            .with("CostCenterCreationDate", midnight(date(2014, 11, 17)));
        for name in [
            "IsBlkdForPrimaryCostsPosting",
            "IsBlockedForCommitmentPosting",
            "IsBlockedForPlanPrimaryCosts",
        ] {
            row.set(name, Edm::text(block));
        }
        row.set("IsBlockedForRevenuePosting", Edm::text("X"));
        row
    }

    fn texts(&self) -> Vec<Row> {
        let center = self.center;
        let text = |language, name, description| {
            Row::default()
                .with("CostCenter", Edm::text(center.number))
                .with("ControllingArea", Edm::text(CONTROLLING_AREA))
                .with("Language", Edm::text(language))
                .with("ValidityEndDate", midnight(self.end))
                .with("ValidityStartDate", midnight(self.start))
                .with("CostCenterName", Edm::text(name))
                .with("CostCenterDescription", Edm::text(description))
        };
        vec![
            text("DE", center.german.0, center.german.1),
            text("EN", center.name, center.description),
        ]
    }
}

fn midnight(day: Date) -> Edm {
    milliseconds(day.at(0, 0, 0, 0)).map_or(Edm::Null, Edm::DateTime)
}

/// Plan rows and postings as they are made up, in key order.
struct Postings {
    dice: Dice,
    plan: Vec<Row>,
    journal: Vec<Row>,
}

/// What the rows of one month and account share.
#[derive(Clone, Copy)]
struct Month {
    center: &'static CostCenter,
    account: (&'static str, &'static str),
    year: i16,
    period: i8,
}

impl Postings {
    fn month(&mut self, center: &'static CostCenter, year: i16, period: i8, is_over: bool) {
        for account in ACCOUNTS {
            let month = Month {
                center,
                account: *account,
                year,
                period,
            };
            let usual = center.monthly_hundreds.unwrap_or(60);
            let planned = usual * self.dice.between(85, 115) / 100;
            let forecast = planned * self.dice.between(90, 112) / 100;
            if center.monthly_hundreds.is_some() {
                for ledger in [LEDGER, SECOND_LEDGER] {
                    self.planned(month, ledger, PLAN, planned);
                    self.planned(month, ledger, FORECAST, forecast);
                }
            }
            if is_over {
                self.posted(month, planned * 100 * 100);
            }
        }
    }

    fn planned(&mut self, month: Month, ledger: &'static str, category: &'static str, hundreds: i64) {
        let id = format!("{:010}", self.plan.len() + 1);
        let row = month
            .row(ledger)
            .with("ID", Edm::text(id))
            .with("PlanningCategory", Edm::text(category))
            .with(
                "AmountInCompanyCodeCurrency",
                Edm::Decimal(Decimal::new(hundreds * 100 * 100, 2)),
            );
        self.plan.push(row);
    }

    /// Some postings around the plan, now and then with one taken back.
    fn posted(&mut self, month: Month, planned_cents: i64) {
        let count = self.dice.between(1, 4);
        let total = planned_cents * self.dice.between(70, 118) / 100;
        for number in 1..=count {
            let cents = total / count + self.dice.between(-99, 99);
            self.post(month, cents);
            if number == 1 && self.dice.chance(6) {
                self.post(month, -cents);
                self.post(month, cents);
            }
        }
    }

    fn post(&mut self, month: Month, cents: i64) {
        for ledger in [LEDGER, SECOND_LEDGER] {
            let id = format!("{:020}", self.journal.len() + 1);
            let amount = Edm::Decimal(Decimal::new(cents, 2));
            let row = month
                .row(ledger)
                .with("ID", Edm::text(id))
                .with("GLAccountName", Edm::text(month.account.1))
                .with("CostCenterName", Edm::text(month.center.name))
                .with("FunctionalArea", Edm::text("YB10"))
                .with("TransactionCurrency", Edm::text("EUR"))
                .with("AmountInTransactionCurrency", amount.clone())
                .with("AmountInCompanyCodeCurrency", amount)
                .with("FiscalYearVariant", Edm::text("K4"))
                .with("ChartOfAccounts", Edm::text("YCOA"))
                .with("Plant", Edm::text(month.center.plant))
                .with(
                    "ControllingDebitCreditCode",
                    Edm::text(if cents < 0 { "H" } else { "S" }),
                );
            self.journal.push(row);
        }
    }
}

impl Month {
    fn row(&self, ledger: &'static str) -> Row {
        Row::default()
            .with("Ledger", Edm::text(ledger))
            .with("LedgerFiscalYear", Edm::text(self.year.to_string()))
            .with("FiscalPeriod", Edm::text(format!("{:03}", self.period)))
            .with(
                "FiscalYearPeriod",
                Edm::text(format!("{}{:03}", self.year, self.period)),
            )
            .with("CompanyCode", Edm::text(COMPANY_CODE))
            .with("ControllingArea", Edm::text(CONTROLLING_AREA))
            .with("CostCenter", Edm::text(self.center.number))
            .with("ProfitCenter", Edm::text(format!("000000{}", self.center.plant)))
            .with("GLAccount", Edm::text(self.account.0))
            .with("CompanyCodeCurrency", Edm::text("EUR"))
    }
}
