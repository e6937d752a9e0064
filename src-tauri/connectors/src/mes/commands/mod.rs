//! Commands to the MES, an extension of the contract that a MES announces as `commands`: `docs/decisions/0005-mes-commands.md`.
//!
//! A command is sent once, under the approval's id as its key and the version that people saw. What became of it is read
//! back under the same key.

mod cycle;
mod order;

pub(super) use cycle::CycleCommand;
pub(super) use order::{OrderCommand, OrderStep};

use andon_approvals::{
    ApplyOutcome, ApprovedChange, ChangeReference, Precondition, PreconditionState, Receipt, Reconciled,
};
use andon_domain::text::visible;
use andon_domain::{ApprovalId, CanonicalJson, PortError, PortErrorKind};
use bytes::Bytes;
use reqwest::Url;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::Mes;
use super::lists::{parse, problem};
use super::offers::Part;
use super::records::Versioned;
use crate::transport::{Answer, Call, Failure, Sent};

/// One command as it goes to the MES.
struct Command<'a> {
    /// Where, under `api/v1/`.
    path: [&'a str; 3],
    /// Version of the record that people decided on.
    version: i64,
    body: String,
}

impl Command<'_> {
    /// The key of what it changes.
    const fn target(&self) -> &str {
        self.path[1]
    }
}

/// What a record that a command changed shows of it.
trait Changed: Versioned<Key = String> {
    /// One sentence for people.
    fn receipt(&self) -> Receipt;
}

/// Sends the command, once.
async fn send<R: Changed>(mes: &Mes, change: &ApprovedChange, command: Command<'_>) -> ApplyOutcome {
    let Some(url) = mes.address_of(&command.path) else {
        return ApplyOutcome::NotSent(no_address(command.target()));
    };
    let key = change.approval();
    let mut call = Call::new(url)
        .header("accept", "application/json")
        .header("content-type", "application/json")
        .header("idempotency-key", &key.to_string())
        .header("if-match", &format!("\"{}\"", command.version));
    let target = command.target().to_owned();
    call.body = Some(Bytes::from(command.body));
    match mes.transport.post(&call).await {
        Ok(answer) => settle::<R>(mes, key, &target, &answer).await,
        Err(Failure {
            error,
            sent: Sent::No,
            ..
        }) => ApplyOutcome::NotSent(error),
        Err(Failure {
            error,
            sent: Sent::Maybe,
            ..
        }) => ApplyOutcome::Unknown(unknown(error)),
    }
}

/// What an answer to a command means.
async fn settle<R: Changed>(mes: &Mes, key: ApprovalId, target: &str, answer: &Answer) -> ApplyOutcome {
    match answer.status {
        200 | 201 => match changed::<R>(mes, &answer.body, target) {
            Some(record) => ApplyOutcome::Succeeded(record.receipt()),
            None => {
                let message = "accepted the command but answered without the changed record";
                let error = answer.failure(andon_domain::System::Mes, PortErrorKind::OutcomeUnknown, message);
                look_back::<R>(mes, key, target, error).await
            }
        },
        // Whoever timed out or failed, or sends us elsewhere, may have done it before.
        408 | 202..=399 | 500.. => look_back::<R>(mes, key, target, unknown(problem(answer))).await,
        _ => ApplyOutcome::Refused {
            code: answer.status.to_string(),
            message: problem(answer).message,
        },
    }
}

/// The answer left the outcome open: the MES is asked once what it remembers of the command.
async fn look_back<R: Changed>(mes: &Mes, key: ApprovalId, target: &str, error: PortError) -> ApplyOutcome {
    match remembered::<R>(mes, key, target).await {
        Ok(Remembered::Done(receipt)) => ApplyOutcome::Succeeded(receipt),
        Ok(Remembered::Refused { code, message }) => ApplyOutcome::Refused { code, message },
        // Not known to it now can mean not known to it yet.
        Ok(Remembered::Nothing | Remembered::NotAnswered) | Err(_) => ApplyOutcome::Unknown(error),
    }
}

/// What the MES remembers of a command.
enum Remembered {
    Done(Receipt),
    Refused {
        code: String,
        message: String,
    },
    /// It knows no such command.
    Nothing,
    /// It does not tell of commands.
    NotAnswered,
}

#[derive(Deserialize)]
struct CommandBody<'a> {
    id: String,
    target: String,
    status: String,
    #[serde(borrow, default)]
    record: Option<&'a RawValue>,
    #[serde(default)]
    problem: Option<RefusalBody>,
}

#[derive(Deserialize)]
struct RefusalBody {
    #[serde(default)]
    status: Option<u16>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    detail: Option<String>,
}

