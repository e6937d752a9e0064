//! Creates a purchase order by one POST with its items in it, and finds it again when the answer was lost.
//!
//! The POST is never repeated after it may have reached SAP. The one repeat is after `X-CSRF-Token: Required`, with which
//! SAP says that it did not look at the order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use andon_approvals::{
    ApplyOutcome, ApprovedChange, ChangeReference, Current, Precondition, PreconditionState, Receipt,
    Reconciled, WriteOperation,
};
use andon_domain::operations::{CreatePurchaseOrder, CreatePurchaseOrderItem};
use andon_domain::records::{StockRow, StockType};
use andon_domain::text::visible;
use andon_domain::{Amount, CanonicalJson, PortError, PortErrorKind, System};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::{Map, Value, json};

use super::catalog::PURCHASE_ORDER;
use super::fault::{self, SapError, code};
use super::filter::Filter;
use super::names::{Names, Service};
use super::reader::{Fields, Query, parse};
use super::rows::OrderRow;
use super::session::wants_token;
use super::wire::Envelope;
use super::{Sap, in_time, stock, typed};
use crate::transport::{Answer, AuthKind, Call, Failure, Sent};

/// Stock reads of one check at the same time.
const READS_AT_ONCE: usize = 6;

/// `sap.create_purchase_order`.
pub(super) struct CreatePurchaseOrderWrite(pub(super) Arc<Sap>);

#[async_trait]
impl WriteOperation for CreatePurchaseOrderWrite {
    async fn check(&self, parameters: &CanonicalJson) -> Result<Vec<Precondition>, PortError> {
        let order: CreatePurchaseOrder = typed(System::Sap, parameters)?;
        let until = self.0.read_until();
        let mut found = vec![in_time(until, supplier_is_known(&self.0, &order.supplier)).await?];
        for ((material, plant), stock) in in_time(until, stocks(&self.0, &order)).await? {
            found.push(Precondition {
                rule: "sap-02".to_owned(),
                label: format!("material {material} is kept in plant {plant}"),
                state: if stock.is_empty() {
                    PreconditionState::Warning
                } else {
                    PreconditionState::Passed
                },
                detail: stock
                    .is_empty()
                    .then(|| "SAP has no stock record of it there".to_owned()),
            });
        }
        found.extend(dates_are_ahead(&self.0, &order));
        Ok(found)
    }

    async fn current(&self, parameters: &CanonicalJson) -> Result<Current, PortError> {
        let order: CreatePurchaseOrder = typed(System::Sap, parameters)?;
        let mut values = BTreeMap::new();
        for ((material, plant), rows) in in_time(self.0.read_until(), stocks(&self.0, &order)).await? {
            let own = rows
                .iter()
                .filter(|row| row.special_stock.is_none() && row.stock_type == StockType::Unrestricted);
            let own: Vec<_> = own.collect();
            let sum = own
                .iter()
                .try_fold(Amount::ZERO, |sum, row| sum.checked_add(row.quantity?));
            let unit = own.iter().find_map(|row| row.unit.as_deref()).unwrap_or_default();
            let text = match (own.is_empty(), sum) {
                (true, _) => "none".to_owned(),
                (false, Some(sum)) => format!("{sum} {unit}").trim().to_owned(),
                (false, None) => "not known exactly".to_owned(),
            };
            for (i, item) in order.items.iter().enumerate() {
                if item.material == material && item.plant == plant {
                    values.insert(format!("items[{i}].unrestricted_stock"), text.clone());
                }
            }
        }
        Ok(Current {
            values,
            target_version: None,
        })
    }

