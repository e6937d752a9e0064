//! Who may do what. A [`Permit`] is made here and nowhere else; use cases ask for one first.

use andon_domain::agent::scopes_allow;
use andon_domain::operations::{Effect, Operation};
use andon_domain::{Caller, Permission, Principal};

use crate::error::EngineError;

/// Proof that a caller may do something. Only this module makes one.
#[derive(Debug)]
pub struct Permit(());

/// Whether the caller has the permission, by role. Agents have none but their scopes.
///
/// # Errors
/// [`EngineError::NotPermitted`] with the role that would have it.
pub fn permit(caller: &Caller, permission: Permission) -> Result<Permit, EngineError> {
    let refusal = || EngineError::NotPermitted {
        permission: permission.as_str().to_owned(),
        needs: Some(permission.least_role()),
    };
    match caller.principal {
        Principal::Person(_) if caller.role >= permission.least_role() => Ok(Permit(())),
        Principal::System => Ok(Permit(())),
        Principal::Person(_) | Principal::Agent(_) => Err(refusal()),
    }
}

/// Whether the caller may run the operation: a person by permission, an agent by token scope, both by clearance for what it
/// returns at least; more sensitive fields are taken out of the answer.
///
/// # Errors
/// [`EngineError::NotPermitted`] with what is missing.
pub fn permit_operation(caller: &Caller, operation: &Operation) -> Result<Permit, EngineError> {
    if caller.clearance < operation.class {
        return Err(EngineError::NotPermitted {
            permission: format!("{} returns {}", operation.name, operation.class.as_str()),
            needs: None,
        });
    }
    match caller.principal {
        Principal::Agent(_) if scopes_allow(&caller.scopes, operation.name) => Ok(Permit(())),
        Principal::Agent(_) => Err(EngineError::NotPermitted {
            permission: format!("token scope {}", operation.name),
            needs: None,
        }),
        Principal::Person(_) => permit(caller, operation.permission),
        Principal::System if operation.effect == Effect::Read => Ok(Permit(())),
        Principal::System => Err(EngineError::NotPermitted {
            permission: operation.permission.as_str().to_owned(),
            needs: None,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use andon_domain::{AgentId, Class, Role, TenantId, UserId, Via, operations};

    fn person(role: Role) -> Caller {
        Caller {
            tenant: TenantId::default_tenant(),
            principal: Principal::Person(UserId::from("ada")),
            display_name: "Ada".to_owned(),
            role,
            clearance: Class::default_clearance(role),
            via: Via::Window,
            scopes: Vec::new(),
        }
    }

    fn agent(scopes: &[&str], clearance: Class) -> Caller {
        Caller {
            principal: Principal::Agent(AgentId::from("bot")),
            scopes: scopes.iter().map(|s| (*s).to_owned()).collect(),
            clearance,
            ..person(Role::Operator)
        }
    }

    #[test]
    fn roles_hold_what_their_level_holds_and_no_more() {
        assert!(permit(&person(Role::Viewer), Permission::PlantView).is_ok());
        assert!(permit(&person(Role::Viewer), Permission::ApprovalDecide).is_err());
        assert!(permit(&person(Role::Operator), Permission::ApprovalDecide).is_ok());
        assert!(permit(&person(Role::Operator), Permission::ApprovalDecideCritical).is_err());
        assert!(permit(&person(Role::Admin), Permission::AgentManage).is_ok());
    }

    #[test]
    fn an_agent_decides_nothing_and_runs_only_its_scopes() {
        let bot = agent(&["sap.get_*"], Class::BusinessSensitive);
        assert!(permit(&bot, Permission::ApprovalView).is_err());
        assert!(permit_operation(&bot, operations::find("sap.get_inventory").unwrap()).is_ok());
        assert!(permit_operation(&bot, operations::find("sap.create_purchase_order").unwrap()).is_err());
    }

    #[test]
    fn clearance_limits_what_a_scope_allows() {
        let bot = agent(&["*"], Class::Public);
        assert!(permit_operation(&bot, operations::find("sap.get_purchase_orders").unwrap()).is_err());
        let bot = agent(&["*"], Class::Internal);
        assert!(
            permit_operation(&bot, operations::find("sap.get_purchase_orders").unwrap()).is_ok(),
            "its sensitive fields are taken out of the answer"
        );
        assert!(
            permit_operation(&bot, operations::find("sap.create_purchase_order").unwrap()).is_err(),
            "a write has no fields that could be taken out"
        );
    }

    #[test]
    fn the_console_itself_never_writes() {
        let system = Caller::system(TenantId::default_tenant());
        assert!(permit_operation(&system, operations::find("sap.create_purchase_order").unwrap()).is_err());
    }
}
