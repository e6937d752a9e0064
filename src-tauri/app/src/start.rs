//! Starting and stopping the console, in an order that never sends anything twice.
//!
//! The process denies itself core files before it reads a secret, and a wrong setting stops it before it makes a file.
//! Then files (and alone: the folder's lock), then what the last run left is put in order, then connections, then the
//! doors, and timers last.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use andon_api::{Console, ConsoleParts};
use andon_domain::{AgentId, Caller, Class, Principal, Role, Secret, TenantId, Via};
use andon_engine::{Engine, agents, approve, people};
use andon_gateway::{BoundGateway, Gateway, GatewayConfig};
use andon_store::{OpenError, Store};
use clap::{Args, Parser};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::{self, Config, Mistakes};
use crate::demo::{self, DemoPlant};
use crate::host::{BoundHost, Doors};
use crate::{harden, owner, timers, wiring};

/// What the command line says about a start.
#[derive(Debug, Clone, Default, Args)]
pub struct StartOptions {
    /// Start the simulated plant too and connect to it.
    #[arg(long)]
    pub demo: bool,
    /// Folder of the console's files. `andonctl` takes it for all of its commands, the window for itself.
    #[arg(skip)]
    pub data_dir: Option<PathBuf>,
    /// Configuration file.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Loopback address for browsers and andonctl; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", value_parser = loopback)]
    pub listen: Option<SocketAddr>,
    /// Loopback address for agents.
    #[arg(long, value_name = "ADDR", value_parser = loopback)]
    pub gateway_listen: Option<SocketAddr>,
    /// Folder of the built UI, for the headless host.
    #[arg(skip)]
    pub ui: Option<PathBuf>,
}

#[derive(Parser)]
#[command(
    name = "andon",
    version,
    about = "The operator console for AI agents in industry."
)]
struct CommandLine {
    /// Folder of the console's files.
    #[arg(long, env = "ANDON_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    #[command(flatten)]
    options: StartOptions,
}

/// Neither browsers nor agents come from another machine.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text
        .parse()
        .map_err(|_| "give an address with port, such as 127.0.0.1:4517".to_owned())?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err("only addresses of this machine are served; give 127.0.0.1 or [::1], and use a tunnel for other machines".to_owned())
    }
}

impl StartOptions {
    /// Reads the command line of the window.
    ///
    /// # Errors
    /// The exit code after help or a usage mistake was printed.
    pub fn from_command_line() -> Result<Self, ExitCode> {
        match CommandLine::try_parse() {
            Ok(line) => Ok(Self {
                data_dir: line.data_dir,
                ..line.options
            }),
            Err(error) => {
                // Nobody may be reading; there is nothing left to say then.
                let _ = error.print();
                Err(if error.use_stderr() {
                    ExitCode::from(2)
                } else {
                    ExitCode::SUCCESS
                })
            }
        }
    }

    /// The folder of the console's files.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(default_data_dir)
    }
}

/// The folder used when none is given.
#[must_use]
pub(crate) fn default_data_dir() -> PathBuf {
    dirs::data_local_dir()
        .unwrap_or_else(|| PathBuf::from("."))
        .join("andon")
}

/// Why the console did not start, with the exit code that says so.
#[derive(Debug)]
pub struct StartError {
    code: u8,
    words: String,
}

impl StartError {
    /// Refused or failed.
    pub(crate) fn failed(words: impl fmt::Display) -> Self {
        Self {
            code: 1,
            words: words.to_string(),
        }
    }

    /// The window could not be opened.
    #[must_use]
    pub fn window(error: &dyn fmt::Display) -> Self {
        Self::failed(format!(
            "the window could not be opened: {error}. On a machine without display use: andonctl serve"
        ))
    }

    /// Another console works on this folder already.
    #[must_use]
    pub const fn is_held_by_another(&self) -> bool {
        self.code == 3
    }

    /// For the command line, which reports in its own way.
    pub(crate) fn into_failure(self) -> crate::ctl::Failure {
        crate::ctl::Failure {
            code: self.code,
            words: self.words,
        }
    }

    /// Says why on standard error and gives the exit code.
    #[expect(
        clippy::print_stderr,
        reason = "the log may not exist yet, and a person is looking at the terminal"
    )]
    pub fn report(self) -> ExitCode {
        eprintln!("andon: {}", self.words.trim_end());
        ExitCode::from(self.code)
    }
}

impl From<Mistakes> for StartError {
    fn from(mistakes: Mistakes) -> Self {
        Self {
            code: 2,
            words: mistakes.to_string(),
        }
    }
}

impl From<OpenError> for StartError {
    fn from(error: OpenError) -> Self {
        let code = if matches!(error, OpenError::HeldByAnother { .. }) {
            3
        } else {
            1
        };
        Self {
            code,
            words: format!("{error}. {}", error.hint()),
        }
    }
}