    async fn apply(&self, change: ApprovedChange) -> ApplyOutcome {
        let order: CreatePurchaseOrder = match typed(System::Sap, change.parameters()) {
            Ok(order) => order,
            Err(error) => return ApplyOutcome::NotSent(error),
        };
        let sap = &self.0;
        let names = &sap.config.names;
        let body = match body(&order, change.external_reference(), names) {
            Ok(body) => Bytes::from(body.to_string()),
            Err(error) => return ApplyOutcome::NotSent(error),
        };
        let mut turn = sap.turn().await;
        for _ in 0..2 {
            let session = match sap.session(&mut turn, Service::PurchaseOrders).await {
                Ok(session) => session,
                Err(error) => return ApplyOutcome::NotSent(error),
            };
            let mut call = Call::new(sap.address(Service::PurchaseOrders, set(names), &[]))
                .header("accept", "application/json")
                .header("accept-language", &sap.config.language)
                .header("content-type", "application/json");
            call.body = Some(body.clone());
            match sap.transport.post(&session.sign(call)).await {
                // SAP looked at the token only, so sending the order again is safe, once.
                Ok(answer) if wants_token(&answer) => *turn = None,
                Ok(answer) => {
                    let outcome = outcome(&answer, names);
                    if let ApplyOutcome::Refused { .. } = &outcome {
                        let (detail, reference) =
                            (fault::failure(&answer).detail, change.external_reference());
                        tracing::warn!(reference, detail, "SAP refused a purchase order");
                    }
                    return outcome;
                }
                Err(Failure {
                    error,
                    sent: Sent::No,
                    ..
                }) => return ApplyOutcome::NotSent(error),
                Err(Failure {
                    error,
                    sent: Sent::Maybe,
                    ..
                }) => return ApplyOutcome::Unknown(unknown(error)),
            }
        }
        let error = PortError::new(
            System::Sap,
            PortErrorKind::Protocol,
            "does not accept the token it gave for writing",
        );
        ApplyOutcome::NotSent(error)
    }

    async fn reconcile(&self, reference: &ChangeReference) -> Result<Reconciled, PortError> {
        let filter = Filter::default().equals("CorrespncExternalReference", &reference.external_reference);
        let query = plain(
            filter,
            &["PurchaseOrder", "Supplier", "CorrespncExternalReference"],
        );
        let found = in_time(self.0.read_until(), self.0.rows::<OrderRow>(&query, 20)).await?;
        // SAP is asked by equality; compared again, so that a system that ignores the filter cannot mislead us.
        let wanted = Some(reference.external_reference.as_str());
        let ours = found
            .rows
            .into_iter()
            .filter(|row| row.correspnc_external_reference.0.as_deref() == wanted);
        let numbers: Vec<String> = ours.filter_map(|row| row.purchase_order.0).collect();
        Ok(match numbers.as_slice() {
            [] => Reconciled::NotFound,
            [number] => Reconciled::Found(receipt(number, Vec::new(), "found by its reference")),
            _ => Reconciled::Several(numbers),
        })
    }

    fn endpoint_fingerprint(&self) -> [u8; 32] {
        let sap = &self.0;
        let root = sap.service_root(Service::PurchaseOrders);
        let user = match &sap.config.auth {
            AuthKind::Basic { username } => username.as_str(),
            AuthKind::OAuth2 { client_id, .. } => client_id.as_str(),
            _ => "",
        };
        let mut target = json!({
            "system": "sap",
            "origin": root.origin().ascii_serialization(),
            "path": root.path(),
            "client": sap.config.client,
            "user": user,
        });
        if let Some(own) = sap.config.names.0.get(&Service::PurchaseOrders) {
            // Which field a value goes into is part of where it goes.
            target["sets"] = json!(own.sets);
            target["fields"] = json!(own.fields);
        }
        CanonicalJson::from_value(&target)
            .expect("short texts have a canonical form")
            .sha256()
    }
}

fn plain(filter: Filter, fields: &'static [&'static str]) -> Query {
    Query::new(Service::PurchaseOrders, &PURCHASE_ORDER, filter).fields(Fields::Only(fields))
}

/// What the system calls the set of orders.
fn set(names: &Names) -> &str {
    names.set(Service::PurchaseOrders, PURCHASE_ORDER.name)
}

/// Stock of every material and plant of the order, a few at a time.
async fn stocks(
    sap: &Sap,
    order: &CreatePurchaseOrder,
) -> Result<Vec<((String, String), Vec<StockRow>)>, PortError> {
    let wanted: BTreeSet<_> = order
        .items
        .iter()
        .map(|item| (item.material.clone(), item.plant.clone()))
        .collect();
    let reads = wanted.into_iter().map(|(material, plant)| async move {
        let rows = stock::of_material(sap, &material, &plant).await?;
        Ok(((material, plant), rows))
    });
    futures_util::stream::iter(reads)
        .buffered(READS_AT_ONCE)
        .try_collect()
        .await
}

async fn supplier_is_known(sap: &Sap, supplier: &str) -> Result<Precondition, PortError> {
    let filter = Filter::default().key_if("Supplier", Some(&supplier.to_owned()), &[10]);
    let known = !sap
        .rows::<OrderRow>(&plain(filter, &["PurchaseOrder"]), 1)
        .await?
        .rows
        .is_empty();
    Ok(Precondition {
        rule: "sap-01".to_owned(),
        label: format!("supplier {supplier} has supplied before"),
        state: if known {
            PreconditionState::Passed
        } else {
            PreconditionState::Warning
        },
        detail: (!known)
            .then(|| "SAP has no purchase order of this supplier that the connection may see".to_owned()),
    })
}

