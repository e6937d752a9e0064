//! The demo plant: a SAP, a MES and an agent that a console can be tried on. It is a stranger to the console: it shares
//! no code with it and speaks the real protocols, on loopback, with made-up data from one seed.
//! Standard output carries one JSON line, when everything listens; the log goes to standard error.

mod agent;
mod company;
mod control;
mod dice;
mod faults;
mod line;
mod mes;
mod sap;

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use clap::Parser;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::sync::watch;

use agent::Access;
use faults::Faults;
use line::{Line, LoopbackListener, Switch};

/// How often goods move in the made-up warehouse.
const GOODS_EVERY: Duration = Duration::from_secs(30);

/// A simulated plant on loopback: SAP over OData V2, a MES over "Plant REST v1", and a purchasing agent.
#[derive(Debug, Parser)]
#[command(name = "andon-demo-plant", version, about)]
struct Options {
    /// What the made-up data comes from.
    #[arg(long, default_value_t = 22_400)]
    seed: u64,
    /// How many purchase orders SAP has when it opens.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    size: u32,
    /// Port of the SAP side; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    sap_port: u16,
    /// Port of the MES side; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    mes_port: u16,
    /// Port for counts, faults and forced states (no credentials); 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    control_port: u16,
    /// How many times faster than usual things happen: states end, orders are done, inspections are due. Clocks and cycle
    /// times stay real, so orders have fewer pieces instead.
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// How many machines the MES has, from 1 to 5000. Up to 120 have 8 days of past; with more the past is shorter, from
    /// 960 on a day, so that the plant starts in seconds and stays below a GiB.
    #[arg(long, default_value_t = 24, value_parser = machines)]
    machines: usize,
    /// The MES is read-only: it neither takes nor announces commands.
    #[arg(long)]
    no_commands: bool,
    /// The agent looks but asks for nothing.
    #[arg(long)]
    quiet_agent: bool,
    /// When the agent first asks, in seconds after it was given access.
    #[arg(long, default_value_t = 2.0, value_parser = seconds)]
    first_request_after_s: f64,
    /// Keeps posted orders in this file, so that a restarted plant still has them.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// End when standard input ends.
    #[arg(long)]
    exit_with_parent: bool,
}

fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,rmcp=warn")),
        )
        .init();
    let options = Options::parse();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(run(options))
}

async fn run(options: Options) -> anyhow::Result<()> {
    install_tls_provider();
    let faults = Arc::new(Faults::default());
    let now_ms = now_ms();
    // From the operating system's randomness, never from the seed.
    let (password, token) = (secret(), secret());
    let user = "ANDON".to_owned();
    let sap = Arc::new(sap::open(
        (options.seed, options.size),
        now_ms,
        user.clone(),
        password.clone(),
        Arc::clone(&faults),
        options.state.as_deref(),
    )?);
    let plan = mes::Plan {
        seed: options.seed,
        speed: options.speed,
        machines: options.machines,
    };
    let mes = Arc::new(mes::open(
        plan,
        now_ms,
        token.clone(),
        !options.no_commands,
        Arc::clone(&faults),
    ));
    let control = control::Control {
        sap: Arc::clone(&sap),
        mes: Arc::clone(&mes),
        faults: Arc::clone(&faults),
    };

    let sap_address = serve(
        "sap",
        options.sap_port,
        faults.sap_line.clone(),
        sap::router(Arc::clone(&sap)),
    )
    .await?;
    let mes_address = serve(
        "mes",
        options.mes_port,
        faults.mes_line.clone(),
        mes::router(Arc::clone(&mes)),
    )
    .await?;
    let control_address = serve(
        "control",
        options.control_port,
        Switch::default(),
        control::router(control),
    )
    .await?;
    tokio::spawn(mes::live(mes));
    tokio::spawn(move_goods(sap));

    let (access, access_given) = watch::channel(None);
    let habits = agent::Habits {
        seed: options.seed,
        is_quiet: options.quiet_agent,
        first_after: Duration::from_secs_f64(options.first_request_after_s),
    };
    tokio::spawn(agent::work(habits, access_given));

    announce(&json!({
        "ready": true,
        "seed": options.seed,
        "size": options.size,
        "simulated": true,
        "sap": {
            "endpoint": format!("http://{sap_address}/sap/opu/odata/sap"),
            "client": sap::CLIENT, "username": user, "password": password,
        },
        "mes": {"endpoint": format!("http://{mes_address}"), "token": token},
        "control": {"endpoint": format!("http://{control_address}")},
    }))?;
    tokio::select! {
        signal = until_told_to_end() => signal?,
        () = listen_to_parent(access, options.exit_with_parent) => {}
    }
    tracing::info!("the demo plant ends");
    // Standard input is read by a thread that cannot be interrupted; waiting for it would hang.
    std::process::exit(0)
}

