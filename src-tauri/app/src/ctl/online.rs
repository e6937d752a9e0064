//! Commands of the running console, as a person or a script uses them.

use std::io::Read;
use std::path::Path;

use andon_api::wire::{
    AgentAdded, AgentList, AuditTail, OperationAnswer, OperationList, QueryAnswer, QueryVerdict, StatusView,
};
use andon_domain::text::visible;
use andon_domain::{CanonicalJson, Clock, Secret, Timestamp};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::arguments::{Agent, Credential, Op};
use super::client::Client;
use super::show::{cell, table, word};
use super::{Failure, print, print_json};
use crate::clock::SystemClock;

/// Longer ones no keyring takes.
const MOST_SECRET: u64 = 2_048;

pub(crate) async fn op(client: &Client, op: Op) -> Result<(), Failure> {
    match op {
        Op::List { json } => {
            let list: OperationList = client.call("operation_list", &json!({})).await?;
            if json {
                return print_json(&list.operations);
            }
            let rows: Vec<_> = list
                .operations
                .iter()
                .map(|o| {
                    vec![
                        o.name.clone(),
                        word(&o.effect),
                        word(&o.risk),
                        word(&o.class),
                        o.sentence.clone(),
                    ]
                })
                .collect();
            table(&["OPERATION", "EFFECT", "RISK", "CLASS", "WHAT IT DOES"], &rows)
        }
        Op::Run {
            name,
            tenant,
            params,
            limit,
            cursor,
            reason,
            json,
        } => {
            if tenant != "default" {
                return Err(Failure::usage(format!(
                    "this console has no such tenant: {}",
                    visible(&tenant, 64)
                )));
            }
            let params = CanonicalJson::parse(&params)
                .map_err(|e| Failure::usage(format!("--params cannot be used: {e}")))?;
            let request = json!({ "name": name, "parameters": params.value(), "limit": limit, "cursor": cursor, "rationale": reason });
            let answer: OperationAnswer = client.call("operation_run", &request).await?;
            if json {
                print_json(&answer)
            } else {
                show_answer(&answer)
            }
        }
    }
}

fn show_answer(answer: &OperationAnswer) -> Result<(), Failure> {
    match answer {
        OperationAnswer::Requested { item, is_joined } => {
            let again = if *is_joined {
                " It had been asked before."
            } else {
                ""
            };
            print(&format!(
                "{} waits for a decision: {}.{again}",
                item.id,
                visible(&item.title, 200)
            ))
        }
        OperationAnswer::Read(read) => {
            for record in &read.records {
                print_json(record)?;
            }
            let more = read
                .next_cursor
                .as_ref()
                .map(|cursor| format!(", more with --cursor {}", visible(cursor, 500)))
                .unwrap_or_default();
            let from = if read.from_cache { "cache" } else { "source" };
            note(&format!(
                "{} records, {}, age {} ms, from {from}{more}",
                read.records.len(),
                word(&read.class),
                read.age_ms
            ));
            read.warnings
                .iter()
                .for_each(|warning| note(&visible(warning, 500)));
            Ok(())
        }
    }
}

/// What is about the data goes beside it, so that a pipe gets data only.
#[expect(
    clippy::print_stderr,
    reason = "remarks about the data belong on standard error"
)]
fn note(line: &str) {
    eprintln!("{line}");
}

pub(crate) async fn query(client: &Client, command: &str, request: Value, json: bool) -> Result<(), Failure> {
    let answer: QueryAnswer = client.call(command, &request).await?;
    if json {
        print_json(&answer)?;
    } else {
        show_rows(&answer)?;
    }
    if answer.verdict == QueryVerdict::Allowed {
        return Ok(());
    }
    let reasons = answer.reasons.iter().map(|r| {
        let nearest = r
            .nearest
            .as_ref()
            .map(|name| format!(" Nearest: {}.", visible(name, 100)))
            .unwrap_or_default();
        format!(
            "  {} ({}): {}. {}{nearest}",
            r.code,
            r.rule,
            visible(&r.message, 300),
            visible(&r.hint, 300)
        )
    });
    let reasons: Vec<String> = reasons.collect();
    Err(Failure::refused(format!(
        "the guard refused the query; it did not run\n{}",
        reasons.join("\n")
    )))
}

