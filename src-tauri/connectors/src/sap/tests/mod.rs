//! The SAP connection against a server that is not always SAP.

mod costs;
mod doctor;
mod faults;
mod feeds;
mod health;
mod hostile_writing;
mod inventory;
mod limits;
mod materials;
mod names;
mod reading;
mod writing;

use std::sync::Arc;
use std::time::Duration;

use andon_domain::CanonicalJson;
use andon_domain::operations::find;
use serde_json::{Value, json};

use super::*;
use crate::sap::catalog::{EntitySet, PURCHASE_ORDER_ITEM, SCHEDULE};
use crate::sap::metadata::tests::document;
use crate::stranger::{Fixed, Reply, Seen, Stranger, noon};
use crate::transport::{AuthKind, Limits};

const ROOT: &str = "/sap/opu/odata/sap/API_PURCHASEORDER_PROCESS_SRV/";

fn config(server: &Stranger) -> SapConfig {
    let mut config = SapConfig::new(
        server.url.clone(),
        AuthKind::Basic {
            username: "ANDON".to_owned(),
        },
    );
    config.client = Some("100".to_owned());
    config.limits = Limits {
        back_off: Duration::from_millis(1),
        idle: Duration::from_secs(2),
        total: Duration::from_secs(4),
        ..Limits::default()
    };
    config
}

fn sap(server: &Stranger) -> Arc<Sap> {
    Sap::new(config(server), Fixed::new(Some("secret")), noon()).unwrap()
}

fn parameters(operation: &str, value: &Value) -> CanonicalJson {
    (find(operation).unwrap().validate)(value).unwrap()
}

async fn orders(sap: &Arc<Sap>, value: &Value) -> Result<andon_domain::ports::Fetched, PortError> {
    sap.purchase_orders_read()
        .read(&parameters("sap.get_purchase_orders", value))
        .await
}

fn order(number: usize) -> Value {
    json!({"PurchaseOrder": format!("45{number:08}"), "Supplier": "0000100482", "DocumentCurrency": "EUR",
        "PurchasingProcessingStatus": "02", "PurchaseOrderDate": "/Date(1782086400000)/",
        "to_PurchaseOrderItem": {"results": [{"PurchaseOrderItem": "00010", "Material": "HX-220", "Plant": "1010",
            "OrderQuantity": "10.000", "NetPriceAmount": "12.34", "NetPriceQuantity": "1"}]}})
}

fn page(rows: &[Value], count: Option<usize>, next: Option<&str>) -> Reply {
    let mut d = json!({"results": rows});
    if let Some(count) = count {
        d["__count"] = json!(count.to_string());
    }
    if let Some(next) = next {
        d["__next"] = json!(next);
    }
    Reply::json(200, &json!({"d": d}))
}

/// The part of all rows that a page asks for by `$skip` and `$top`, counted.
fn window(seen: &Seen, rows: Vec<Value>) -> Reply {
    let skip = seen.query("$skip").parse().unwrap_or(0);
    let top = seen.query("$top").parse().unwrap_or(usize::MAX);
    let count = rows.len();
    page(
        &rows.into_iter().skip(skip).take(top).collect::<Vec<_>>(),
        Some(count),
        None,
    )
}

async fn read(
    operation: &str,
    read: Arc<dyn ReadOperation>,
    value: &Value,
) -> Result<andon_domain::ports::Fetched, PortError> {
    read.read(&parameters(operation, value)).await
}

/// The service a request is for, by SAP's own paths.
fn service_of(seen: &Seen) -> Service {
    let is_it = |service: &Service| seen.path.contains(&format!("/{}/", service.standard_path()));
    Service::ALL.into_iter().find(is_it).unwrap()
}

/// The description of a service that has everything that is read; a minus before a field forbids conditions on it, and what
/// `change` drops is not there.
fn description_of(service: Service, change: impl Fn(&'static str) -> Option<String>) -> String {
    let mut sets: Vec<&'static EntitySet> = service.sets().to_vec();
    let targets = service
        .sets()
        .iter()
        .flat_map(|set| set.navigations.iter().map(|to| to.target));
    for target in targets {
        if !sets.iter().any(|set| set.name == target.name) {
            sets.push(target);
        }
    }
    if service == Service::PurchaseOrders {
        sets.push(SCHEDULE.target);
    }
    let fields: Vec<(&str, Vec<String>)> = sets
        .iter()
        .map(|set| {
            let mut names: Vec<_> = set
                .order
                .iter()
                .chain(set.needed)
                .chain(set.useful)
                .copied()
                .collect();
            names.sort_unstable();
            names.dedup();
            (set.name, names.into_iter().filter_map(&change).collect())
        })
        .collect();
    let texts: Vec<(&str, Vec<&str>)> = fields
        .iter()
        .map(|(set, names)| (*set, names.iter().map(String::as_str).collect()))
        .collect();
    let types: Vec<(&str, &[&str])> = texts
        .iter()
        .map(|(set, names)| (*set, names.as_slice()))
        .collect();
    let mut links: Vec<(&str, &str, &str)> = sets
        .iter()
        .flat_map(|set| {
            set.navigations
                .iter()
                .map(|to| (set.name, to.name, to.target.name))
        })
        .collect();
    if service == Service::PurchaseOrders {
        links.push((PURCHASE_ORDER_ITEM.name, SCHEDULE.name, SCHEDULE.target.name));
    }
    document(&types, &links)
}

fn metadata(body: String) -> Reply {
    Reply::with(200, &[("content-type", "application/xml")], body)
}

fn not_active() -> Reply {
    Reply::json(
        404,
        &json!({"error": {"code": "/IWFND/MED/170", "message": {"value": "No service found for namespace"}}}),
    )
}

fn is_metadata(seen: &Seen) -> bool {
    seen.path.ends_with("$metadata")
}
