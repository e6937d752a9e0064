//! Credentials of one connection: fetched at first use, kept until told that they changed, and never tried again after the
//! system refused them.
//!
//! SAP locks a user after a few wrong passwords. So until credentials have worked once, one request at a time carries
//! them, and after a 401 or what means the same nothing is sent until they change or a person asks for another try. A token of a token service may
//! simply be over: it is replaced once, and only a refusal of its replacement counts.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use andon_domain::time::Deadline;
use andon_domain::{Clock, PortError, PortErrorKind, Secret, System};
use async_trait::async_trait;
use base64::Engine as _;
use reqwest::Url;
use reqwest::header::HeaderValue;

use super::call::Failure;
use super::endpoint::{ConfigProblem, HttpRule, check_endpoint};
use super::oauth::TokenService;

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
    /// A token of a token service, by client credentials; the client's secret is the connection's secret.
    OAuth2 {
        /// Address of the token service. It has an origin of its own, to which nothing else is sent.
        token_url: Url,
        /// The client.
        client_id: String,
        /// What the token shall permit, when the service wants that named.
        scope: Option<String>,
    },
}

impl AuthKind {
    /// What is wrong with the settings of the token service; nothing for other ways to log on.
    pub(crate) fn token_service_problems(&self, http: HttpRule) -> Vec<ConfigProblem> {
        let Self::OAuth2 {
            token_url, client_id, ..
        } = self
        else {
            return Vec::new();
        };
        let mut problems: Vec<_> = check_endpoint("token_url", token_url, http).into_iter().collect();
        if client_id.trim().is_empty() || client_id.chars().any(char::is_control) {
            problems.push(ConfigProblem {
                field: "client_id".to_owned(),
                value: client_id.clone(),
                problem: "is empty or has an invisible character".to_owned(),
                remedy: "Give the client as the token service knows it; its secret goes to the keyring."
                    .to_owned(),
            });
        }
        problems
    }
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
    source: Arc<dyn CredentialSource>,
    clock: Arc<dyn Clock>,
    /// For [`AuthKind::OAuth2`] only.
    tokens: Option<TokenService>,
    state: Mutex<State>,
    /// Held by the one request that carries credentials not yet proven, and by the one that asks for a token.
    gate: tokio::sync::Mutex<()>,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Standing {
    #[default]
    Unproven,
    Proven,
    Refused,
}

#[derive(Default)]
struct State {
    generation: u64,
    standing: Standing,
    header: Option<HeaderValue>,
    /// Counts the headers, to know an old token from the present one.
    serial: u64,
    /// When the token is over, if the token service said.
    good_until: Option<Deadline>,
    /// The system refused the token before this one, and has not accepted this one yet.
    is_replacement: bool,
    /// The client's secret, for the next token.
    client_secret: Option<Secret>,
    /// Counts the attempts to get a header, with the failure of the last one.
    turns: u64,
    failed: Option<(u64, Failure)>,
}

/// Leave to send one request.
pub(super) struct Admission<'a> {
    /// The `Authorization` header.
    pub(super) header: Option<HeaderValue>,
    generation: u64,
    serial: u64,
    _gate: Option<tokio::sync::MutexGuard<'a, ()>>,
}

/// What a 401 leads to.
pub(super) enum Refusal {
    /// The token may be over: the request was not executed and may be sent once more, with another token.
    Again,
    /// The logon is refused; nothing is sent from now on.
    Final(PortError),
}

