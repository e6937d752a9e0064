//! Changes the planned seconds per piece of a machine.

use std::collections::BTreeMap;
use std::sync::Arc;

use andon_approvals::{
    ApplyOutcome, ApprovedChange, ChangeReference, Current, Precondition, Receipt, Reconciled, WriteOperation,
};
use andon_domain::operations::SetCycleTarget;
use andon_domain::records::MachineStatus;
use andon_domain::text::visible;
use andon_domain::{Amount, CanonicalJson, PortError, PortErrorKind, System};
use async_trait::async_trait;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::{
    Changed, Command, changed, fingerprint, is_still_at, precondition, reading, reconcile, send,
    takes_commands,
};
use crate::mes::Mes;
use crate::mes::lists::problem;
use crate::sap::typed;

/// `mes.set_cycle_target`.
pub(in crate::mes) struct CycleCommand(pub(in crate::mes) Arc<Mes>);

/// The body: a JSON number with the very digits that were approved.
#[derive(Serialize)]
struct Body<'a> {
    cycle_s: Box<RawValue>,
    reason: &'a str,
}

#[async_trait]
impl WriteOperation for CycleCommand {
    async fn check(&self, parameters: &CanonicalJson) -> Result<Vec<Precondition>, PortError> {
        let wanted: SetCycleTarget = typed(System::Mes, parameters)?;
        let takes = takes_commands(&self.0).await?;
        if takes.detail.is_some() {
            return Ok(vec![takes]);
        }
        let name = format!("machine {}", wanted.machine_id);
        let label = format!("{name} is known to the MES");
        let Some(machine) = machine(&self.0, &wanted.machine_id).await? else {
            let against = Some("the MES has no such machine".to_owned());
            return Ok(vec![takes, precondition("mes-02", label, against)]);
        };
        // How far the change goes is judged from this value, so it must be the machine's and not the asker's.
        let against = match machine.planned_cycle_s {
            Some(planned) if planned.value() == wanted.current_cycle_s.value() => None,
            Some(planned) => Some(format!("it is {planned} s now")),
            None => Some("the MES does not tell it".to_owned()),
        };
        Ok(vec![
            takes,
            precondition("mes-02", label, None),
            is_still_at(&machine, &name, wanted.version),
            precondition(
                "mes-05",
                format!("{name} is planned with {} s per piece", wanted.current_cycle_s),
                against,
            ),
        ])
    }

    async fn current(&self, parameters: &CanonicalJson) -> Result<Current, PortError> {
        let wanted: SetCycleTarget = typed(System::Mes, parameters)?;
        let machine = machine(&self.0, &wanted.machine_id).await?.ok_or_else(|| {
            let message = format!("has no such machine: {}", visible(&wanted.machine_id, 60));
            Mes::failure(PortErrorKind::NotFound, &message)
        })?;
        Ok(Current {
            values: BTreeMap::from([("cycle_s".to_owned(), in_words(machine.planned_cycle_s))]),
            target_version: Some(machine.version.to_string()),
        })
    }

    async fn apply(&self, change: ApprovedChange) -> ApplyOutcome {
        let wanted: SetCycleTarget = match typed(System::Mes, change.parameters()) {
            Ok(wanted) => wanted,
            Err(error) => return ApplyOutcome::NotSent(error),
        };
        let body = match body(&wanted) {
            Ok(body) => body,
            Err(error) => return ApplyOutcome::NotSent(error),
        };
        let command = Command {
            path: ["machines", &wanted.machine_id, "cycle-target"],
            version: wanted.version,
            body,
        };
        send::<MachineStatus>(&self.0, &change, command).await
    }

    async fn reconcile(&self, reference: &ChangeReference) -> Result<Reconciled, PortError> {
        let wanted: SetCycleTarget = typed(System::Mes, &reference.parameters)?;
        let (id, now) = (&wanted.machine_id, machine(&self.0, &wanted.machine_id));
        reconcile::<MachineStatus>(&self.0, reference, id, wanted.version, now).await
    }

    fn endpoint_fingerprint(&self) -> [u8; 32] {
        fingerprint(&self.0)
    }
}

impl Changed for MachineStatus {
    fn receipt(&self) -> Receipt {
        let id = visible(&self.machine_id, 60);
        Receipt {
            message: format!(
                "Machine {id} is planned with {} per piece in the MES, at version {}",
                in_words(self.planned_cycle_s),
                self.version
            ),
            reference: self.machine_id.clone(),
            warnings: Vec::new(),
            detail: json!({"machine_id": self.machine_id, "planned_cycle_s": self.planned_cycle_s, "version": self.version}),
        }
    }
}

fn in_words(seconds: Option<Amount>) -> String {
    seconds.map_or_else(|| "an unknown time".to_owned(), |seconds| format!("{seconds} s"))
}

fn body(wanted: &SetCycleTarget) -> Result<String, PortError> {
    let unusable = |e: serde_json::Error| {
        Mes::failure(PortErrorKind::Invalid, "cannot be sent this time as a number").detail(e.to_string())
    };
    let cycle_s = RawValue::from_string(wanted.cycle_s.to_string()).map_err(unusable)?;
    let reason = &wanted.reason;
    serde_json::to_string(&Body { cycle_s, reason }).map_err(unusable)
}

async fn machine(mes: &Mes, id: &str) -> Result<Option<MachineStatus>, PortError> {
    let Some(address) = mes.address_of(&["machines", id]) else {
        return Ok(None);
    };
    // Another thing than a machine stands at these addresses.
    if matches!(id, "status" | "history") {
        return Ok(None);
    }
    let answer = mes.transport.get(&reading(address)).await?;
    match answer.status {
        200 => changed(mes, &answer.body, id).map(Some).ok_or_else(|| {
            let message = "answered with something else than the machine that was asked for";
            answer.failure(System::Mes, PortErrorKind::Protocol, message)
        }),
        404 => Ok(None),
        _ => Err(problem(&answer)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_goes_out_with_the_digits_that_were_approved() {
        let wanted: SetCycleTarget = serde_json::from_value(json!({"machine_id": "M", "version": 1,
            "current_cycle_s": "40", "cycle_s": "38.50", "reason": "say \"when\""}))
        .unwrap();
        assert_eq!(
            body(&wanted).unwrap(),
            r#"{"cycle_s":38.50,"reason":"say \"when\""}"#
        );
    }
}
