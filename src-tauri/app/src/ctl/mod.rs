//! `andonctl`: data on standard output, errors on standard error, and exit codes that scripts can use.
//!
//! 0 done, 1 refused or failed, 2 usage or configuration, 3 another instance holds the data folder or none is running.

mod approvals;
mod arguments;
mod client;
mod connections;
mod offline;
mod online;
mod serve;
mod show;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use serde_json::Value;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    pub(crate) words: String,
}

impl Failure {
    pub(crate) fn refused(words: impl Into<String>) -> Self {
        Self {
            code: 1,
            words: words.into(),
        }
    }

    pub(crate) fn usage(words: impl Into<String>) -> Self {
        Self {
            code: 2,
            words: words.into(),
        }
    }

    pub(crate) fn not_running(words: impl Into<String>) -> Self {
        Self {
            code: 3,
            words: words.into(),
        }
    }
}

#[derive(Parser)]
#[command(name = "andonctl", version, about = "Andon on the command line.")]
struct CommandLine {
    /// Folder of the console's files.
    #[arg(long, env = "ANDON_DATA_DIR", value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the console without a window and print where it is as one JSON line.
    Serve(serve::Serve),
    /// Print a fresh sign-in link for a browser.
    Open,
    /// Operations of the connected systems.
    #[command(subcommand)]
    Op(arguments::Op),
    /// Requests that wait for people.
    #[command(subcommand)]
    Approval(arguments::Approval),
    /// Ask a question in plain language.
    Ask {
        /// The question.
        question: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Run SQL that the guard allows.
    Query {
        /// The statement.
        sql: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Agents and their tokens.
    #[command(subcommand)]
    Agent(arguments::Agent),
    /// The audit log.
    #[command(subcommand)]
    Audit(arguments::Audit),
    /// Credentials of connections, kept in the keyring.
    #[command(subcommand)]
    Credential(arguments::Credential),
    /// How every connection and every feed of the mirror is.
    Connections {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Feeds of the mirror: pause, resume, fetch now.
    #[command(subcommand)]
    Feed(arguments::FeedCommand),
    /// The mirror that analysts query.
    #[command(subcommand)]
    Mirror(arguments::Mirror),
    /// How the console and its systems are.
    Status {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// MCP over standard input and output, for agents that start a program. Needs ANDON_AGENT_TOKEN.
    Mcp {
        /// Address of the gateway; that of the running console when absent.
        #[arg(long)]
        url: Option<String>,
    },
    /// The SQL guard by itself; needs no running console.
    #[command(subcommand)]
    Guard(offline::Guard),
    /// What is in the way of a working console, in words.
    Doctor {
        /// Look only at this machine, not at the running console.
        #[arg(long)]
        offline: bool,
        /// Configuration file to check.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

/// Runs the command line.
#[must_use]
pub fn main() -> ExitCode {
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(error) => {
            // Nobody may be reading; there is nothing left to say then.
            let _ = error.print();
            return if error.use_stderr() {
                ExitCode::from(2)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    // Some commands hold a secret too. Where the system refuses, `serve` says so in its log.
    let _ = crate::harden::process();
    // The HTTP client asks for a provider also for plain loopback calls. A second install changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return report(&Failure::refused(format!(
                "this machine gives no threads: {error}"
            )));
        }
    };
    match runtime.block_on(run(line)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(&failure),
    }
}

#[expect(
    clippy::print_stderr,
    reason = "errors of a command line belong on standard error"
)]
fn report(failure: &Failure) -> ExitCode {
    eprintln!("andonctl: {}", failure.words.trim_end());
    ExitCode::from(failure.code)
}

async fn run(line: CommandLine) -> Result<(), Failure> {
    let folder = line
        .data_dir
        .clone()
        .unwrap_or_else(crate::start::default_data_dir);
    match line.command {
        Command::Serve(serve) => serve::run(serve, line.data_dir).await,
        Command::Guard(guard) => offline::guard(&guard),
        Command::Doctor { offline, config } => offline::doctor(&folder, offline, config.as_deref()).await,
        Command::Audit(arguments::Audit::Verify { tenant }) => offline::audit_verify(&folder, &tenant),
        Command::Mcp { url } => online::mcp(&folder, url).await,
        Command::Open => {
            let client = client::Client::connect(&folder)?;
            let answer = client.post("/control/link", &Value::Null).await?;
            print(answer["url"].as_str().unwrap_or_default())
        }
        Command::Op(op) => online::op(&client::Client::connect(&folder)?, op).await,
        Command::Approval(approval) => approvals::run(&client::Client::connect(&folder)?, approval).await,
        Command::Ask { question, json } => {
            let request = serde_json::json!({ "question": question });
            online::query(&client::Client::connect(&folder)?, "query_ask", request, json).await
        }
        Command::Query { sql, json } => {
            let request = serde_json::json!({ "sql": sql });
            online::query(&client::Client::connect(&folder)?, "query_run", request, json).await
        }
        Command::Agent(agent) => online::agent(&client::Client::connect(&folder)?, agent).await,
        Command::Audit(arguments::Audit::Tail {
            after,
            action,
            limit,
            json,
        }) => online::audit_tail(&client::Client::connect(&folder)?, after, action, limit, json).await,
        Command::Credential(credential) => {
            online::credential(&client::Client::connect(&folder)?, credential).await
        }
        Command::Connections { json } => connections::list(&client::Client::connect(&folder)?, json).await,
        Command::Feed(command) => {
            connections::feed_command(&client::Client::connect(&folder)?, command).await
        }
        Command::Mirror(mirror) => connections::mirror(&client::Client::connect(&folder)?, mirror).await,
        Command::Status { json } => online::status(&client::Client::connect(&folder)?, json).await,
    }
}

/// One line of data on standard output. A reader that went away is the end, not a failure.
pub(crate) fn print(line: &str) -> Result<(), Failure> {
    match writeln!(std::io::stdout().lock(), "{line}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::refused(format!(
            "standard output cannot be written: {error}"
        ))),
        _ => Ok(()),
    }
}

/// JSON on standard output, one line.
pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value)
        .map_err(|e| Failure::refused(format!("the answer cannot be written: {e}")))?;
    print(&plain(&text))
}

/// JSON text with every hidden character escaped: the same value, and a terminal shows it as it is.
pub(crate) fn plain(json: &str) -> String {
    let mut plain = String::with_capacity(json.len());
    for c in json.chars() {
        if andon_domain::text::is_hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                plain.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn every_command_is_well_formed() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn the_data_folder_is_named_before_or_after_the_command() {
        for line in [
            ["andonctl", "--data-dir", "/x", "serve"],
            ["andonctl", "serve", "--data-dir", "/x"],
            ["andonctl", "status", "--data-dir", "/x"],
        ] {
            let read = CommandLine::try_parse_from(line).unwrap();
            assert_eq!(read.data_dir, Some(PathBuf::from("/x")), "{line:?}");
        }
    }

    #[test]
    fn json_for_a_terminal_is_the_same_value_without_hidden_characters() {
        let value = json!({"a": "pay \u{202e}elbon\u{200b} \u{e0041} \u{9b}31m äöü 你好"});
        let shown = plain(&value.to_string());
        assert!(!shown.chars().any(andon_domain::text::is_hidden), "{shown}");
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), value);
    }
}
