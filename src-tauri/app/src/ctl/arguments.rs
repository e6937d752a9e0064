//! What can be said to the running console on the command line.

use clap::builder::PossibleValuesParser;
use clap::{Subcommand, ValueEnum};

/// Operations.
#[derive(Subcommand)]
pub(crate) enum Op {
    /// Every operation with its effect, risk and class.
    List {
        /// Print JSON, with the schema of the parameters.
        #[arg(long)]
        json: bool,
    },
    /// Runs a read, or asks for a write.
    Run {
        /// Dotted name.
        name: String,
        /// Tenant.
        #[arg(long, default_value = "default")]
        tenant: String,
        /// Parameters as JSON.
        #[arg(long, default_value = "{}")]
        params: String,
        /// Records in the answer.
        #[arg(long)]
        limit: Option<u32>,
        /// Where the last answer ended.
        #[arg(long)]
        cursor: Option<String>,
        /// Why, for a write.
        #[arg(long)]
        reason: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Requests.
#[derive(Subcommand)]
pub(crate) enum Approval {
    /// Requests that wait, or were decided or expired.
    List {
        /// Which list.
        #[arg(long, default_value = "waiting")]
        view: View,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Everything about one request.
    Show {
        /// Its key.
        id: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Approve exactly what `show` printed.
    Approve {
        /// Its key.
        id: String,
        /// At least the first 8 digits of the digest that `show` printed.
        #[arg(long)]
        digest: String,
        /// Why; needed from HIGH on.
        #[arg(long)]
        reason: Option<String>,
        /// The target, typed; needed for CRITICAL.
        #[arg(long)]
        target: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Deny, with a reason for the agent.
    Deny {
        /// Its key.
        id: String,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Lists of requests.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum View {
    Waiting,
    Decided,
    Expired,
}

/// Agents.
#[derive(Subcommand)]
pub(crate) enum Agent {
    /// Adds an agent and prints its token, once.
    Add {
        /// Name and key.
        name: String,
        /// Operation it may call; a trailing `*` stands for every operation with that beginning. Repeatable.
        #[arg(long = "scope", required = true)]
        scopes: Vec<String>,
        /// Highest class it may see.
        #[arg(long, default_value = "class_ii", value_parser = ["class_i", "class_ii", "class_iii", "class_iv"])]
        class: String,
        /// Days until the token ends; no end when absent.
        #[arg(long)]
        expires_days: Option<u32>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Agents, also revoked ones.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Revokes an agent's token; its next call is refused.
    Revoke {
        /// Name and key.
        name: String,
    },
}

/// The audit log.
#[derive(Subcommand)]
pub(crate) enum Audit {
    /// The newest lines.
    Tail {
        /// Only after this sequence number.
        #[arg(long)]
        after: Option<i64>,
        /// Only actions with this beginning.
        #[arg(long)]
        action: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// Print JSON, one entry a line.
        #[arg(long)]
        json: bool,
    },
    /// Checks the chain in the file; needs no running console.
    Verify {
        /// Tenant.
        #[arg(long, default_value = "default")]
        tenant: String,
    },
}

/// Credentials.
#[derive(Subcommand)]
pub(crate) enum Credential {
    /// Sets the credential of a system; it is read from standard input.
    Set {
        /// System.
        system: SystemName,
    },
    /// Removes the credential of a system.
    Remove {
        /// System.
        system: SystemName,
    },
}

/// Systems with a credential.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum SystemName {
    Sap,
    Mes,
    Model,
}

impl SystemName {
    /// Its name on the wire.
    pub(crate) const fn wire(self) -> &'static str {
        match self {
            Self::Sap => "sap",
            Self::Mes => "mes",
            Self::Model => "model",
        }
    }
}

/// Feeds of the mirror.
#[derive(Subcommand)]
pub(crate) enum FeedCommand {
    /// Stops fetching a feed until it is resumed; what the mirror has stays, and gets old.
    Pause {
        /// Feed.
        #[arg(value_parser = feed_names())]
        feed: String,
    },
    /// Lets a paused feed go on; it is fetched at once.
    Resume {
        /// Feed.
        #[arg(value_parser = feed_names())]
        feed: String,
    },
    /// Has a feed fetched now.
    Sync {
        /// Feed.
        #[arg(value_parser = feed_names())]
        feed: String,
    },
}

/// The mirror.
#[derive(Subcommand)]
pub(crate) enum Mirror {
    /// Throws the copy of feeds away and reads them in full.
    Rebuild {
        /// Only this feed; all when absent. Repeatable.
        #[arg(long = "feed", value_parser = feed_names())]
        feeds: Vec<String>,
    },
}

fn feed_names() -> PossibleValuesParser {
    PossibleValuesParser::new(andon_domain::ports::Feed::ALL.map(andon_domain::ports::Feed::as_str))
}