fn show_rows(answer: &QueryAnswer) -> Result<(), Failure> {
    if answer.verdict == QueryVerdict::Refused {
        return Ok(());
    }
    let heads: Vec<&str> = answer.columns.iter().map(|column| column.name.as_str()).collect();
    let value = |c: &andon_api::wire::CellView| serde_json::to_value(c).map(|v| cell(&v)).unwrap_or_default();
    let rows: Vec<Vec<String>> = answer
        .rows
        .iter()
        .map(|row| row.iter().map(value).collect())
        .collect();
    table(&heads, &rows)?;
    if let Some(sql) = &answer.sql_run {
        note(&format!("ran: {}", visible(sql, 4_000)));
    }
    let more = if answer.is_truncated { ", more exist" } else { "" };
    note(&format!(
        "{} rows{more} in {} ms, guard {} µs",
        answer.row_count, answer.elapsed_ms, answer.checked_us
    ));
    Ok(())
}

pub(crate) async fn agent(client: &Client, agent: Agent) -> Result<(), Failure> {
    match agent {
        Agent::Add {
            name,
            scopes,
            class,
            expires_days,
            json,
        } => {
            let day = std::time::Duration::from_secs(86_400);
            let expires_at: Option<Timestamp> =
                expires_days.map(|days| SystemClock::new().now().plus(day * days));
            let request =
                json!({ "agent": name, "scopes": scopes, "clearance": class, "expires_at": expires_at });
            let added: AgentAdded = client.call("agent_add", &request).await?;
            if json {
                return print_json(&added);
            }
            print(&added.token)?;
            note(&format!(
                "This token is shown once. The agent connects to {}",
                client.gateway_url
            ));
            Ok(())
        }
        Agent::List { json } => show_agents(&client.call("agent_list", &json!({})).await?, json),
        Agent::Revoke { name } => {
            let _: AgentList = client.call("agent_revoke", &json!({ "agent": name })).await?;
            print(&format!("revoked: {}", visible(&name, 100)))
        }
    }
}

fn show_agents(list: &AgentList, json: bool) -> Result<(), Failure> {
    if json {
        return print_json(&list.agents);
    }
    let rows: Vec<_> = list
        .agents
        .iter()
        .map(|a| {
            let state = if a.revoked_at.is_some() {
                "revoked"
            } else {
                "active"
            };
            let scopes = a.grant.scopes.join(" ");
            vec![
                a.grant.agent.to_string(),
                state.to_owned(),
                word(&a.grant.clearance),
                word(&a.last_used_at),
                scopes,
            ]
        })
        .collect();
    table(&["AGENT", "STATE", "CLASS", "LAST CALL", "SCOPES"], &rows)
}

pub(crate) async fn audit_tail(
    client: &Client,
    after: Option<i64>,
    action: Option<String>,
    limit: u32,
    json: bool,
) -> Result<(), Failure> {
    let request = json!({ "after": after, "action": action, "limit": limit });
    let tail: AuditTail = client.call("audit_tail", &request).await?;
    if json {
        return tail.entries.iter().try_for_each(print_json);
    }
    let rows: Vec<_> = tail
        .entries
        .iter()
        .map(|entry| {
            let event = &entry.event;
            let subject = event.subject.clone().unwrap_or_default();
            let outcome = word(&event.outcome);
            vec![
                entry.sequence.to_string(),
                event.at.to_string(),
                event.actor.clone(),
                event.action.clone(),
                outcome,
                subject,
            ]
        })
        .collect();
    table(&["SEQ", "WHEN", "WHO", "ACTION", "OUTCOME", "SUBJECT"], &rows)
}