/// The present, in milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// A random password or token.
fn secret() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// The HTTP client insists on one, although everything here is plain HTTP on loopback.
pub(crate) fn install_tls_provider() {
    if rustls::crypto::ring::default_provider()
        .install_default()
        .is_err()
    {
        tracing::debug!("a tls provider was installed before");
    }
}

fn announce(line: &Value) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .context("standard output is closed")
}

async fn serve(
    name: &'static str,
    port: u16,
    switch: Switch,
    router: Router,
) -> anyhow::Result<std::net::SocketAddr> {
    let listener = LoopbackListener::bind(port, switch)
        .await
        .with_context(|| format!("the {name} side cannot listen on port {port}"))?;
    let address = listener.address()?;
    tokio::spawn(async move {
        let service = router.into_make_service_with_connect_info::<Line>();
        if let Err(error) = axum::serve(listener, service).await {
            tracing::error!(%error, name, "a server ended");
        }
    });
    Ok(address)
}

async fn move_goods(sap: Arc<sap::Sap>) {
    let mut ticks = tokio::time::interval(GOODS_EVERY);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        sap.move_goods(now_ms());
    }
}

#[cfg(unix)]
async fn until_told_to_end() -> anyhow::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        interrupt = tokio::signal::ctrl_c() => interrupt?,
    }
    Ok(())
}

#[cfg(not(unix))]
async fn until_told_to_end() -> anyhow::Result<()> {
    Ok(tokio::signal::ctrl_c().await?)
}

/// Reads what the parent hands over, line by line; returns when the parent is gone and that matters.
async fn listen_to_parent(access: watch::Sender<Option<Access>>, exit_with_parent: bool) {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        match lines.next_line().await {
            Ok(Some(line)) if line.trim().is_empty() => {}
            Ok(Some(line)) => match serde_json::from_str::<Access>(&line) {
                Ok(given) => {
                    tracing::info!(gateway = given.gateway_url, "the agent was given access");
                    access.send_replace(Some(given));
                }
                // Not the line itself: it may hold a token.
                Err(error) => tracing::warn!(%error, "a line on standard input is not understood"),
            },
            Ok(None) if exit_with_parent => return,
            Ok(None) | Err(_) => break,
        }
    }
    // The sender stays, so that the agent keeps what it was given.
    std::future::pending::<()>().await;
    drop(access);
}

fn speed(text: &str) -> Result<f64, String> {
    positive(text)
        .filter(|speed| *speed <= 1000.0)
        .ok_or_else(|| "give a number above 0 and up to 1000".to_owned())
}

fn machines(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=5000).contains(number));
    number.ok_or_else(|| "give a number from 1 to 5000".to_owned())
}

fn seconds(text: &str) -> Result<f64, String> {
    let number = text
        .parse::<f64>()
        .ok()
        .filter(|number| (0.0..=86_400.0).contains(number));
    number.ok_or_else(|| "give seconds from 0 to 86400".to_owned())
}

fn positive(text: &str) -> Option<f64> {
    text.parse::<f64>()
        .ok()
        .filter(|number| number.is_finite() && *number > 0.0)
}
