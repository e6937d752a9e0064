//! What the process denies itself before it holds a secret: no core files, no tracing by the same user, no files that
//! others may read, no payloads in panics. And what its log may hold.

use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use std::path::Path;
use std::sync::Mutex;

use rustix::fs::Mode;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit, umask};
use tracing_subscriber::filter::Directive;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::log_file::LogFile;

/// What is logged when nobody says otherwise.
const USUAL: &str = "info,reqwest=warn";
/// Modules whose finer lines hold what agents and systems send. They stay quiet whatever is asked for.
const TELLTALE: [&str; 6] = ["rmcp", "hyper", "hyper_util", "h2", "zbus", "secret_service"];
/// Beside what the gateway keeps quiet: frames to systems and messages to the keyring.
const QUIET: &str = "h2=info,zbus=info,secret_service=info";

/// Denies core files and ptrace, keeps new files private, and keeps panics from printing what they were about. Comes
/// first: nothing secret has been read yet. A second call changes nothing.
///
/// # Errors
/// In words for the log, when the system refuses.
pub(crate) fn process() -> Result<(), String> {
    std::panic::set_hook(Box::new(tell_place));
    umask(Mode::from_raw_mode(0o077));
    let no_core = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let core = setrlimit(Resource::Core, no_core);
    let dump = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    match core.and(dump) {
        Ok(()) => Ok(()),
        Err(error) => Err(format!("core files could not be switched off: {error}")),
    }
}

/// A panic's message may hold what it was about; its place does not.
#[expect(clippy::print_stderr, reason = "the log may not exist yet")]
fn tell_place(panic: &PanicHookInfo<'_>) {
    let place = panic
        .location()
        .map_or_else(|| "unknown place".to_owned(), ToString::to_string);
    if tracing::dispatcher::has_been_set() {
        tracing::error!("a task ended unexpectedly at {place}");
    } else {
        eprintln!("andon ended unexpectedly at {place}");
    }
}

/// Logs to standard error for people and as JSON lines to `log/andon.log` in the data folder, which only its owner may
/// read. A second call changes nothing.
pub(crate) fn logs(data_dir: &Path) {
    let wanted = std::env::var("ANDON_LOG").ok();
    let (directives, not_understood) = directives(wanted.as_deref());
    let filter = || EnvFilter::new(&directives);
    let people = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .with_filter(filter());
    let (machine, trouble) = match LogFile::open(&data_dir.join("log")) {
        Ok(file) => {
            let lines = tracing_subscriber::fmt::layer()
                .json()
                .with_writer(Mutex::new(file));
            (Some(lines.with_filter(filter())), None)
        }
        Err(error) => (None, Some(error)),
    };
    let _ = tracing_subscriber::registry()
        .with(people)
        .with(machine)
        .try_init();
    if let Some(error) = trouble {
        tracing::warn!("the log file cannot be written, the log goes to standard error only: {error}");
    }
    if !not_understood.is_empty() {
        let parts = not_understood.join(", ");
        tracing::warn!("ANDON_LOG has parts that are not understood and are left out: {parts}");
    }
}

/// What to log: the wish without what would show payloads, and the parts of it that are not understood.
fn directives(wanted: Option<&str>) -> (String, Vec<String>) {
    let wanted = wanted.filter(|text| !text.trim().is_empty()).unwrap_or(USUAL);
    let (mut kept, mut not_understood) = (Vec::new(), Vec::new());
    for part in wanted.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let module = part.split(['=', ':', '[']).next().unwrap_or(part);
        if TELLTALE.contains(&module) {
            continue;
        }
        // A directive for spans would open every module inside them.
        if part.contains(['[', ']', '{', '}']) || part.parse::<Directive>().is_err() {
            not_understood.push(andon_domain::text::visible(part, 80));
        } else {
            kept.push(part);
        }
    }
    if kept.is_empty() {
        kept.push(USUAL);
    }
    (
        format!("{},{QUIET},{}", kept.join(","), andon_gateway::QUIET_LOGS),
        not_understood,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(wanted: &str) -> String {
        let (all, _) = directives(Some(wanted));
        let fixed = format!(",{QUIET},{}", andon_gateway::QUIET_LOGS);
        all.strip_suffix(&fixed)
            .expect("what is quiet comes last and always")
            .to_owned()
    }

    #[test]
    fn payloads_stay_out_of_the_log_whatever_is_asked_for() {
        assert_eq!(kept("trace"), "trace");
        assert_eq!(
            kept("debug,rmcp=trace,hyper=trace,andon_engine=trace"),
            "debug,andon_engine=trace"
        );
        assert_eq!(kept("rmcp::transport=trace"), USUAL);
        assert_eq!(kept("info,[serve{x=1}]=trace"), "info");
        assert_eq!(kept(" "), USUAL);
    }

    #[test]
    fn parts_that_are_not_understood_are_named() {
        let (_, named) = directives(Some("info,andon_app=loud,[x]=debug"));
        assert_eq!(named, ["andon_app=loud", "[x]=debug"]);
        assert_eq!(directives(Some("debug,rmcp=trace")).1, [""; 0]);
    }
}
