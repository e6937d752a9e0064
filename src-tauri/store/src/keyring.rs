//! The operating system's keyring. There is no fall-back to a file.
//!
//! One call is in flight at a time and callers wait five seconds at most: a password prompt may stay open for hours. The
//! call runs on a thread of its own, so that a prompt nobody answers does not hold up the end of the program. The
//! connection is made anew after a failure.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use andon_domain::ports::{KeyringState, SecretStore};
use andon_domain::{PortError, PortErrorKind, Secret, System};
use async_trait::async_trait;
use keyring_core::api::CredentialStore;
use keyring_core::{Entry, Error};
use tokio::sync::{Semaphore, oneshot};

const SERVICE: &str = "andon";
const DEADLINE: Duration = Duration::from_secs(5);
/// Windows keeps 2,560 bytes; the same limit everywhere keeps a profile movable.
const MOST_BYTES: usize = 2_048;

/// The keyring of the user who runs the console. Nothing is asked of it before the first call.
#[must_use]
pub fn keyring() -> Arc<dyn SecretStore> {
    Arc::new(Keyring::new(os::connect, os::state, DEADLINE))
}

type Connect = fn() -> Result<Arc<CredentialStore>, Error>;

struct Keyring {
    connect: Connect,
    ask_state: fn() -> KeyringState,
    deadline: Duration,
    one_call: Arc<Semaphore>,
    connected: Arc<Mutex<Option<Arc<CredentialStore>>>>,
}

impl Keyring {
    fn new(connect: Connect, ask_state: fn() -> KeyringState, deadline: Duration) -> Self {
        Self {
            connect,
            ask_state,
            deadline,
            one_call: Arc::new(Semaphore::new(1)),
            connected: Arc::default(),
        }
    }

    /// Runs a call on its own thread once no other is in flight; `None` when the deadline passes first.
    async fn in_turn<T, F>(&self, call: F) -> Option<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let turn = Arc::clone(&self.one_call);
        let answer = async move {
            let permit = turn.acquire_owned().await.ok()?;
            let (reply, answer) = oneshot::channel();
            std::thread::Builder::new()
                .name("andon-keyring".to_owned())
                .spawn(move || {
                    let _caller_may_have_left = reply.send(call());
                    drop(permit);
                })
                .ok()?;
            answer.await.ok()
        };
        tokio::time::timeout(self.deadline, answer).await.ok().flatten()
    }

    async fn with_entry<T, F>(&self, name: &str, call: F) -> Result<T, PortError>
    where
        T: Send + 'static,
        F: FnOnce(&Entry) -> Result<T, Error> + Send + 'static,
    {
        let (connect, connected, name) = (self.connect, Arc::clone(&self.connected), name.to_owned());
        let result = self
            .in_turn(move || {
                let mut connected = connected.lock().unwrap_or_else(PoisonError::into_inner);
                let store = match connected.take() {
                    Some(store) => store,
                    None => connect()?,
                };
                let result = store.build(SERVICE, &name, None).and_then(|entry| call(&entry));
                if matches!(
                    result,
                    Ok(_) | Err(Error::NoEntry | Error::TooLong(..) | Error::Invalid(..))
                ) {
                    *connected = Some(store);
                }
                result
            })
            .await;
        match result {
            Some(result) => result.map_err(|error| refused(&error)),
            None => Err(PortError::new(
                System::Keyring,
                PortErrorKind::Locked,
                "the keyring does not answer; a password prompt may be open",
            )),
        }
    }
}

