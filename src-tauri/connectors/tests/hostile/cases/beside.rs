//! What is asked beside a list: the worth of stock, plan and journal of cost centres, the description of a service, what a MES
//! offers. The list is told all the same where it can be.

use std::time::Duration;

use andon_domain::PortErrorKind::{Protocol, Rejected, TimedOut, Unauthorized, Unavailable};
use serde_json::Value;

use super::{Case, Expected, body, healthy, whole};
use crate::systems::Read;
use crate::upstream::{Asked, Step, answer, head, json};

const STOCK: &[Read] = &[Read::Inventory];
const CENTERS: &[Read] = &[Read::CostCenters];
/// What not every MES has, so that it is asked whether it has it.
const OPTIONAL: &[Read] = &[Read::History, Read::Calendar];

/// The rows.
pub(super) fn rows() -> Vec<Case> {
    let mut all = stock();
    all.extend(centers());
    all.extend(descriptions());
    all.extend(offers());
    all
}

fn stock() -> Vec<Case> {
    let beside = |name, steps: fn(&Asked) -> Vec<Step>| {
        whole(
            name,
            STOCK,
            Expected::Shown(is_stock_without_value),
            move |read, asked| match asked.target.contains("A_ProductValuation") {
                true => steps(asked),
                false => healthy(read),
            },
        )
    };
    vec![
        beside("valuations never come", |_| vec![Step::Stall]),
        beside("valuations are a page of HTML", |_| body("<html>no</html>")),
        beside("valuations are refused", |_| answer(403, &[], b"")),
        beside("valuations have no end", |_| {
            let begin = head(200, &[("content-type", "application/json")]);
            vec![
                Step::Say(begin.into_bytes()),
                Step::Repeat(b" ".repeat(64 * 1024)),
            ]
        }),
        beside("valuations price stock for nothing and in nothing", |_| {
            json(
                r#"{"d":{"results":[{"Product":"HX-220","ValuationArea":"1010","InventoryValuationProcedure":"S","StandardPrice":"12.34","PriceUnitQty":"0","Currency":null}]}}"#,
            )
        }),
        beside("valuations lead on from page to page", lead_on).calls(1_100),
    ]
}

/// An empty page and a link to another one.
fn lead_on(asked: &Asked) -> Vec<Step> {
    let target = asked.target.split('?').next().unwrap_or_default();
    json(&format!(
        r#"{{"d":{{"results":[],"__next":"{target}?$skiptoken={}"}}}}"#,
        asked.number
    ))
}

fn is_stock_without_value(records: &[Value]) -> Result<(), String> {
    match records {
        [row] if row["quantity"] == "10" && row["value_estimate"].is_null() => Ok(()),
        other => Err(format!("not the stock alone: {other:?}")),
    }
}

/// A description with everything that amounts are read by.
const AMOUNTS: &str = r#"<?xml version="1.0"?><edmx:Edmx Version="1.0" xmlns:edmx="x"><edmx:DataServices><Schema Namespace="NS">
<EntityType Name="T"><Property Name="CostCenter" Type="Edm.String"/><Property Name="LedgerFiscalYear" Type="Edm.String"/>
<Property Name="AmountInCompanyCodeCurrency" Type="Edm.Decimal"/><Property Name="PlanningCategory" Type="Edm.String"/>
<Property Name="Ledger" Type="Edm.String"/><Property Name="CompanyCodeCurrency" Type="Edm.String"/></EntityType>
<EntityContainer Name="c"><EntitySet Name="A_FinPlanningEntryItem" EntityType="NS.T"/>
<EntitySet Name="A_JournalEntryItemBasic" EntityType="NS.T"/></EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"#;

