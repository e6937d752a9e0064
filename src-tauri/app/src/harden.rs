//! What the process denies itself before it holds a secret: no core files, no tracing by the same user, no payloads in
//! panics. And where its log goes.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Mutex;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// Denies core files and ptrace, and keeps panics from printing what they were about.
pub(crate) fn process() {
    let no_core = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let core = setrlimit(Resource::Core, no_core);
    let dump = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map_or_else(|| "unknown place".to_owned(), ToString::to_string);
        tracing::error!("a task ended unexpectedly at {place}");
    }));
    if core.is_err() || dump.is_err() {
        tracing::warn!("core files could not be switched off: {core:?} {dump:?}");
    }
}

/// Logs to standard error for people and, where a folder is given, as JSON lines to `log/andon.log` in it.
///
/// The file may be read by its owner only. A second call changes nothing.
pub(crate) fn logs(data_dir: Option<&Path>) {
    let filter = || {
        EnvFilter::try_from_env("ANDON_LOG")
            .unwrap_or_else(|_| EnvFilter::new("info,hyper=warn,reqwest=warn,rmcp=warn"))
    };
    let people = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_filter(filter());
    let file = data_dir.and_then(|dir| {
        let folder = dir.join("log");
        std::fs::create_dir_all(&folder).ok()?;
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(folder.join("andon.log"))
            .ok()
    });
    let machine = file.map(|file| {
        tracing_subscriber::fmt::layer()
            .json()
            .with_writer(Mutex::new(file))
            .with_filter(filter())
    });
    let _ = tracing_subscriber::registry()
        .with(people)
        .with(machine)
        .try_init();
}
