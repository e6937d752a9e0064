//! The roster: the first admin, the demo's people, and their signing keys in the keyring.

use andon_approvals::{Person, Roster, new_signing_key, public_key};
use andon_domain::audit::AuditEvent;
use andon_domain::canonical::from_hex;
use andon_domain::{Caller, Class, Principal, Role, TenantId, UserId, Via};
use ed25519_dalek::SigningKey;
use serde_json::json;

use crate::error::EngineError;
use crate::world::Engine;

const ROSTER: &str = "roster";

/// Somebody to put on the roster when it does not know them.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// Key.
    pub id: UserId,
    /// Name for people.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Made up for the demo.
    pub is_demo: bool,
}

/// Named by the key too: two consoles of one operating-system user share its keyring and must not overwrite each other's.
fn secret_name(user: &UserId, key_id: &str) -> String {
    format!("operator/{user}/signing-key/{key_id}")
}

/// Reads the roster of the console.
///
/// # Errors
/// When the journal cannot be read, or the stored roster is not one or has weak, doubled or misnamed keys.
pub async fn load(engine: &Engine) -> Result<(), EngineError> {
    let tenant = TenantId::default_tenant();
    if let Some(value) = engine.settings.get(&tenant, ROSTER).await? {
        let roster: Roster = serde_json::from_value(value)
            .map_err(|e| EngineError::NotConfigured(format!("the stored roster cannot be read: {e}")))?;
        roster
            .check()
            .map_err(|e| EngineError::NotConfigured(format!("the stored roster cannot be used: {e}")))?;
        engine.set_roster(roster);
    }
    Ok(())
}

/// Enrols everybody of `people` who is not on the roster yet, each with a fresh signing key in the keyring.
///
/// # Errors
/// When the keyring or the journal refuses; people enrolled before the failure stay enrolled.
pub async fn enrol(engine: &Engine, people: &[NewPerson]) -> Result<(), EngineError> {
    let tenants: Vec<TenantId> = engine.tenants().map(|tenant| tenant.parts.id.clone()).collect();
    for new in people {
        let mut roster = Roster::clone(&engine.roster());
        if roster.person(&new.id).is_some() {
            continue;
        }
        let (key, secret) = new_signing_key(engine.ids());
        let public = public_key(&key);
        engine
            .secrets
            .set(&secret_name(&new.id, &public.key_id), &secret)
            .await?;
        let now = engine.clock.now();
        roster.people.push(Person {
            id: new.id.clone(),
            name: new.name.clone(),
            role: new.role,
            clearance: Class::default_clearance(new.role),
            tenants: tenants.clone(),
            key: public.clone(),
            valid_from: now,
            revoked_at: None,
            is_demo: new.is_demo,
        });
        let system = Caller::system(TenantId::default_tenant());
        let audit = AuditEvent::new(&system, now, "roster.person_added", new.id.as_str().to_owned())
            .detail(json!({"role": new.role, "key_id": public.key_id, "demo": new.is_demo}));
        let value = serde_json::to_value(&roster)
            .map_err(|e| EngineError::NotConfigured(format!("the roster cannot be stored: {e}")))?;
        engine.settings.set(&system.tenant, ROSTER, &value, audit).await?;
        engine.set_roster(roster);
    }
    Ok(())
}

/// The person as a caller of a tenant through a door; `None` for somebody unknown, revoked or of other tenants.
#[must_use]
pub fn caller(engine: &Engine, user: &UserId, tenant: &TenantId, via: Via) -> Option<Caller> {
    let roster = engine.roster();
    let person = roster.person(user)?;
    let is_usable = person.revoked_at.is_none() && person.tenants.contains(tenant);
    is_usable.then(|| Caller {
        tenant: tenant.clone(),
        principal: Principal::Person(person.id.clone()),
        display_name: person.name.clone(),
        role: person.role,
        clearance: person.clearance,
        via,
        scopes: Vec::new(),
    })
}

/// The signing key of a person, from the keyring.
pub(crate) async fn signing_key(engine: &Engine, user: &UserId) -> Result<SigningKey, EngineError> {
    let missing = || EngineError::NotConfigured(format!("no signing key in the keyring for {user}"));
    let roster = engine.roster();
    let key_id = roster
        .person(user)
        .map(|person| person.key.key_id.as_str())
        .ok_or_else(missing)?;
    let secret = engine
        .secrets
        .get(&secret_name(user, key_id))
        .await?
        .ok_or_else(missing)?;
    let seed: [u8; 32] = from_hex(secret.expose())
        .and_then(|b| b.try_into().ok())
        .ok_or_else(missing)?;
    Ok(SigningKey::from_bytes(&seed))
}