#[async_trait]
impl SecretStore for Keyring {
    async fn get(&self, name: &str) -> Result<Option<Secret>, PortError> {
        self.with_entry(name, |entry| match entry.get_password() {
            Ok(text) => Ok(Some(Secret::new(text))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    async fn set(&self, name: &str, secret: &Secret) -> Result<(), PortError> {
        if secret.expose().len() > MOST_BYTES {
            let message = format!("a secret can have this many bytes at most: {MOST_BYTES}");
            return Err(PortError::new(System::Keyring, PortErrorKind::Invalid, message));
        }
        let secret = secret.clone();
        self.with_entry(name, move |entry| entry.set_password(secret.expose()))
            .await
    }

    async fn remove(&self, name: &str) -> Result<(), PortError> {
        self.with_entry(name, |entry| match entry.delete_credential() {
            Err(Error::NoEntry) => Ok(()),
            other => other,
        })
        .await
    }

    async fn state(&self) -> KeyringState {
        self.in_turn(self.ask_state).await.unwrap_or(KeyringState::Slow)
    }
}

fn refused(error: &Error) -> PortError {
    let (kind, message) = match error {
        Error::NoStorageAccess(_) => (PortErrorKind::Locked, "the keyring is locked"),
        Error::PlatformFailure(_) | Error::NoDefaultStore => (
            PortErrorKind::Unavailable,
            "no keyring service answers in this session",
        ),
        Error::NotSupportedByStore(_) => (
            PortErrorKind::NotConfigured,
            "there is no keyring for this operating system yet",
        ),
        Error::Ambiguous(_) => (
            PortErrorKind::Conflict,
            "the keyring holds this secret more than once",
        ),
        Error::BadEncoding(_) | Error::BadDataFormat(..) | Error::BadStoreFormat(_) => (
            PortErrorKind::Protocol,
            "the keyring holds something else under this name",
        ),
        _ => (
            PortErrorKind::Invalid,
            "the keyring does not take this name or secret",
        ),
    };
    // The words of `BadEncoding` and `BadDataFormat` come without the bytes; `Ambiguous` names no secret.
    PortError::new(System::Keyring, kind, message).detail(error.to_string())
}

#[cfg(target_os = "linux")]
mod os {
    use std::sync::Arc;

    use andon_domain::ports::KeyringState;
    use keyring_core::Error;
    use keyring_core::api::CredentialStore;
    use secret_service::EncryptionType;
    use secret_service::blocking::SecretService;

    pub(super) fn connect() -> Result<Arc<CredentialStore>, Error> {
        let store: Arc<CredentialStore> = zbus_secret_service_keyring_store::Store::new()?;
        Ok(store)
    }

    /// Asks without unlocking, so that asking never opens a prompt.
    pub(super) fn state() -> KeyringState {
        let Ok(service) = SecretService::connect(EncryptionType::Plain) else {
            return KeyringState::Absent;
        };
        match service
            .get_default_collection()
            .and_then(|collection| collection.is_locked())
        {
            Ok(false) => KeyringState::Available,
            // No default collection: the first use has to make one, which takes the same password prompt.
            Ok(true) | Err(secret_service::Error::NoResult | secret_service::Error::Locked) => {
                KeyringState::Locked
            }
            Err(_) => KeyringState::Absent,
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod os {
    use std::sync::Arc;

    use andon_domain::ports::KeyringState;
    use keyring_core::Error;
    use keyring_core::api::CredentialStore;

    /// The stores of Windows and macOS come with their packages; until then secrets cannot be kept there.
    pub(super) fn connect() -> Result<Arc<CredentialStore>, Error> {
        Err(Error::NotSupportedByStore(
            "no keyring store is built in for this operating system".to_owned(),
        ))
    }

    pub(super) fn state() -> KeyringState {
        KeyringState::Absent
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Condvar;

    use keyring_core::mock;

    use super::*;

    const SOON: Duration = Duration::from_millis(100);

    fn available() -> KeyringState {
        KeyringState::Available
    }

    fn never() -> KeyringState {
        static NEVER: (Mutex<()>, Condvar) = (Mutex::new(()), Condvar::new());
        let guard = NEVER.0.lock().unwrap();
        let _never = NEVER.1.wait_while(guard, |()| true);
        KeyringState::Available
    }

    fn failing() -> Result<Arc<CredentialStore>, Error> {
        Err(Error::PlatformFailure(
            "org.freedesktop.DBus.Error.ServiceUnknown".into(),
        ))
    }

    fn mocked() -> Result<Arc<CredentialStore>, Error> {
        let store: Arc<CredentialStore> = mock::Store::new()?;
        Ok(store)
    }

    #[tokio::test]
    async fn secrets_are_set_read_and_removed() {
        let keyring = Keyring::new(mocked, available, DEADLINE);
        assert!(keyring.get("default/sap").await.unwrap().is_none());
        keyring.remove("default/sap").await.unwrap();
        let long = Secret::new("x".repeat(MOST_BYTES + 1));
        assert_eq!(
            keyring.set("default/sap", &long).await.unwrap_err().kind,
            PortErrorKind::Invalid
        );
        assert_eq!(keyring.state().await, KeyringState::Available);
    }

    #[tokio::test]
    async fn a_failure_names_its_cause_for_the_log_and_the_next_call_connects_anew() {
        static CALLS: Mutex<u32> = Mutex::new(0);
        fn second_time_lucky() -> Result<Arc<CredentialStore>, Error> {
            *CALLS.lock().unwrap() += 1;
            if *CALLS.lock().unwrap() == 1 {
                failing()
            } else {
                mocked()
            }
        }
        let keyring = Keyring::new(second_time_lucky, available, DEADLINE);
        let error = keyring.get("default/sap").await.unwrap_err();
        assert_eq!(
            (error.kind, error.system),
            (PortErrorKind::Unavailable, System::Keyring)
        );
        assert!(error.detail.contains("ServiceUnknown") && !error.message.contains("ServiceUnknown"));
        assert!(keyring.get("default/sap").await.unwrap().is_none());
        assert!(keyring.get("default/sap").await.unwrap().is_none());
        assert_eq!(*CALLS.lock().unwrap(), 2, "a working connection is kept");
    }

    #[test]
    fn each_failure_has_its_kind() {
        let kind = |error: Error| refused(&error).kind;
        assert_eq!(
            kind(Error::NoStorageAccess("locked".into())),
            PortErrorKind::Locked
        );
        assert_eq!(
            kind(Error::NotSupportedByStore("windows".to_owned())),
            PortErrorKind::NotConfigured
        );
        let error = refused(&Error::BadEncoding(b"hunter2\xff".to_vec()));
        assert_eq!(error.kind, PortErrorKind::Protocol);
        assert!(
            !error.detail.contains("hunter2") && !error.detail.contains("104"),
            "no secret in the log: {}",
            error.detail
        );
    }

    #[tokio::test]
    async fn a_prompt_that_stays_open_holds_nobody_up_longer_than_the_deadline() {
        let keyring = Keyring::new(mocked, never, SOON);
        assert_eq!(keyring.state().await, KeyringState::Slow);
        let error = keyring.get("default/sap").await.unwrap_err();
        assert_eq!(
            error.kind,
            PortErrorKind::Locked,
            "one call at a time, and the first still waits"
        );
    }
}
