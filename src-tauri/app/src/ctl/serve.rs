//! `andonctl serve`: the console without a window.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Failure, print_json};
use crate::start::{StartError, StartOptions, start};

/// Arguments of `serve`.
#[derive(Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    options: StartOptions,
    /// Folder of the built UI; `ui/dist` beside the program or in this folder when absent.
    #[arg(long, value_name = "DIR")]
    ui: Option<PathBuf>,
}

pub(crate) async fn run(serve: Serve, data_dir: Option<PathBuf>) -> Result<(), Failure> {
    let Serve { mut options, ui } = serve;
    options.data_dir = data_dir;
    options.ui = ui.or_else(usual_ui);
    let has_ui = options.ui.is_some();
    let running = start(options).await.map_err(StartError::into_failure)?;
    // Heard from before the line that says that it runs.
    let mut signals = Signals::new()?;
    if !has_ui {
        tracing::warn!(
            "no built UI was found; browsers get nothing. Build it with npm run build in ui, or give --ui"
        );
    }
    let link = running.sign_in_link();
    let console_file = running.data_dir.join("console.json");
    print_json(&json!({
        "url": link, "gateway_url": running.gateway_url, "data_dir": running.data_dir,
        "tokens": {
            "console": console_file,
            "agents": "andonctl agent add NAME --scope OPERATION prints a token once",
        },
    }))?;
    tell_person(&link);
    signals.next().await;
    tokio::select! {
        () = running.shutdown() => Ok(()),
        () = signals.next() => Err(Failure::refused(
            "ended at once by a second signal; what was being sent will be unknown at the next start",
        )),
    }
}

#[expect(
    clippy::print_stderr,
    reason = "a line for the person at the terminal; data is on standard output"
)]
fn tell_person(link: &str) {
    eprintln!(
        "\n  Andon runs. Open this link in a browser; it works once:\n\n    {link}\n\n  A new link: andonctl open. Stop with Ctrl C.\n"
    );
}

/// Every way in which people and service managers ask a program to end.
struct Signals([Signal; 3]);

impl Signals {
    fn new() -> Result<Self, Failure> {
        let hear = |kind| {
            signal(kind)
                .map_err(|e: std::io::Error| Failure::refused(format!("signals cannot be heard: {e}")))
        };
        Ok(Self([
            hear(SignalKind::terminate())?,
            hear(SignalKind::interrupt())?,
            hear(SignalKind::hangup())?,
        ]))
    }

    async fn next(&mut self) {
        let [terminate, interrupt, hangup] = &mut self.0;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

fn usual_ui() -> Option<PathBuf> {
    let beside = std::env::current_exe()
        .ok()
        .and_then(|exe| Some(exe.parent()?.join("ui")));
    let candidates = beside.into_iter().chain([PathBuf::from("ui/dist")]);
    candidates
        .into_iter()
        .find(|folder| folder.join("index.html").exists())
}