fn centers() -> Vec<Case> {
    let beside = |name, steps: fn(&Asked) -> Vec<Step>| {
        whole(
            name,
            CENTERS,
            Expected::Shown(is_center_without_amounts),
            move |read, asked| {
                let is_amount = asked.target.contains("API_FIN") || asked.target.contains("API_JOURNAL");
                match (is_amount, asked.target.contains("$metadata")) {
                    (true, true) => answer(200, &[("content-type", "application/xml")], AMOUNTS.as_bytes()),
                    (true, false) => steps(asked),
                    _ => healthy(read),
                }
            },
        )
    };
    vec![
        beside("plan and journal never come", |_| vec![Step::Stall]),
        beside("plan and journal are no OData", |_| body("[]")),
        beside("plan and journal tell amounts nobody can add", |_| {
            json(
                r#"{"d":{"results":[{"CostCenter":"4711","LedgerFiscalYear":"2026","Ledger":"0L","PlanningCategory":"PLN","CompanyCodeCurrency":"EUR","AmountInCompanyCodeCurrency":"1e400"}]}}"#,
            )
        }),
        beside("plan and journal tell of other years only", |_| {
            json(
                r#"{"d":{"results":[{"CostCenter":"4711","LedgerFiscalYear":"1999","Ledger":"0L","PlanningCategory":"PLN","CompanyCodeCurrency":"EUR","AmountInCompanyCodeCurrency":"5.00"}]}}"#,
            )
        }),
        // A thousand pages for each of the two, and no smaller parts after them.
        beside("plan and journal lead on from page to page", lead_on).calls(2_100),
    ]
}

fn is_center_without_amounts(records: &[Value]) -> Result<(), String> {
    match records {
        [row] if row["cost_center"] == "4711" && row["budget"].is_null() && row["actual"].is_null() => Ok(()),
        other => Err(format!("not the cost center alone: {other:?}")),
    }
}

/// A list that is refused for a field it may lack, and a description that does not help.
fn descriptions() -> Vec<Case> {
    let described = |name, steps: fn() -> Vec<Step>| {
        whole(
            name,
            &[Read::PurchaseOrders, Read::Materials],
            Expected::Error(&[Rejected]),
            move |_, asked| match asked.target.contains("$metadata") {
                true => steps(),
                false => answer(
                    400,
                    &[("content-type", "application/json")],
                    br#"{"error":{"code":"/IWBEP/X","message":{"lang":"en","value":"no such field"}}}"#,
                ),
            },
        )
    };
    vec![
        described("a description with entities within entities", || {
            let laughs: String = (1..30)
                .map(|n| format!("<!ENTITY l{n} \"&l{};&l{};\">", n - 1, n - 1))
                .collect();
            body(format!(
                "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY l0 \"ha\">{laughs}]><x>&l29;</x>"
            ))
        }),
        described("a description that asks for a file", || {
            body("<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><x>&f;</x>")
        }),
        described("a description without end", || {
            let begin = head(200, &[("content-type", "application/xml")]);
            vec![
                Step::Say(begin.into_bytes()),
                Step::Repeat(b"<Schema>".repeat(8 * 1024)),
            ]
        }),
        described("a description of a hundred thousand sets", || {
            let sets: String = (0..60_000)
                .map(|n| format!("<EntitySet Name=\"S{n}\" EntityType=\"N.T\"/>"))
                .collect();
            body(format!(
                "<Edmx><Schema><EntityContainer>{sets}</EntityContainer></Schema></Edmx>"
            ))
        }),
        Case {
            is_refused_logon: true,
            ..described("a description that is a logon page", || {
                body("<html>logon</html>")
            })
        },
    ]
}

/// A MES that is asked what it offers.
fn offers() -> Vec<Case> {
    let offering = |name, expected, steps: fn(&Asked) -> Vec<Step>| {
        whole(name, OPTIONAL, expected, move |read, asked| {
            match asked.target.contains("/health") {
                true => steps(asked),
                false => healthy(read),
            }
        })
    };
    vec![
        offering(
            "says what it offers in HTML",
            Expected::Error(&[Protocol, Unauthorized]),
            |_| body("<html>well</html>"),
        ),
        offering(
            "never says what it offers",
            Expected::Error(&[TimedOut, Unavailable]),
            |_| vec![Step::Wait(Duration::from_millis(10)), Step::Stall],
        ),
        offering("offers without end", Expected::Error(&[Protocol]), |_| {
            let begin = head(200, &[("content-type", "application/json")]);
            vec![
                Step::Say(begin.into_bytes()),
                Step::Say(b"{\"capabilities\":[".to_vec()),
                Step::Repeat(b"\"calendar\",".repeat(4 * 1024)),
            ]
        }),
    ]
}