fn dates_are_ahead(sap: &Sap, order: &CreatePurchaseOrder) -> Option<Precondition> {
    let dates: Vec<_> = order
        .items
        .iter()
        .filter_map(|item| item.delivery_date.as_deref())
        .collect();
    let today = sap.clock.now().to_string();
    // Dates and times compare as text; a day's slack, since the plant's zone is not known here.
    let yesterday = sap
        .clock
        .now()
        .minus(std::time::Duration::from_secs(86_400))
        .to_string();
    let past = dates
        .iter()
        .find(|date| **date < yesterday.get(..10).unwrap_or(&today));
    let first = dates.first()?;
    Some(Precondition {
        rule: "sap-03".to_owned(),
        label: format!("delivery date {} is not in the past", past.unwrap_or(first)),
        state: if past.is_some() {
            PreconditionState::Failed
        } else {
            PreconditionState::Passed
        },
        detail: past.map(|_| "SAP refuses dates in the past".to_owned()),
    })
}

/// The body: approved values and nothing else, decimals as texts exactly as approved, under the names of the system. A value
/// for which the system has no field is a failure: to leave it out would order something else than was approved.
fn body(order: &CreatePurchaseOrder, external_reference: &str, names: &Names) -> Result<Value, PortError> {
    let mut items = Vec::with_capacity(order.items.len());
    for (i, item) in order.items.iter().enumerate() {
        items.push(item_body(item, (i + 1) * 10, names)?);
    }
    let mut header = Body::new(names);
    header.put("CompanyCode", json!(order.company_code))?;
    header.put("PurchaseOrderType", json!("NB"))?;
    header.put("Supplier", json!(order.supplier))?;
    header.put("PurchasingOrganization", json!(order.purchasing_organization))?;
    header.put("PurchasingGroup", json!(order.purchasing_group))?;
    header.put("DocumentCurrency", json!(order.currency))?;
    if let Some(terms) = &order.payment_terms {
        header.put("PaymentTerms", json!(terms))?;
    }
    header.put("CorrespncExternalReference", json!(external_reference))?;
    header.put("to_PurchaseOrderItem", Value::Array(items))?;
    Ok(Value::Object(header.fields))
}

fn item_body(item: &CreatePurchaseOrderItem, number: usize, names: &Names) -> Result<Value, PortError> {
    let mut body = Body::new(names);
    body.put("PurchaseOrderItem", json!(number.to_string()))?;
    body.put("Material", json!(item.material))?;
    body.put("Plant", json!(item.plant))?;
    if let Some(location) = &item.storage_location {
        body.put("StorageLocation", json!(location))?;
    }
    body.put("OrderQuantity", json!(item.quantity.to_string()))?;
    body.put("PurchaseOrderQuantityUnit", json!(item.unit))?;
    body.put("NetPriceAmount", json!(item.net_price.to_string()))?;
    body.put("NetPriceQuantity", json!(item.price_unit.to_string()))?;
    let date = item
        .delivery_date
        .as_deref()
        .and_then(|date| date.parse::<jiff::civil::Date>().ok());
    if let Some(midnight) = date.and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok()) {
        let mut line = Body::new(names);
        let millis = midnight.timestamp().as_millisecond();
        line.put("ScheduleLineDeliveryDate", json!(format!("/Date({millis})/")))?;
        line.put("ScheduleLineOrderQuantity", json!(item.quantity.to_string()))?;
        body.put("to_ScheduleLine", json!([line.fields]))?;
    }
    Ok(Value::Object(body.fields))
}

/// A body under construction.
struct Body<'n> {
    names: &'n Names,
    fields: Map<String, Value>,
}

impl<'n> Body<'n> {
    fn new(names: &'n Names) -> Self {
        let fields = Map::new();
        Self { names, fields }
    }

    fn put(&mut self, standard: &'static str, value: Value) -> Result<(), PortError> {
        let Some(name) = self.names.field(Service::PurchaseOrders, standard) else {
            let message = format!(
                "has no field {standard} by the configuration, so the order cannot be created as approved"
            );
            let error = PortError::new(System::Sap, PortErrorKind::Invalid, message);
            return Err(PortError { attempts: 0, ..error }.code(code::NO_FIELD));
        };
        self.fields.insert(name.to_owned(), value);
        Ok(())
    }
}