/// One line of standard input, without its end.
fn read_secret() -> Result<Secret, Failure> {
    let mut text = Zeroizing::new(String::new());
    let read = std::io::stdin()
        .lock()
        .take(MOST_SECRET + 1)
        .read_to_string(&mut text);
    let length =
        read.map_err(|e| Failure::usage(format!("the credential cannot be read from standard input: {e}")))?;
    if u64::try_from(length).unwrap_or(u64::MAX) > MOST_SECRET {
        return Err(Failure::usage(format!(
            "the credential is longer than {MOST_SECRET} bytes"
        )));
    }
    Ok(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

pub(crate) async fn credential(client: &Client, credential: Credential) -> Result<(), Failure> {
    let (system, secret) = match credential {
        Credential::Set { system } => {
            let secret = read_secret()?;
            if secret.is_empty() {
                return Err(Failure::usage(
                    "give the credential on standard input; to remove it use credential remove",
                ));
            }
            (system, secret)
        }
        Credential::Remove { system } => (system, Secret::new(String::new())),
    };
    let request = json!({ "system": system.wire(), "secret": secret.expose() });
    let _: Value = client.call("credential_set", &request).await?;
    print(&format!(
        "{}: {}",
        system.wire(),
        if secret.is_empty() { "removed" } else { "set" }
    ))
}

pub(crate) async fn status(client: &Client, json: bool) -> Result<(), Failure> {
    let status: StatusView = client.call("status_get", &json!({})).await?;
    if json {
        return print_json(&status);
    }
    lines(&status).into_iter().try_for_each(|(_, line)| print(&line))
}

/// How the running console is, line by line, and whether each is well.
pub(crate) async fn doctor_lines(client: &Client) -> Result<Vec<(bool, String)>, Failure> {
    Ok(lines(&client.call("status_get", &json!({})).await?))
}

fn lines(status: &StatusView) -> Vec<(bool, String)> {
    use andon_domain::ports::{HealthState, KeyringState};
    let mut lines: Vec<(bool, String)> = status
        .systems
        .iter()
        .map(|s| {
            let latency = s.latency_ms.map(|ms| format!(", {ms} ms")).unwrap_or_default();
            let hint = s.hint.as_ref().map(|hint| format!(" {hint}")).unwrap_or_default();
            let line = format!(
                "{}: {}{latency}, {}.{hint}",
                s.system.as_str(),
                word(&s.state),
                s.message
            );
            (s.state == HealthState::Healthy, visible(&line, 600))
        })
        .collect();
    lines.push((
        status.keyring == KeyringState::Available,
        format!("keyring of the console: {}", word(&status.keyring)),
    ));
    let files = status.storage_trouble.as_deref().unwrap_or("can be written");
    lines.push((
        status.storage_trouble.is_none(),
        format!("files: {}", visible(files, 300)),
    ));
    lines.push((true, format!("requests that wait: {}", status.waiting)));
    lines
}

/// Bridges standard input and output to the gateway. Nothing but protocol is written to standard output.
pub(crate) async fn mcp(folder: &Path, url: Option<String>) -> Result<(), Failure> {
    let token = std::env::var("ANDON_AGENT_TOKEN")
        .ok()
        .filter(|token| !token.is_empty())
        .map(Secret::new);
    let token = token.ok_or_else(|| {
        Failure::usage(
            "ANDON_AGENT_TOKEN is not set; give the agent's token in it (andonctl agent add prints one)",
        )
    })?;
    let url = match url {
        Some(url) => url,
        None => Client::connect(folder)?.gateway_url,
    };
    let bridged = andon_gateway::stdio_bridge(&url, &token, tokio::io::stdin(), tokio::io::stdout()).await;
    bridged.map_err(|e| Failure::refused(e.to_string()))
}