/// The running console.
pub struct Running {
    /// The console, for faces.
    pub console: Arc<Console>,
    /// Where agents connect.
    pub gateway_url: String,
    /// Where browsers and `andonctl` connect.
    pub host_url: String,
    /// Folder of the console's files.
    pub data_dir: PathBuf,
    doors: Arc<Doors>,
    store: Arc<Store>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// Starts the console.
///
/// # Errors
/// [`StartError`] with the exit code: 2 for a wrong setting, 3 when another instance holds the folder, 1 for the rest.
pub async fn start(options: StartOptions) -> Result<Running, StartError> {
    let hardened = harden::process();
    let mut config = load_config(options.config.as_deref())?;
    let data_dir = options.folder();
    let store = Store::open(&data_dir)?;
    harden::logs(&data_dir);
    if let Err(words) = hardened {
        tracing::warn!("{words}");
    }
    let plant = if options.demo {
        Some(start_plant(&mut config).await?)
    } else {
        None
    };
    warn_of_environment_secrets(&config, options.demo);

    let wired = wiring::build(&config, &store, &data_dir).map_err(StartError::failed)?;
    let engine = Engine::new(wired.parts);
    people::load(&engine).await.map_err(StartError::failed)?;
    let unknown = approve::recover(&engine).await.map_err(StartError::failed)?;
    if unknown > 0 {
        tracing::warn!(
            "requests whose outcome is unknown after the last stop: {unknown}; a person has to check them"
        );
    }

    let gateway_listen = options.gateway_listen.unwrap_or(config.gateway_listen);
    let gateway = bind_gateway(gateway_listen, options.demo && options.gateway_listen.is_none()).await?;
    let host = BoundHost::bind(options.listen.unwrap_or(config.host_listen))
        .await
        .map_err(StartError::failed)?;
    let (gateway_url, host_url) = (gateway.url(), host.url());
    let console = Console::new(ConsoleParts {
        engine: Arc::clone(&engine),
        first_admin: owner::first_admin(),
        demo_people: if options.demo { demo::people() } else { Vec::new() },
        gateway: Some(gateway_url.clone()),
        credentials: wired.connections,
    });
    let (doors, control_token) = Doors::new(&console);
    write_address_file(&data_dir, &host_url, &gateway_url, &control_token).map_err(StartError::failed)?;

    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    timers::start(&mut tasks, &console, &stopped);
    serve(&mut tasks, host, gateway, &console, &doors, options.ui, &stopped);
    if let Some(plant) = plant {
        tasks.spawn(introduce_agent(
            plant,
            Arc::clone(&console),
            gateway_url.clone(),
            stopped.clone(),
        ));
    }
    Ok(Running {
        console,
        gateway_url,
        host_url,
        data_dir,
        doors,
        store,
        stop,
        tasks,
    })
}

impl Running {
    /// A sign-in link for a browser, good once.
    #[must_use]
    pub fn sign_in_link(&self) -> String {
        format!("{}/?token={}", self.host_url, self.doors.new_link())
    }

