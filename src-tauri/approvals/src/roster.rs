//! Who may decide: people, their roles and the public halves of their signing keys.

use andon_domain::canonical::{from_hex, hex};
use andon_domain::{Class, Ids, Role, Secret, TenantId, Timestamp, UserId};
use ed25519_dalek::{SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use thiserror::Error;
use zeroize::Zeroize;

use crate::decision::DecisionFault;

const KEY_ID_DIGITS: usize = 16;

/// The public half of a person's signing key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorKey {
    /// Names the key: the first 16 hex digits of the public key.
    pub key_id: String,
    /// Ed25519 public key, 64 hex digits.
    pub public_key: String,
}

/// One person on the roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Key.
    pub id: UserId,
    /// Name for people.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Highest class they see.
    pub clearance: Class,
    /// Tenants they work in.
    pub tenants: Vec<TenantId>,
    /// Their signing key.
    pub key: OperatorKey,
    /// From when they may decide.
    pub valid_from: Timestamp,
    /// From when they may not any more.
    pub revoked_at: Option<Timestamp>,
    /// Made up for the demo.
    pub is_demo: bool,
}

/// Everybody who may use this console.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Roster {
    /// The people, in the order they were added.
    pub people: Vec<Person>,
}

/// Why a public key cannot be enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyFault {
    /// Not 64 hex digits of a curve point.
    #[error("the public key is not an ed25519 key")]
    NotAKey,
    /// A point of small order: many messages would verify under it.
    #[error("the public key is weak")]
    Weak,
}

/// Why a roster cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RosterFault {
    /// A key that cannot be enrolled.
    #[error("{1}: {0}")]
    Key(UserId, KeyFault),
    /// A key that is not named after itself.
    #[error("the key has another name than its own: {0}")]
    KeyName(UserId),
    /// The id or the key is on the roster before.
    #[error("the person or the key is on the roster twice: {0}")]
    Twice(UserId),
}

/// Makes a signing key. The secret half goes to the keyring as hex and nowhere else.
pub fn new_signing_key(ids: &dyn Ids) -> (SigningKey, Secret) {
    let mut seed = [0_u8; 32];
    ids.random(&mut seed);
    let key = SigningKey::from_bytes(&seed);
    let secret = Secret::new(hex(&seed));
    seed.zeroize();
    (key, secret)
}

/// The public half, ready for the roster.
#[must_use]
pub fn public_key(key: &SigningKey) -> OperatorKey {
    let public_key = hex(key.verifying_key().as_bytes());
    OperatorKey {
        key_id: public_key[..KEY_ID_DIGITS].to_owned(),
        public_key,
    }
}

impl OperatorKey {
    /// Reads the key and refuses weak ones.
    ///
    /// # Errors
    /// [`KeyFault`] when it is no key or a weak one.
    pub fn check(&self) -> Result<VerifyingKey, KeyFault> {
        let bytes: [u8; 32] = from_hex(&self.public_key)
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(KeyFault::NotAKey)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| KeyFault::NotAKey)?;
        if key.is_weak() {
            Err(KeyFault::Weak)
        } else {
            Ok(key)
        }
    }

    pub(crate) fn verifying_key(&self) -> Result<VerifyingKey, DecisionFault> {
        self.check()
            .map_err(|_| DecisionFault::Key("the enrolled key is not usable"))
    }
}

impl Roster {
    /// Whether the roster can be trusted with names and keys: each person and each key once, no weak key, and every key named
    /// after itself.
    ///
    /// # Errors
    /// What is wrong, with the person's id.
    pub fn check(&self) -> Result<(), RosterFault> {
        let (mut ids, mut keys) = (BTreeSet::new(), BTreeSet::new());
        for person in &self.people {
            person
                .key
                .check()
                .map_err(|fault| RosterFault::Key(person.id.clone(), fault))?;
            let public_key = person.key.public_key.to_ascii_lowercase();
            if !public_key.starts_with(&person.key.key_id) || person.key.key_id.len() != KEY_ID_DIGITS {
                return Err(RosterFault::KeyName(person.id.clone()));
            }
            if !ids.insert(person.id.as_str()) || !keys.insert(public_key) {
                return Err(RosterFault::Twice(person.id.clone()));
            }
        }
        Ok(())
    }

    /// The person with this id.
    #[must_use]
    pub fn person(&self, id: &UserId) -> Option<&Person> {
        self.people.iter().find(|person| &person.id == id)
    }

    /// The person who held this key for this tenant at this time.
    pub(crate) fn key_holder(
        &self,
        operator: &str,
        key_id: &str,
        tenant: &TenantId,
        at: Timestamp,
    ) -> Result<&Person, DecisionFault> {
        let person = self
            .people
            .iter()
            .find(|person| person.id.as_str() == operator && person.key.key_id == key_id)
            .ok_or(DecisionFault::Key("nobody on the roster has it"))?;
        if !person.tenants.contains(tenant) {
            return Err(DecisionFault::Key("its holder does not work for this tenant"));
        }
        if at < person.valid_from {
            return Err(DecisionFault::Key("it was not enrolled yet"));
        }
        // A revoked key counts for nothing, also for decisions dated before: the date is the holder's own claim.
        if person.revoked_at.is_some() {
            return Err(DecisionFault::Key("it was revoked"));
        }
        Ok(person)
    }
}

#[cfg(test)]
#[path = "roster_tests.rs"]
mod tests;
