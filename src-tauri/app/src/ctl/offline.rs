//! What needs no running console: the guard by itself, the audit chain, and a look at this machine.

use std::io::{BufRead, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use andon_domain::TenantId;
use andon_domain::ports::KeyringState;
use andon_guard::{Dialect, Policy};
use andon_store::Store;
use clap::{Subcommand, ValueEnum};

use super::{Failure, client, connections, online, plain, print, print_json};

/// The guard by itself.
#[derive(Subcommand)]
pub(crate) enum Guard {
    /// Checks statements: JSON lines `{"id","sql"}` in, one verdict a line out.
    Check {
        /// Policy file: `{"tables":{"orders":{"columns":["id","status"],"description":"…"}}}`.
        #[arg(long, value_name = "FILE")]
        policy: PathBuf,
        /// SQL dialect of the database.
        #[arg(long)]
        dialect: DialectName,
    },
}

/// SQL dialects.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum DialectName {
    Sqlite,
    Postgres,
    Mysql,
}

impl From<DialectName> for Dialect {
    fn from(name: DialectName) -> Self {
        match name {
            DialectName::Sqlite => Self::Sqlite,
            DialectName::Postgres => Self::Postgres,
            DialectName::Mysql => Self::MySql,
        }
    }
}

/// Every line gets its verdict, also one that cannot be read; a refusal is a verdict and not a failure.
pub(crate) fn guard(guard: &Guard) -> Result<(), Failure> {
    let Guard::Check { policy, dialect } = guard;
    let text = std::fs::read_to_string(policy).map_err(|e| {
        Failure::usage(format!(
            "the policy file cannot be read: {}: {e}",
            policy.display()
        ))
    })?;
    let policy =
        Policy::from_json(&text).map_err(|e| Failure::usage(format!("{}: {e}", policy.display())))?;
    let failed = |e: std::io::Error| Failure::refused(format!("standard input or output failed: {e}"));
    let mut output = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().split(b'\n') {
        let line = line.map_err(failed)?;
        let line = String::from_utf8_lossy(&line);
        if line.trim().is_empty() {
            continue;
        }
        let verdict = andon_guard::check_line(line.trim(), (*dialect).into(), &policy);
        match writeln!(output, "{}", plain(&verdict)) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            written => written.map_err(failed)?,
        }
    }
    output.flush().map_err(failed)
}

/// Checks the chain in the journal file itself. Exit code 1 when a link does not hold.
pub(crate) fn audit_verify(folder: &Path, tenant: &str) -> Result<(), Failure> {
    if !TenantId::is_valid(tenant) {
        return Err(Failure::usage(format!("not a tenant: {tenant}")));
    }
    let path = folder.join("journal.sqlite");
    let verdict = Store::verify_audit_file(&path, &TenantId::from(tenant))
        .map_err(|e| Failure::refused(e.to_string()))?;
    print_json(&verdict)?;
    if verdict.is_intact {
        Ok(())
    } else {
        Err(Failure::refused(verdict.message))
    }
}

/// What was looked at, and how much of it needs a look by a person.
#[derive(Default)]
struct Findings {
    trouble: u32,
}

impl Findings {
    fn say(&mut self, is_well: bool, line: &str) -> Result<(), Failure> {
        self.trouble += u32::from(!is_well);
        print(&format!("{} {line}", if is_well { "ok  " } else { "look" }))
    }
}

/// Looks at this machine, and at the running console unless told not to.
pub(crate) async fn doctor(folder: &Path, is_offline: bool, config: Option<&Path>) -> Result<(), Failure> {
    let mut findings = Findings::default();
    look_at_folder(&mut findings, folder)?;
    look_at_settings(&mut findings, config)?;
    let (is_well, words) = match andon_store::keyring().state().await {
        KeyringState::Available => (true, "works"),
        KeyringState::Locked => (
            false,
            "is locked: unlock it (log in to the desktop, or start the console by scripts/with-session), decisions wait until then",
        ),
        KeyringState::Absent => (
            false,
            "is not there: install and start gnome-keyring or another Secret Service on the session bus",
        ),
        KeyringState::Slow => (false, "does not answer: its password prompt may be open"),
    };
    findings.say(is_well, &format!("keyring: {words}"))?;
    if !is_offline {
        look_at_console(&mut findings, folder).await?;
    }
    if findings.trouble == 0 {
        Ok(())
    } else {
        Err(Failure::refused(format!(
            "things to look at: {}",
            findings.trouble
        )))
    }
}

fn look_at_folder(findings: &mut Findings, folder: &Path) -> Result<(), Failure> {
    let shown = folder.display();
    match std::fs::metadata(folder) {
        Ok(meta) if !meta.is_dir() => findings.say(
            false,
            &format!("data folder: {shown} is not a folder; name another with --data-dir"),
        ),
        Ok(meta) if meta.permissions().mode() & 0o077 != 0 => findings.say(
            false,
            &format!("data folder: {shown} can be read by other users; run chmod 700 on it"),
        ),
        Ok(_) => findings.say(true, &format!("data folder: {shown}")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => findings.say(
            true,
            &format!("data folder: {shown} is not there yet; the first start makes it"),
        ),
        Err(error) => findings.say(
            false,
            &format!("data folder: {shown} cannot be looked at: {error}"),
        ),
    }
}

fn look_at_settings(findings: &mut Findings, named: Option<&Path>) -> Result<(), Failure> {
    let config = match crate::start::load_config(named) {
        Ok(config) => config,
        Err(mistakes) => return findings.say(false, mistakes.to_string().trim_end()),
    };
    let set = |is_set: bool| if is_set { "set" } else { "not set" };
    let (sap, mes, model) = (config.sap.is_some(), config.mes.is_some(), config.model.is_some());
    let line = format!(
        "configuration: SAP {}, MES {}, model {}",
        set(sap),
        set(mes),
        set(model)
    );
    findings.say(true, &line)?;
    if let Err(error) = crate::wiring::try_connections(&config) {
        findings.say(false, &format!("connections: {error:#}"))?;
    }
    config.secrets.names().iter().try_for_each(|name| {
        findings.say(
            false,
            &format!(
                "{name} is in the environment, which other programs of this user can read; use andonctl credential set"
            ),
        )
    })
}

async fn look_at_console(findings: &mut Findings, folder: &Path) -> Result<(), Failure> {
    let lines = match client::Client::connect(folder) {
        Ok(client) => look_at_systems(&client).await,
        Err(failure) => Err(failure),
    };
    match lines {
        Ok(lines) => {
            findings.say(true, "console: runs")?;
            lines
                .iter()
                .try_for_each(|(is_well, line)| findings.say(*is_well, line))
        }
        Err(failure) => findings.say(false, &format!("console: {}", failure.words)),
    }
}

/// How the console is, then its systems service by service.
async fn look_at_systems(client: &client::Client) -> Result<Vec<(bool, String)>, Failure> {
    let mut lines = online::doctor_lines(client).await?;
    lines.extend(connections::findings(client).await?);
    Ok(lines)
}
