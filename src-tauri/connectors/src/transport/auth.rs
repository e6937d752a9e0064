//! Credentials of one connection: fetched at first use, kept until told that they changed, and never tried again after the
//! system refused them.
//!
//! SAP locks a user after a few wrong passwords. So until credentials have worked once, one request at a time carries
//! them, and after a 401 nothing is sent until they change or a person asks for another try.

use std::sync::{Mutex, MutexGuard, PoisonError};

use andon_domain::{PortError, PortErrorKind, Secret, System};
use async_trait::async_trait;
use base64::Engine as _;
use reqwest::header::HeaderValue;

/// How a connection logs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthKind {
    /// Not at all.
    None,
    /// User and password.
    Basic {
        /// The user; the password is the connection's secret.
        username: String,
    },
    /// A token; the token is the connection's secret.
    Bearer,
    /// A token when one is set; for model servers on this machine, which need none.
    BearerIfSet,
}

/// Where the one secret of a connection comes from. `app` binds it to the keyring.
#[async_trait]
pub trait CredentialSource: Send + Sync {
    /// The password or token now; `None` when it is not set.
    async fn secret(&self) -> Result<Option<Secret>, PortError>;
}

/// Logs requests of one connection on.
pub(super) struct Authenticator {
    system: System,
    kind: AuthKind,
    source: std::sync::Arc<dyn CredentialSource>,
    state: Mutex<State>,
    /// Held by the one request that carries credentials not yet proven.
    gate: tokio::sync::Mutex<()>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Unproven,
    Proven,
    Refused,
}

struct State {
    generation: u64,
    header: Option<HeaderValue>,
    standing: Standing,
}

/// Leave to send one request.
pub(super) struct Admission<'a> {
    /// The `Authorization` header.
    pub(super) header: Option<HeaderValue>,
    generation: u64,
    _gate: Option<tokio::sync::MutexGuard<'a, ()>>,
}

impl Authenticator {
    pub(super) fn new(system: System, kind: AuthKind, source: std::sync::Arc<dyn CredentialSource>) -> Self {
        let state = State {
            generation: 0,
            header: None,
            standing: Standing::Unproven,
        };
        Self {
            system,
            kind,
            source,
            state: Mutex::new(state),
            gate: tokio::sync::Mutex::new(()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for leave to send. Fails at once when the credentials were refused before.
    pub(super) async fn admit(&self) -> Result<Admission<'_>, PortError> {
        if self.kind == AuthKind::None {
            return Ok(Admission {
                header: None,
                generation: 0,
                _gate: None,
            });
        }
        if let Some(admission) = self.admit_proven()? {
            return Ok(admission);
        }
        let gate = self.gate.lock().await;
        if let Some(admission) = self.admit_proven()? {
            return Ok(admission);
        }
        let (generation, known) = {
            let state = self.state();
            (state.generation, state.header.clone())
        };
        let header = match known {
            Some(header) => Some(header),
            None => self.fetch(generation).await?,
        };
        Ok(Admission {
            header,
            generation,
            _gate: Some(gate),
        })
    }

    fn admit_proven(&self) -> Result<Option<Admission<'_>>, PortError> {
        let state = self.state();
        match state.standing {
            Standing::Refused => Err(PortError {
                attempts: 0,
                ..self.refusal()
            }),
            Standing::Proven => Ok(Some(Admission {
                header: state.header.clone(),
                generation: state.generation,
                _gate: None,
            })),
            Standing::Unproven => Ok(None),
        }
    }

    async fn fetch(&self, generation: u64) -> Result<Option<HeaderValue>, PortError> {
        let secret = match self.source.secret().await? {
            Some(secret) if !secret.is_empty() => secret,
            _ if self.kind == AuthKind::BearerIfSet => return Ok(None),
            _ => {
                let what = if matches!(self.kind, AuthKind::Basic { .. }) {
                    "password"
                } else {
                    "token"
                };
                let message = format!("the {what} is not set");
                return Err(PortError {
                    attempts: 0,
                    ..PortError::new(self.system, PortErrorKind::NotConfigured, message)
                });
            }
        };
        let header = self.header(&secret)?;
        let mut state = self.state();
        if state.generation == generation {
            state.header = Some(header.clone());
        }
        Ok(Some(header))
    }

    fn header(&self, secret: &Secret) -> Result<HeaderValue, PortError> {
        let text = match &self.kind {
            AuthKind::Basic { username } => {
                let pair = zeroize_pair(username, secret);
                let encoded = base64::engine::general_purpose::STANDARD.encode(pair.expose());
                Secret::new(format!("Basic {encoded}"))
            }
            _ => Secret::new(format!("Bearer {}", secret.expose())),
        };
        let mut header = HeaderValue::from_str(text.expose()).map_err(|_| {
            let message = "the token has characters that cannot be sent";
            PortError {
                attempts: 0,
                ..PortError::new(self.system, PortErrorKind::NotConfigured, message)
            }
        })?;
        header.set_sensitive(true);
        Ok(header)
    }

    /// The system let a request with this admission in.
    pub(super) fn accepted(&self, admission: &Admission<'_>) {
        self.settle(admission, Standing::Proven);
    }

    /// The system refused the logon; nothing is sent from now on.
    pub(super) fn refused(&self, admission: &Admission<'_>) -> PortError {
        self.settle(admission, Standing::Refused);
        self.refusal()
    }

    fn settle(&self, admission: &Admission<'_>, standing: Standing) {
        let mut state = self.state();
        // An answer to old credentials says nothing about the new ones, and a late success does not lift a refusal.
        if state.generation == admission.generation && state.standing != Standing::Refused {
            state.standing = standing;
        }
    }

    fn refusal(&self) -> PortError {
        PortError::new(self.system, PortErrorKind::Unauthorized, "the logon was refused")
    }

    /// Forgets the credentials and any refusal: they changed, or a person asked for another try.
    pub(super) fn reset(&self) {
        let mut state = self.state();
        state.generation += 1;
        state.header = None;
        state.standing = Standing::Unproven;
    }

    /// Whether the system has refused the logon since the last reset.
    pub(super) fn is_refused(&self) -> bool {
        self.state().standing == Standing::Refused
    }

    /// Changes with every reset, for what is tied to a logon, such as cookies.
    pub(super) fn generation(&self) -> u64 {
        self.state().generation
    }
}

fn zeroize_pair(username: &str, secret: &Secret) -> Secret {
    Secret::new(format!("{username}:{}", secret.expose()))
}
