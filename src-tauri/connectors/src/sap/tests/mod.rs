//! The SAP connection against a server that is not always SAP.

mod health;
mod reading;
mod writing;

use std::sync::Arc;
use std::time::Duration;

use andon_domain::CanonicalJson;
use andon_domain::operations::find;
use serde_json::{Value, json};

use super::*;
use crate::stranger::{Fixed, Reply, Stranger, noon};
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