fn outcome(answer: &Answer, names: &Names) -> ApplyOutcome {
    match answer.status {
        200..=299 if fault::is_web_page(answer) => ApplyOutcome::Unknown(unknown(fault::failure(answer))),
        200..=299 => match created_number(answer, names) {
            Some(number) => {
                let warnings = fault::warnings(answer.header("sap-message"));
                ApplyOutcome::Succeeded(receipt(&number, warnings, "created"))
            }
            None => {
                let message = "accepted the order but answered without its number";
                ApplyOutcome::Unknown(answer.failure(System::Sap, PortErrorKind::OutcomeUnknown, message))
            }
        },
        400..=499 => match SapError::read(&answer.body) {
            Some(error) => {
                let message = if error.message.is_empty() {
                    "no reason given".to_owned()
                } else {
                    error.message
                };
                ApplyOutcome::Refused {
                    code: error.code,
                    message,
                }
            }
            // These statuses mean by themselves that nothing was done, whoever answered.
            None if matches!(answer.status, 403 | 404 | 405 | 413 | 415 | 429) => ApplyOutcome::Refused {
                code: answer.status.to_string(),
                message: fault::failure(answer).message,
            },
            None => ApplyOutcome::Unknown(unknown(fault::failure(answer))),
        },
        // A failing or redirecting server may have done it: only a read-back tells.
        _ => ApplyOutcome::Unknown(unknown(fault::failure(answer))),
    }
}

fn unknown(error: PortError) -> PortError {
    PortError {
        kind: PortErrorKind::OutcomeUnknown,
        ..error
    }
}

/// The number SAP gave: from the body, else from `Location`.
fn created_number(answer: &Answer, names: &Names) -> Option<String> {
    let body = names.to_standard(Service::PurchaseOrders, fault::without_bom(&answer.body));
    let in_body = parse::<Envelope<OrderRow>>(answer, &body)
        .ok()
        .and_then(|envelope| envelope.d.purchase_order.0);
    let in_location = || {
        let key = format!("{}('", set(names));
        let (_, rest) = answer.header("location").rsplit_once(key.as_str())?;
        rest.split_once('\'').map(|(number, _)| number.to_owned())
    };
    let number = in_body.or_else(in_location)?;
    (!number.is_empty() && number.len() <= 10 && number.bytes().all(|b| b.is_ascii_alphanumeric()))
        .then_some(number)
}

fn receipt(number: &str, warnings: Vec<String>, what: &str) -> Receipt {
    let number = visible(number, 20);
    Receipt {
        message: format!("Purchase order {number} {what} in SAP"),
        detail: json!({"purchase_order": number}),
        reference: number,
        warnings,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_has_the_approved_values_and_nothing_else() {
        let order: CreatePurchaseOrder = serde_json::from_value(json!({
            "company_code": "1000", "purchasing_organization": "1000", "purchasing_group": "001", "supplier": "0000100482",
            "currency": "EUR", "items": [
                {"material": "HX-220", "plant": "1010", "quantity": "10.000", "unit": "PC", "net_price": "12.34"},
                {"material": "B", "plant": "1010", "storage_location": "0001", "quantity": "1", "unit": "PC",
                 "net_price": "5", "price_unit": "100", "delivery_date": "2026-12-24"}]
        }))
        .unwrap();
        assert_eq!(
            body(&order, "AN0123456789", &Names::default()).unwrap(),
            json!({"CompanyCode": "1000", "PurchaseOrderType": "NB", "Supplier": "0000100482",
                "PurchasingOrganization": "1000", "PurchasingGroup": "001", "DocumentCurrency": "EUR",
                "CorrespncExternalReference": "AN0123456789", "to_PurchaseOrderItem": [
                    {"PurchaseOrderItem": "10", "Material": "HX-220", "Plant": "1010", "OrderQuantity": "10.000",
                     "PurchaseOrderQuantityUnit": "PC", "NetPriceAmount": "12.34", "NetPriceQuantity": "1"},
                    {"PurchaseOrderItem": "20", "Material": "B", "Plant": "1010", "StorageLocation": "0001",
                     "OrderQuantity": "1", "PurchaseOrderQuantityUnit": "PC", "NetPriceAmount": "5",
                     "NetPriceQuantity": "100", "to_ScheduleLine": [{"ScheduleLineDeliveryDate": "/Date(1798070400000)/",
                     "ScheduleLineOrderQuantity": "1"}]}]})
        );
    }
}
