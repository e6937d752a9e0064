//! Holds and releases production orders.

use std::collections::BTreeMap;
use std::sync::Arc;

use andon_approvals::{
    ApplyOutcome, ApprovedChange, ChangeReference, Current, Precondition, Receipt, Reconciled, WriteOperation,
};
use andon_domain::operations::ChangeProductionOrder;
use andon_domain::records::{ProductionOrder, ProductionOrderStatus};
use andon_domain::text::visible;
use andon_domain::{CanonicalJson, PortError, PortErrorKind, System};
use async_trait::async_trait;
use serde_json::json;

use super::{
    Changed, Command, fingerprint, is_still_at, precondition, reading, reconcile, send, takes_commands,
};
use crate::mes::Mes;
use crate::mes::lists::{Ask, Listed, MAX_FEED, problem};
use crate::mes::offers::Part;
use crate::mes::reads::{ALL_ORDERS, LIMIT};
use crate::mes::records::Versioned;
use crate::sap::typed;

/// What happens to the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mes) enum OrderStep {
    /// It is put on hold.
    Hold,
    /// It may be started, or goes on.
    Release,
}

impl OrderStep {
    const fn path(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Release => "release",
        }
    }

    const fn is_possible_from(self, status: ProductionOrderStatus) -> bool {
        use ProductionOrderStatus::{Active, Paused, Planned, Released};
        match self {
            Self::Hold => matches!(status, Released | Active),
            Self::Release => matches!(status, Planned | Paused),
        }
    }

    const fn possible_from(self) -> &'static str {
        match self {
            Self::Hold => "released or active",
            Self::Release => "planned or paused",
        }
    }
}

/// `mes.hold_production_order` and `mes.release_production_order`.
pub(in crate::mes) struct OrderCommand {
    pub(in crate::mes) mes: Arc<Mes>,
    pub(in crate::mes) step: OrderStep,
}

#[async_trait]
impl WriteOperation for OrderCommand {
    async fn check(&self, parameters: &CanonicalJson) -> Result<Vec<Precondition>, PortError> {
        let wanted: ChangeProductionOrder = typed(System::Mes, parameters)?;
        let takes = takes_commands(&self.mes).await?;
        if takes.detail.is_some() {
            return Ok(vec![takes]);
        }
        let name = format!("production order {}", wanted.order_id);
        let label = format!("{name} is known to the MES");
        let Some(order) = order(&self.mes, &wanted.order_id).await? else {
            let against = Some("the MES has no such order".to_owned());
            return Ok(vec![takes, precondition("mes-02", label, against)]);
        };
        let against = (!self.step.is_possible_from(order.status)).then(|| format!("it is {}", state(&order)));
        Ok(vec![
            takes,
            precondition("mes-02", label, None),
            is_still_at(&order, &name, wanted.version),
            precondition(
                "mes-04",
                format!("{name} is {}", self.step.possible_from()),
                against,
            ),
        ])
    }

    async fn current(&self, parameters: &CanonicalJson) -> Result<Current, PortError> {
        let wanted: ChangeProductionOrder = typed(System::Mes, parameters)?;
        let order = order(&self.mes, &wanted.order_id).await?.ok_or_else(|| {
            let message = format!("has no such order: {}", visible(&wanted.order_id, 60));
            Mes::failure(PortErrorKind::NotFound, &message)
        })?;
        Ok(Current {
            values: BTreeMap::from([("status".to_owned(), state(&order))]),
            target_version: Some(order.version.to_string()),
        })
    }

    async fn apply(&self, change: ApprovedChange) -> ApplyOutcome {
        let wanted: ChangeProductionOrder = match typed(System::Mes, change.parameters()) {
            Ok(wanted) => wanted,
            Err(error) => return ApplyOutcome::NotSent(error),
        };
        let command = Command {
            path: ["production-orders", &wanted.order_id, self.step.path()],
            version: wanted.version,
            body: json!({ "reason": wanted.reason }).to_string(),
        };
        send::<ProductionOrder>(&self.mes, &change, command).await
    }

    async fn reconcile(&self, reference: &ChangeReference) -> Result<Reconciled, PortError> {
        let wanted: ChangeProductionOrder = typed(System::Mes, &reference.parameters)?;
        let (id, now) = (&wanted.order_id, order(&self.mes, &wanted.order_id));
        reconcile::<ProductionOrder>(&self.mes, reference, id, wanted.version, now).await
    }

    fn endpoint_fingerprint(&self) -> [u8; 32] {
        fingerprint(&self.mes)
    }
}

impl Changed for ProductionOrder {
    fn receipt(&self) -> Receipt {
        let id = visible(&self.id, 60);
        Receipt {
            message: format!(
                "Production order {id} is {} in the MES, at version {}",
                state(self),
                self.version
            ),
            reference: self.id.clone(),
            warnings: Vec::new(),
            detail: json!({"order_id": self.id, "status": self.status, "version": self.version}),
        }
    }
}

/// The status, with the MES's own word where it is not understood.
fn state(order: &ProductionOrder) -> String {
    match (order.status, &order.status_raw) {
        (ProductionOrderStatus::Unknown, Some(raw)) => {
            format!("in a state unknown here: {}", visible(raw, 60))
        }
        (status, _) => status.as_str().to_owned(),
    }
}

/// One order. The contract has an address for it only as part of commands; a MES without one is asked for all.
async fn order(mes: &Mes, id: &str) -> Result<Option<ProductionOrder>, PortError> {
    let Some(address) = mes.address_of(&[Part::Orders.path(), id]) else {
        return Ok(None);
    };
    let answer = mes.transport.get(&reading(address)).await?;
    match answer.status {
        200 => {
            if let Some(order) = super::changed::<ProductionOrder>(mes, &answer.body, id) {
                return Ok(Some(order));
            }
        }
        400 | 404 | 405 | 501 => {}
        _ => return Err(problem(&answer)),
    }
    let ask = Ask {
        part: Part::Orders,
        parameters: vec![("status", ALL_ORDERS), ("limit", LIMIT)],
        most: MAX_FEED,
    };
    let listed: Listed<ProductionOrder> = mes.list(&ask).await?;
    let is_cut = listed.is_truncated;
    match listed.records.into_iter().find(|order| order.key() == id) {
        None if is_cut => Err(Mes::failure(
            PortErrorKind::Protocol,
            "has more orders than can be read to find this one",
        )),
        found => Ok(found),
    }
}
