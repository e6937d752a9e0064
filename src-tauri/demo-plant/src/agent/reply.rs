//! What the gateway's answers mean to the agent. Read leniently: the agent is a stranger to the console and
//! knows the documented words, not its types.

use std::time::Duration;

use serde_json::Value;

/// An answer to a request for a purchase order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    Pending {
        approval_id: String,
        retry_after: Duration,
    },
    Ordered {
        number: Option<String>,
    },
    Denied {
        reason: String,
    },
    Expired,
    /// Taken back or not sent; nothing was done and nobody said no.
    NotDone {
        reason: String,
    },
    /// Approved, but SAP did not create the order.
    Failed {
        reason: String,
    },
    /// Approved and sent; nobody knows what became of it.
    Unknown,
    /// Not even put before a person.
    Refused {
        reason: String,
    },
    /// Too many calls; the same one is welcome later.
    SlowDown {
        retry_after: Duration,
    },
}

/// Reads an answer; `is_error` is the protocol's mark on it.
pub(crate) fn read(answer: &Value, is_error: bool) -> Reply {
    let text = |name: &str| answer.get(name).and_then(Value::as_str);
    let reason = || {
        find(answer, &["reason", "outcome", "message", "error", "detail"])
            .or(answer.as_str())
            .unwrap_or("no reason given")
            .chars()
            .take(300)
            .collect::<String>()
    };
    // Both ways of telling are documented: one word for where the request stands, or decision and outcome.
    let outcome = answer.get("outcome").and_then(|outcome| {
        outcome
            .as_str()
            .or_else(|| find(outcome, &["state", "status", "kind", "result"]))
    });
    for word in [text("status"), outcome, text("decision"), text("state")]
        .into_iter()
        .flatten()
    {
        return match word {
            "pending" => {
                let approval_id = find(answer, &["approval_id"]).unwrap_or_default().to_owned();
                Reply::Pending {
                    approval_id,
                    retry_after: wait(answer),
                }
            }
            "executed" | "succeeded" => Reply::Ordered {
                number: order_number(answer),
            },
            "denied" => Reply::Denied { reason: reason() },
            "expired" => Reply::Expired,
            "unknown" => Reply::Unknown,
            "not_sent" | "cancelled" => Reply::NotDone { reason: reason() },
            "failed" | "refused_by_system" => Reply::Failed { reason: reason() },
            "approved" if !is_error => Reply::Ordered {
                number: order_number(answer),
            },
            "approved" => Reply::Failed { reason: reason() },
            _ => continue,
        };
    }
    Reply::Refused { reason: reason() }
}

/// How long to wait before the next call, kept within reason.
pub(crate) fn wait(answer: &Value) -> Duration {
    let wait_ms = answer
        .get("retry_after_ms")
        .and_then(Value::as_u64)
        .unwrap_or(1_000);
    Duration::from_millis(wait_ms.clamp(200, 60_000))
}

/// The first text under one of these names, at the top or anywhere below.
fn find<'a>(value: &'a Value, names: &[&str]) -> Option<&'a str> {
    for name in names {
        if let Some(text) = value.get(name).and_then(Value::as_str) {
            return Some(text);
        }
    }
    children(value).find_map(|child| find(child, names))
}

/// A purchase order number, wherever the answer has it: ten digits that begin with 45.
fn order_number(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => {
            let mut words = text.split(|c: char| !c.is_ascii_digit());
            words
                .find(|word| word.len() == 10 && word.starts_with("45"))
                .map(str::to_owned)
        }
        _ => children(value).find_map(order_number),
    }
}

fn children(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Object(fields) => Box::new(fields.values()),
        Value::Array(items) => Box::new(items.iter()),
        _ => Box::new(std::iter::empty()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn answers_are_understood() {
        let pending =
            json!({"status": "pending", "approval_id": "a1", "expires_at": "x", "retry_after_ms": 2000});
        let retry_after = Duration::from_secs(2);
        assert_eq!(
            read(&pending, false),
            Reply::Pending {
                approval_id: "a1".into(),
                retry_after
            }
        );
        let number = Some("4500000301".to_owned());
        for ordered in [
            json!({"status": "executed", "decision": "approved", "reference": "4500000301", "outcome": "created"}),
            json!({"decision": "approved", "outcome": {"state": "succeeded", "purchase_order": "4500000301"}}),
            json!({"decision": "approved", "outcome": "succeeded", "result": {"order": {"number": "4500000301"}}}),
            json!({"decision": "approved", "outcome": "executed", "note": "SAP order 4500000301"}),
        ] {
            assert_eq!(
                read(&ordered, false),
                Reply::Ordered {
                    number: number.clone()
                },
                "{ordered}"
            );
        }
        let lost = json!({"status": "unknown", "decision": "approved", "outcome": "no answer from SAP"});
        assert_eq!(read(&lost, true), Reply::Unknown);
        let refused = json!({"status": "refused_by_system", "decision": "approved", "outcome": "06/321", "reason": null});
        assert_eq!(
            read(&refused, true),
            Reply::Failed {
                reason: "06/321".into()
            }
        );
        let unsent = json!({"status": "not_sent", "decision": "approved", "outcome": "decided too late"});
        assert_eq!(
            read(&unsent, true),
            Reply::NotDone {
                reason: "decided too late".into()
            }
        );
        let denied = json!({"decision": "denied", "reason": "exceeds budget"});
        assert_eq!(
            read(&denied, true),
            Reply::Denied {
                reason: "exceeds budget".into()
            }
        );
        assert_eq!(read(&json!({"decision": "expired"}), true), Reply::Expired);
        assert_eq!(
            read(&json!({"decision": "approved", "outcome": "unknown"}), true),
            Reply::Unknown
        );
        let failed = json!({"decision": "approved", "outcome": {"state": "failed", "message": "06/321"}});
        assert_eq!(
            read(&failed, true),
            Reply::Failed {
                reason: "06/321".into()
            }
        );
        let refused = json!({"code": "scope_missing", "message": "not in the scopes of this token"});
        assert_eq!(
            read(&refused, true),
            Reply::Refused {
                reason: "not in the scopes of this token".into()
            }
        );
        assert_eq!(
            read(&json!("plain text"), true),
            Reply::Refused {
                reason: "plain text".into()
            }
        );
        assert_eq!(
            read(&Value::Null, false),
            Reply::Refused {
                reason: "no reason given".into()
            }
        );
    }
}