impl Authenticator {
    pub(super) fn new(
        system: System,
        kind: AuthKind,
        source: Arc<dyn CredentialSource>,
        clock: Arc<dyn Clock>,
        tokens: Option<TokenService>,
    ) -> Self {
        Self {
            system,
            kind,
            source,
            clock,
            tokens,
            state: Mutex::default(),
            gate: tokio::sync::Mutex::new(()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for leave to send. Fails at once when the credentials were refused before.
    pub(super) async fn admit(&self) -> Result<Admission<'_>, Failure> {
        if self.kind == AuthKind::None {
            return Ok(Admission {
                header: None,
                generation: 0,
                serial: 0,
                _gate: None,
            });
        }
        if let Some(admission) = self.admit_proven()? {
            return Ok(admission);
        }
        let turns = self.state().turns;
        let gate = self.gate.lock().await;
        if let Some(admission) = self.admit_proven()? {
            return Ok(admission);
        }
        self.failed_since(turns)?;
        let (generation, known) = {
            let state = self.state();
            let known = state.header.clone().filter(|_| self.is_good(&state));
            (state.generation, known)
        };
        let header = match known {
            Some(header) => Some(header),
            None => self.obtain(generation).await?,
        };
        let state = self.state();
        Ok(Admission {
            header,
            generation,
            serial: state.serial,
            // Credentials that have worked hold nobody back; a new token of theirs is shared from here on.
            _gate: (state.standing != Standing::Proven).then_some(gate),
        })
    }

    fn admit_proven(&self) -> Result<Option<Admission<'_>>, Failure> {
        let state = self.state();
        match state.standing {
            Standing::Refused => Err(Failure::unsent(PortError {
                attempts: 0,
                ..self.refusal()
            })),
            Standing::Proven if self.is_good(&state) => Ok(Some(Admission {
                header: state.header.clone(),
                generation: state.generation,
                serial: state.serial,
                _gate: None,
            })),
            _ => Ok(None),
        }
    }

    fn is_good(&self, state: &State) -> bool {
        let is_over = |end: &Deadline| end.has_passed(&self.clock.moment());
        // A server that needs no token is proven without one.
        (state.header.is_some() || self.tokens.is_none()) && !state.good_until.as_ref().is_some_and(is_over)
    }

    /// The failure of the one whose turn it was while we waited: ours would be the same.
    fn failed_since(&self, turns: u64) -> Result<(), Failure> {
        match &self.state().failed {
            Some((turn, failure)) if *turn > turns => Err(failure.clone()),
            _ => Ok(()),
        }
    }

    async fn obtain(&self, generation: u64) -> Result<Option<HeaderValue>, Failure> {
        let obtained = match &self.tokens {
            Some(tokens) => self.fetch_token(tokens, generation).await.map(Some),
            None => self.fetch(generation).await.map_err(Failure::unsent),
        };
        if let Err(failure) = &obtained {
            let mut state = self.state();
            state.turns += 1;
            state.failed = Some((state.turns, failure.clone()));
        }
        obtained
    }

    async fn fetch(&self, generation: u64) -> Result<Option<HeaderValue>, PortError> {
        let Some(secret) = self.secret().await? else {
            return Ok(None);
        };
        let header = self.header(&secret)?;
        let mut state = self.state();
        if state.generation == generation {
            state.header = Some(header.clone());
        }
        Ok(Some(header))
    }

    async fn fetch_token(&self, tokens: &TokenService, generation: u64) -> Result<HeaderValue, Failure> {
        let known = self.state().client_secret.clone();
        let secret = match known {
            Some(secret) => secret,
            None => {
                let secret = self.secret().await.map_err(Failure::unsent)?;
                secret.unwrap_or_else(|| Secret::new(String::new()))
            }
        };
        let asked_at = self.clock.moment();
        let token = tokens.token(&secret, asked_at.utc).await;
        let mut state = self.state();
        if state.generation != generation {
            // The credentials changed meanwhile; this request goes out with what it has and settles nothing.
            return token.map(|token| token.header);
        }
        match token {
            Ok(token) => {
                state.client_secret = Some(secret);
                state.header = Some(token.header.clone());
                state.serial += 1;
                state.good_until = token.lifetime.map(|life| Deadline::after(&asked_at, life));
                Ok(token.header)
            }
            Err(failure) => {
                if failure.error.kind == PortErrorKind::Unauthorized {
                    state.standing = Standing::Refused;
                }
                Err(failure)
            }
        }
    }

    /// The connection's secret; `None` only where none is needed.
    async fn secret(&self) -> Result<Option<Secret>, PortError> {
        match self.source.secret().await? {
            Some(secret) if !secret.is_empty() => Ok(Some(secret)),
            _ if self.kind == AuthKind::BearerIfSet => Ok(None),
            _ => {
                let what = match self.kind {
                    AuthKind::Basic { .. } => "password",
                    AuthKind::OAuth2 { .. } => "client secret",
                    _ => "token",
                };
                let message = format!("the {what} is not set");
                Err(PortError {
                    attempts: 0,
                    ..PortError::new(self.system, PortErrorKind::NotConfigured, message)
                })
            }
        }
    }

    fn header(&self, secret: &Secret) -> Result<HeaderValue, PortError> {
        let text = match &self.kind {
            AuthKind::Basic { username } => {
                let pair = zeroize_pair(username, secret);
                let encoded = Secret::new(base64::engine::general_purpose::STANDARD.encode(pair.expose()));
                Secret::new(format!("Basic {}", encoded.expose()))
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
        let mut state = self.state();
        if state.serial == admission.serial {
            state.is_replacement = false;
        }
        settle(&mut state, admission, Standing::Proven);
    }

    /// The system refused the logon. `is_repeat` says that the request had been refused once before.
    pub(super) fn refused(&self, admission: &Admission<'_>, is_repeat: bool) -> Refusal {
        let mut state = self.state();
        if self.tokens.is_some() && state.standing != Standing::Refused && !is_repeat {
            let is_present = state.generation == admission.generation
                && state.serial == admission.serial
                && state.header.is_some();
            // An old token says nothing about the present one, which this request has not tried.
            if !is_present {
                return Refusal::Again;
            }
            if !state.is_replacement {
                state.header = None;
                state.is_replacement = true;
                return Refusal::Again;
            }
        }
        settle(&mut state, admission, Standing::Refused);
        Refusal::Final(self.refusal())
    }

    /// The system answered something else than a 401 that means the same. A token may be over, so the next request takes
    /// another one; this answer stands.
    pub(super) fn turned_away(&self, admission: &Admission<'_>) {
        self.refused(admission, false);
    }

    fn refusal(&self) -> PortError {
        PortError::new(self.system, PortErrorKind::Unauthorized, "the logon was refused")
    }

    /// Forgets the credentials and any refusal: they changed, or a person asked for another try.
    pub(super) fn reset(&self) {
        let mut state = self.state();
        *state = State {
            generation: state.generation + 1,
            serial: state.serial,
            turns: state.turns,
            ..State::default()
        };
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

fn settle(state: &mut State, admission: &Admission<'_>, standing: Standing) {
    // An answer to old credentials says nothing about the new ones, and a late success does not lift a refusal.
    if state.generation == admission.generation && state.standing != Standing::Refused {
        state.standing = standing;
    }
}

fn zeroize_pair(username: &str, secret: &Secret) -> Secret {
    Secret::new(format!("{username}:{}", secret.expose()))
}
