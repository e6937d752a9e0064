//! The one table of commands: every face and every TypeScript type comes from these lines.
//!
//! Adding a command is one line here and one function in `handlers`. A query never changes anything; what changes
//! something is marked `Write`.

use andon_domain::operations::Effect;
use andon_domain::{Permission, RequestId};
use serde_json::Value;

use crate::console::{Console, Session};
use crate::error::{ApiError, ErrorCode};
use crate::handlers::{Context, admin, approvals, connections, operations, plant, query, session};
use crate::wire;

/// One command.
#[derive(Debug, Clone, Copy)]
pub struct Command {
    /// Name, `noun_verb`.
    pub name: &'static str,
    /// Permission a person needs to call it; some commands ask for more, by the risk of what they touch.
    pub permission: Permission,
    /// Whether it changes anything.
    pub effect: Effect,
    /// One sentence.
    pub sentence: &'static str,
}

macro_rules! commands {
    ($( $(#[doc = $doc:literal])+ $name:ident($request:ty) -> $response:ty, $permission:ident, $effect:ident, $handler:path; )+) => {
        /// All commands.
        pub const COMMANDS: &[Command] = &[
            $( Command {
                name: stringify!($name),
                permission: Permission::$permission,
                effect: Effect::$effect,
                sentence: concat!($($doc),+),
            }, )+
        ];

        pub(crate) async fn call(
            console: &Console,
            session: &Session,
            request: RequestId,
            name: &str,
            body: Value,
        ) -> Result<Value, ApiError> {
            match name {
                $( stringify!($name) => {
                    let input: $request = read(body, request)?;
                    let context = Context::new(console, session, request, Permission::$permission)?;
                    // Boxed: the futures of the use cases are large, and one match arm each would add them all up.
                    let output: $response = Box::pin($handler(&context, input)).await?;
                    write(&output, request)
                } )+
                unknown => Err(ApiError::new(
                    request,
                    ErrorCode::NotFound,
                    format!("no such command: {}", andon_domain::text::visible(unknown, 80)),
                    "Update the face that sent it; it may be of another version.",
                )),
            }
        }

        /// Request and response type of every command, by their TypeScript names.
        #[cfg(test)]
        pub(crate) fn type_names(config: &ts_rs::Config) -> Vec<(&'static str, String, String)> {
            use ts_rs::TS;
            vec![ $( (stringify!($name), <$request>::name(config), <$response>::name(config)), )+ ]
        }

        #[cfg(test)]
        pub(crate) fn export_types(config: &ts_rs::Config) {
            use ts_rs::TS;
            $( <$request>::export_all(config).unwrap(); <$response>::export_all(config).unwrap(); )+
        }
    };
}

commands! {
    /// Who is signed in.
    session_get(wire::Empty) -> wire::SessionView, SessionView, Read, session::get;
    /// Become another person of the demo.
    session_switch(wire::SessionSwitchRequest) -> wire::SessionView, SessionView, Write, session::switch;
    /// How the systems, the keyring and the storage are.
    status_get(wire::Empty) -> wire::StatusView, SessionView, Read, session::status;

    /// Requests that wait, were decided or expired.
    approval_list(wire::ApprovalListRequest) -> wire::ApprovalListResponse, ApprovalView, Read, approvals::list;
    /// One request with everything a decision needs.
    approval_get(wire::ApprovalRef) -> wire::ApprovalCard, ApprovalView, Read, approvals::get;
    /// Approve exactly what was on the screen.
    approval_approve(wire::ApproveRequest) -> wire::ApprovalCard, ApprovalDecide, Write, approvals::approve;
    /// Deny, with a reason for the agent.
    approval_deny(wire::DenyRequest) -> wire::ApprovalCard, ApprovalDecide, Write, approvals::deny;
    /// Take an approval back before it is sent.
    approval_undo(wire::ApprovalRef) -> wire::ApprovalCard, ApprovalDecide, Write, approvals::undo;
    /// Give a request five more minutes.
    approval_extend(wire::ApprovalRef) -> wire::ApprovalCard, ApprovalDecide, Write, approvals::extend;
    /// Look in the system for what an unanswered write made.
    approval_reconcile(wire::ApprovalRef) -> wire::ApprovalCard, ApprovalDecide, Write, approvals::reconcile;
    /// Settle an unknown outcome by hand.
    approval_settle(wire::SettleRequest) -> wire::ApprovalCard, ApprovalDecide, Write, approvals::settle;

    /// Tables, ready questions and history of the Query screen.
    query_desk(wire::Empty) -> wire::QueryDesk, QueryRun, Read, query::desk;
    /// Ask in plain language; a model writes the SQL, the guard checks it.
    query_ask(wire::QueryAskRequest) -> wire::QueryAnswer, QueryRun, Read, query::ask;
    /// Run SQL that the guard allows.
    query_run(wire::QueryRunRequest) -> wire::QueryAnswer, QueryRun, Read, query::run;
    /// Rows of a result.
    query_rows(wire::QueryRowsRequest) -> wire::QueryRows, QueryRun, Read, query::rows;
    /// A result as CSV.
    query_export(wire::QueryExportRequest) -> wire::QueryExport, QueryRun, Read, query::export;
    /// Cancel a run.
    query_cancel(wire::QueryCancelRequest) -> wire::Empty, QueryRun, Read, query::cancel;

    /// Machines as they are now.
    plant_board(wire::Empty) -> wire::PlantBoard, PlantView, Read, plant::board;
    /// Key figures, losses and stops of a stretch of time.
    plant_window(wire::PlantWindowRequest) -> wire::PlantFigures, PlantView, Read, plant::window;
    /// One machine in full, with its timeline.
    plant_machine(wire::PlantMachineRequest) -> wire::PlantMachine, PlantView, Read, plant::machine;
    /// Timelines of many machines.
    plant_timelines(wire::PlantWindowRequest) -> wire::PlantTimelines, PlantView, Read, plant::timelines;
    /// Production orders, how far and how late they are.
    plant_orders(wire::PlantWindowRequest) -> wire::PlantOrders, PlantView, Read, plant::orders;
    /// First-pass yield, defects and failed inspections.
    plant_quality(wire::PlantWindowRequest) -> wire::PlantQuality, PlantView, Read, plant::quality;

    /// The table of operations.
    operation_list(wire::Empty) -> wire::OperationList, SessionView, Read, operations::list;
    /// Run a read, or ask for a write.
    operation_run(wire::OperationRunRequest) -> wire::OperationAnswer, ConnectorRead, Write, operations::run;
    /// A window of the records of a read, sorted and searched.
    operation_browse(wire::OperationBrowseRequest) -> wire::BrowseAnswer, ConnectorRead, Read, operations::browse;
    /// All records of a read that match, as CSV.
    operation_export(wire::OperationBrowseRequest) -> wire::QueryExport, ConnectorRead, Read, operations::export;
    /// Agents and what they may do.
    agent_list(wire::Empty) -> wire::AgentList, AgentManage, Read, admin::agent_list;
    /// Add an agent; its token is shown once.
    agent_add(wire::AgentAddRequest) -> wire::AgentAdded, AgentManage, Write, admin::agent_add;
    /// Revoke an agent's token.
    agent_revoke(wire::AgentRef) -> wire::AgentList, AgentManage, Write, admin::agent_revoke;
    /// The newest lines of the audit log.
    audit_tail(wire::AuditTailRequest) -> wire::AuditTail, AuditView, Read, admin::audit_tail;
    /// Check the chain of the audit log.
    audit_verify(wire::Empty) -> andon_domain::ports::AuditVerdict, AuditView, Read, admin::audit_verify;
    /// Set, replace or remove the credential of a connection.
    credential_set(wire::CredentialSetRequest) -> wire::Empty, ConnectorManage, Write, admin::credential_set;
    /// Ask a system how it is, now.
    connection_test(wire::SystemRef) -> wire::StatusView, ConnectorManage, Write, connections::test;
    /// How every connection is: health, traffic, feeds, operations, cache.
    connection_list(wire::Empty) -> wire::ConnectionList, SessionView, Read, connections::list;
    /// Look at every service of a system and say what is missing and what to do.
    connection_examine(wire::SystemRef) -> wire::ConnectionFindings, ConnectorManage, Read, connections::examine;
    /// Pause a feed or let it go on.
    feed_pause(wire::FeedPauseRequest) -> wire::ConnectionList, ConnectorManage, Write, connections::pause;
    /// Fetch a feed now.
    feed_sync(wire::FeedRef) -> wire::ConnectionList, ConnectorManage, Write, connections::sync;
    /// Throw the mirror's copy of feeds away and read them in full.
    mirror_rebuild(wire::MirrorRebuildRequest) -> wire::ConnectionList, ConnectorManage, Write, connections::rebuild;
    /// Forget every cached answer of a system.
    cache_clear(wire::SystemRef) -> wire::ConnectionList, ConnectorManage, Write, connections::clear_cache;
}

fn read<T: serde::de::DeserializeOwned>(body: Value, request: RequestId) -> Result<T, ApiError> {
    let body = if body.is_null() {
        Value::Object(serde_json::Map::new())
    } else {
        body
    };
    serde_json::from_value(body).map_err(|e| {
        ApiError::new(
            request,
            ErrorCode::InvalidInput,
            format!("the input is not what the command takes: {e}"),
            "Correct the named field and call again; nothing was done.",
        )
    })
}

fn write<T: serde::Serialize>(output: &T, request: RequestId) -> Result<Value, ApiError> {
    serde_json::to_value(output).map_err(|e| {
        tracing::error!(request_id = %request, "answer cannot be written: {e}");
        ApiError::new(
            request,
            ErrorCode::SystemProtocol,
            "the answer cannot be written",
            "Quote the reference.",
        )
    })
}