async fn remembered<R: Changed>(mes: &Mes, key: ApprovalId, target: &str) -> Result<Remembered, PortError> {
    let key = key.to_string();
    let address = mes
        .address_of(&["commands", &key])
        .ok_or_else(|| no_address(&key))?;
    let answer = mes.transport.get(&reading(address)).await?;
    match answer.status {
        200 => {}
        404 => return Ok(Remembered::Nothing),
        405 | 501 => return Ok(Remembered::NotAnswered),
        _ => return Err(problem(&answer)),
    }
    let body: CommandBody<'_> = parse(&answer)?;
    // A MES that answers with some other command must not settle this one.
    if body.id != key || body.target != target {
        let message = "tells of another command than the one asked for";
        return Err(answer.failure(andon_domain::System::Mes, PortErrorKind::Protocol, message));
    }
    match body.status.trim().to_ascii_lowercase().as_str() {
        "done" => {
            let record = body.record.and_then(|raw| R::read(raw, &mes.words));
            let record = record.filter(|record| record.key() == target);
            Ok(Remembered::Done(
                record.map_or_else(|| bare_receipt(target), |record| record.receipt()),
            ))
        }
        "refused" => {
            let refusal = body.problem;
            let code = refusal.as_ref().and_then(|refusal| refusal.status);
            let words = refusal.and_then(|refusal| refusal.detail.or(refusal.title));
            Ok(Remembered::Refused {
                code: code.map_or_else(|| "refused".to_owned(), |code| code.to_string()),
                message: words.map_or_else(
                    || "the MES refused it and gives no reason".to_owned(),
                    |text| visible(&text, 300),
                ),
            })
        }
        // Still at work, or a word of its own.
        _ => Ok(Remembered::Nothing),
    }
}

/// What can be said of a command whose answer was lost. `now` is the record as it is, where the MES does not tell of
/// commands; `says` reads from it whether the change is in it.
async fn reconcile<R: Changed>(
    mes: &Mes,
    reference: &ChangeReference,
    target: &str,
    version: i64,
    now: impl Future<Output = Result<Option<R>, PortError>>,
) -> Result<Reconciled, PortError> {
    match remembered::<R>(mes, reference.approval, target).await? {
        Remembered::Done(receipt) => Ok(Reconciled::Found(receipt)),
        Remembered::Refused { code, message } => Ok(Reconciled::Refused { code, message }),
        Remembered::Nothing => Ok(Reconciled::NotFound),
        Remembered::NotAnswered => match now.await? {
            Some(record) if record.rank().0 == version => Ok(Reconciled::NotFound),
            Some(record) => {
                // It changed, and nobody says by whom.
                let receipt = record.receipt();
                let message = format!(
                    "does not tell what became of commands; now: {}. Whether this command did it, only people there know",
                    receipt.message
                );
                Err(Mes::failure(PortErrorKind::OutcomeUnknown, &message))
            }
            None => Err(Mes::failure(
                PortErrorKind::OutcomeUnknown,
                "does not tell what became of commands, and the record is gone",
            )),
        },
    }
}

/// The changed record in an answer; `None` when it is not there or is another one.
fn changed<R: Changed>(mes: &Mes, body: &[u8], target: &str) -> Option<R> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let raw: &RawValue = serde_json::from_slice(body).ok()?;
    R::read(raw, &mes.words).filter(|record| record.key() == target)
}

fn bare_receipt(target: &str) -> Receipt {
    Receipt {
        reference: target.to_owned(),
        message: format!("The MES did it to {}", visible(target, 60)),
        warnings: Vec::new(),
        detail: json!({}),
    }
}

/// Whether the MES takes commands at all; the first thing every check looks at.
async fn takes_commands(mes: &Mes) -> Result<Precondition, PortError> {
    let refusal = match mes.need(Part::Commands).await {
        Ok(()) => None,
        Err(error) if error.kind == PortErrorKind::NotFound => {
            Some("it is read-only: it does not announce commands".to_owned())
        }
        Err(error) => return Err(error),
    };
    Ok(precondition(
        "mes-01",
        "the MES takes commands".to_owned(),
        refusal,
    ))
}

/// Passed without a reason against it.
fn precondition(rule: &str, label: String, against: Option<String>) -> Precondition {
    Precondition {
        rule: rule.to_owned(),
        label,
        state: if against.is_some() {
            PreconditionState::Failed
        } else {
            PreconditionState::Passed
        },
        detail: against,
    }
}

/// Whether a record is still the one that was read. `name` is what it is, for people.
fn is_still_at<R: Versioned>(record: &R, name: &str, version: i64) -> Precondition {
    let is = record.rank().0;
    let is_unknown = record
        .incomplete()
        .iter()
        .any(|note| note.starts_with("version: "));
    let against = if is_unknown {
        Some("the MES does not tell its version".to_owned())
    } else if is != version {
        Some(format!("it has been changed since: its version is {is} now"))
    } else {
        None
    };
    let label = format!("{name} is still at version {version}");
    precondition("mes-03", label, against)
}

/// SHA-256 of where commands go.
fn fingerprint(mes: &Mes) -> [u8; 32] {
    let root = mes.transport.endpoint();
    let target = json!({
        "system": "mes",
        "origin": root.origin().ascii_serialization(),
        "path": root.path(),
        "user": mes.user,
    });
    CanonicalJson::from_value(&target)
        .expect("four short texts have a canonical form")
        .sha256()
}

fn reading(address: Url) -> Call {
    Call::new(address).header("accept", "application/json")
}

fn no_address(target: &str) -> PortError {
    let message = format!("cannot be asked about this key: {}", visible(target, 60));
    PortError {
        attempts: 0,
        ..Mes::failure(PortErrorKind::Invalid, &message)
    }
}

fn unknown(error: PortError) -> PortError {
    PortError {
        kind: PortErrorKind::OutcomeUnknown,
        ..error
    }
}
