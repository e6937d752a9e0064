//! Requests that wait for people and those that are over, from the command line.

use andon_api::wire::{ApprovalCard, ApprovalListResponse};
use andon_domain::text::visible;
use serde_json::json;

use super::arguments::{Approval, View};
use super::client::Client;
use super::show::{table, word};
use super::{Failure, print, print_json};

/// Lists, shows and decides requests.
pub(crate) async fn run(client: &Client, approval: Approval) -> Result<(), Failure> {
    match approval {
        Approval::List { view, json } => {
            let view = match view {
                View::Waiting => "waiting",
                View::Decided => "decided",
                View::Expired => "expired",
            };
            let list: ApprovalListResponse = client.call("approval_list", &json!({ "view": view })).await?;
            if json {
                return print_json(&list.items);
            }
            let rows: Vec<_> = list
                .items
                .iter()
                .map(|i| {
                    let left = i.decide_by.since(list.server_time).as_secs();
                    let left = if view == "waiting" {
                        format!("{left} s")
                    } else {
                        word(&i.decided_at)
                    };
                    vec![
                        i.id.clone(),
                        word(&i.risk).to_uppercase(),
                        word(&i.state),
                        left,
                        i.requester.clone(),
                        i.title.clone(),
                    ]
                })
                .collect();
            table(
                &[
                    "REQUEST",
                    "RISK",
                    "STATE",
                    if view == "waiting" { "LEFT" } else { "WHEN" },
                    "ASKED BY",
                    "WHAT",
                ],
                &rows,
            )
        }
        Approval::Show { id, json } => {
            let card: ApprovalCard = client.call("approval_get", &json!({ "id": id })).await?;
            if json { print_json(&card) } else { show_card(&card) }
        }
        Approval::Approve {
            id,
            digest,
            reason,
            target,
            json,
        } => {
            let card: ApprovalCard = client.call("approval_get", &json!({ "id": id })).await?;
            if digest.len() < 8 || !card.item.digest.starts_with(&digest.to_ascii_lowercase()) {
                return Err(Failure::refused(
                    "the digest does not begin so; read the request again with andonctl approval show and give its digest",
                ));
            }
            let request =
                json!({ "id": id, "digest": card.item.digest, "reason": reason, "typed_target": target });
            decided(&client.call("approval_approve", &request).await?, json)
        }
        Approval::Deny { id, reason, json } => {
            let card: ApprovalCard = client.call("approval_get", &json!({ "id": id })).await?;
            let request = json!({ "id": id, "digest": card.item.digest, "reason": reason });
            decided(&client.call("approval_deny", &request).await?, json)
        }
    }
}

fn decided(card: &ApprovalCard, json: bool) -> Result<(), Failure> {
    if json {
        return print_json(card);
    }
    let votes = format!("{} of {} approvals", card.item.votes, card.item.quorum);
    print(&format!("{}: {}, {votes}", card.item.id, word(&card.item.state)))
}

fn show_card(card: &ApprovalCard) -> Result<(), Failure> {
    let item = &card.item;
    print(&format!(
        "{} {}",
        word(&item.risk).to_uppercase(),
        visible(&item.title, 200)
    ))?;
    print(&format!("  {}", visible(&card.sentence, 2_000)))?;
    print(&format!(
        "  asked by {}, state {}, decide by {}",
        visible(&item.requester, 100),
        word(&item.state),
        item.decide_by
    ))?;
    let for_whom = card
        .on_behalf_of
        .as_ref()
        .map(|name| format!(", for {} (not verified)", visible(name, 100)));
    print(&format!(
        "  {}, {} of {} approvals{}",
        word(&card.class),
        item.votes,
        item.quorum,
        for_whom.unwrap_or_default()
    ))?;
    for reason in &card.risk_reasons {
        print(&format!("  {}", visible(reason, 300)))?;
    }
    for check in &card.preconditions {
        let detail = check.detail.as_ref().map(|detail| format!(": {detail}"));
        let line = format!("{}{}", check.label, detail.unwrap_or_default());
        let (state, rule) = (word(&check.state), visible(&check.rule, 40));
        print(&format!("  check {state} ({rule}): {}", visible(&line, 500)))?;
    }
    for vote in &card.votes {
        let reason = vote.reason.as_deref().unwrap_or("no reason given");
        let void = if vote.is_void { ", taken back" } else { "" };
        let (verdict, person) = (word(&vote.verdict), visible(&vote.person, 100));
        print(&format!(
            "  {verdict} by {person}{void}: {}",
            visible(reason, 500)
        ))?;
    }
    if card.hidden_fields > 0 {
        print(&format!(
            "  fields hidden, above your clearance: {}",
            card.hidden_fields
        ))?;
    }
    for row in &card.parameters {
        let now = row
            .now
            .as_ref()
            .map(|now| format!(" (now {})", visible(now, 100)))
            .unwrap_or_default();
        print(&format!(
            "    {} = {}{now}",
            visible(&row.field, 100),
            visible(&row.after, 300)
        ))?;
    }
    if let Some(rationale) = &card.rationale {
        print(&format!(
            "  written by the agent, not verified: {}",
            visible(rationale, 2_000)
        ))?;
    }
    if let Some(outcome) = &card.outcome {
        let reference = outcome.reference.as_deref().unwrap_or("no number");
        print(&format!(
            "  {}: {} ({})",
            word(&outcome.kind),
            visible(&outcome.message, 500),
            visible(reference, 100)
        ))?;
    }
    print(&format!("  digest {}", item.digest))
}