    /// Ends everything: doors close, what is being sent ends first, queued audit lines reach the disk.
    pub async fn shutdown(mut self) {
        let _ = self.stop.send(true);
        let ended = tokio::time::timeout(std::time::Duration::from_secs(70), async {
            while self.tasks.join_next().await.is_some() {}
        });
        if ended.await.is_err() {
            tracing::warn!(
                "some tasks did not end in time and were stopped; what was being sent will be unknown"
            );
        }
        self.store.close().await;
        let _ = std::fs::remove_file(self.data_dir.join("console.json"));
    }
}

/// The configuration of this start: the named file or the usual one, under the environment.
pub(crate) fn load_config(named: Option<&Path>) -> Result<Config, Mistakes> {
    let usual = dirs::config_dir()
        .map(|dir| dir.join("andon/andon.toml"))
        .filter(|path| path.exists());
    let file = named.map(Path::to_owned).or(usual);
    config::load(file.as_deref(), &|name| std::env::var(name).ok())
}

/// Starts the demo plant and points the configuration at it.
async fn start_plant(config: &mut Config) -> Result<DemoPlant, StartError> {
    let plant = DemoPlant::start()
        .await
        .map_err(|e| StartError::failed(format!("{e:#}")))?;
    let (sap, mes) = (&plant.announcement.sap, &plant.announcement.mes);
    let variables = move |name: &str| match name {
        "SAP_ODATA_ENDPOINT" => Some(sap.endpoint.clone()),
        "SAP_USERNAME" => Some(sap.username.clone()),
        "SAP_PASSWORD" => Some(sap.password.clone()),
        "SAP_CLIENT" => Some(sap.client.clone()),
        "MES_REST_ENDPOINT" => Some(mes.endpoint.clone()),
        "MES_API_TOKEN" => Some(mes.token.clone()),
        "SAP_AUTH_TYPE" | "MES_AUTH_TYPE" => None,
        other => std::env::var(other).ok(),
    };
    let demo = config::load(None, &variables)?;
    config.tenant_name = "Demo plant".to_owned();
    config.environment = "demo".to_owned();
    config.sap = demo.sap;
    config.mes = demo.mes;
    config.secrets.sap = demo.secrets.sap;
    config.secrets.mes = demo.secrets.mes;
    Ok(plant)
}

fn warn_of_environment_secrets(config: &Config, is_demo: bool) {
    let names = config.secrets.names();
    if !names.is_empty() && !is_demo {
        let names = names.join(", ");
        tracing::warn!(
            "secrets come from the environment, which other programs of this user can read: {names}; set them on the keyring instead"
        );
    }
}

/// In the demo a taken port is no reason to stop: the demo's own agent is told the address anyway.
async fn bind_gateway(listen: SocketAddr, may_move: bool) -> Result<BoundGateway, StartError> {
    match Gateway::bind(GatewayConfig::new(listen)).await {
        Err(andon_gateway::GatewayError::PortInUse(taken)) if may_move => {
            tracing::warn!("the gateway's usual port is in use: {taken}; the demo takes a free one");
            let any = SocketAddr::new(listen.ip(), 0);
            Gateway::bind(GatewayConfig::new(any))
                .await
                .map_err(StartError::failed)
        }
        bound => bound.map_err(StartError::failed),
    }
}

/// Where the console is and how `andonctl` gets in, readable by its owner only. Put in place whole: whoever reads it
/// meanwhile sees the one of the last run or this one.
fn write_address_file(data_dir: &Path, url: &str, gateway_url: &str, token: &Secret) -> std::io::Result<()> {
    let content = json!({
        "pid": std::process::id(), "url": url, "gateway_url": gateway_url, "control_token": token.expose(),
    });
    write_private(&data_dir.join("console.json"), &format!("{content}\n"))
}

/// Puts a file in place whole, for its owner only.
pub(crate) fn write_private(path: &Path, content: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let new = path.with_extension("new");
    // One left by an interrupted start may have other rights.
    let _ = std::fs::remove_file(&new);
    let mut file = std::fs::OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(&new)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&new, path)
}

fn serve(
    tasks: &mut JoinSet<()>,
    host: BoundHost,
    gateway: BoundGateway,
    console: &Arc<Console>,
    doors: &Arc<Doors>,
    ui: Option<PathBuf>,
    stopped: &watch::Receiver<bool>,
) {
    let host = host.serve(Arc::clone(console), Arc::clone(doors), ui, stopped.clone());
    tasks.spawn(async move {
        if let Err(error) = host.await {
            tracing::error!("the host ended: {error}");
        }
    });
    let (console, stop) = (Arc::clone(console), timers::until_stopped(stopped.clone()));
    tasks.spawn(async move {
        if let Err(error) = gateway.serve(console, stop).await {
            tracing::error!("the gateway ended: {error}");
        }
    });
}

/// Gives the demo's agent a token, as an admin would, and hands it over.
async fn introduce_agent(
    mut plant: DemoPlant,
    console: Arc<Console>,
    gateway_url: String,
    mut stopped: watch::Receiver<bool>,
) {
    let tenant = TenantId::default_tenant();
    let grant = andon_domain::AgentGrant {
        agent: AgentId::from("procurement-agent"),
        tenant: tenant.clone(),
        scopes: [
            "sap.get_*",
            "mes.get_*",
            "sap.create_purchase_order",
            "mes.hold_production_order",
            "mes.release_production_order",
            "mes.set_cycle_target",
        ]
        .map(str::to_owned)
        .to_vec(),
        clearance: Class::BusinessSensitive,
        expires_at: None,
    };
    let admin = owner::first_admin();
    let caller = Caller {
        tenant,
        principal: Principal::Person(admin.id),
        display_name: admin.name,
        role: Role::Admin,
        clearance: Class::HighlyRestricted,
        via: Via::System,
        scopes: Vec::new(),
    };
    let token = match agents::ensure(console.engine(), &caller, grant).await {
        Ok((_, token)) => token,
        Err(error) => return tracing::error!("the demo's agent got no token: {error}"),
    };
    if let Err(error) = plant.hand_over(&gateway_url, token.expose()).await {
        return tracing::error!("the demo's agent could not be told its token: {error}");
    }
    tokio::select! {
        () = plant.watch() => {}
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
}
