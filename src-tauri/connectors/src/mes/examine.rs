//! Looks at everything the console uses of the MES, one by one, with remedies for whoever runs the adapter in front of it.

use andon_domain::ports::{Finding, FindingState};
use andon_domain::records::{
    DowntimeEvent, MachineStatus, ProductionOrder, QualityReport, Shift, StateSegment,
};
use andon_domain::text::visible;
use andon_domain::{PortError, PortErrorKind};

use super::health::{self, SKEW_LIMIT_MS, Seen};
use super::lists::Ask;
use super::offers::{Offers, Part};
use super::records::Versioned;
use super::{Mes, events};
use crate::sap::{clock_is_off, health_of};

/// Records looked at of each list.
const SAMPLE: &str = "200";

/// Every finding, in the order in which somebody would mend them.
pub(super) async fn examine(mes: &Mes) -> Vec<Finding> {
    let seen = match health::look(mes).await {
        Ok(seen) => seen,
        // Nothing else would tell more than that it does not answer.
        Err(error) => return vec![failed("health", &error)],
    };
    let mut findings = vec![of_health(&seen), of_version(&seen)];
    findings.push(of_zone(&seen));
    findings.push(of_clock(&seen));
    match health::log_on(mes).await {
        Ok(()) => findings.push(finding(
            "logon",
            FindingState::Good,
            "the logon is accepted",
            None,
        )),
        Err(error) => {
            let ends = error.kind == PortErrorKind::Unauthorized;
            findings.push(failed("logon", &error));
            if ends {
                // Each further try would only be refused too.
                return findings;
            }
        }
    }
    let offers = mes.offers().unwrap_or_default();
    findings.push(of_list::<MachineStatus>(mes, &offers, Part::Machines).await);
    findings.push(of_list::<ProductionOrder>(mes, &offers, Part::Orders).await);
    findings.push(of_list::<DowntimeEvent>(mes, &offers, Part::Downtime).await);
    findings.push(of_list::<QualityReport>(mes, &offers, Part::Quality).await);
    findings.push(of_list::<StateSegment>(mes, &offers, Part::History).await);
    findings.push(of_list::<Shift>(mes, &offers, Part::Calendar).await);
    findings.push(of_events(mes, &offers).await);
    findings.push(of_commands(&offers));
    findings
}

fn finding(
    subject: &str,
    state: FindingState,
    message: impl Into<String>,
    remedy: Option<String>,
) -> Finding {
    Finding {
        subject: subject.to_owned(),
        state,
        message: message.into(),
        remedy,
    }
}

fn failed(subject: &str, error: &PortError) -> Finding {
    let (_, hint) = health_of(error);
    finding(
        subject,
        FindingState::Failed,
        error.to_string(),
        hint.map(str::to_owned),
    )
}

fn of_health(seen: &Seen) -> Finding {
    let product = [&seen.body.product, &seen.body.version]
        .into_iter()
        .flatten()
        .map(|text| visible(text, 60))
        .collect::<Vec<_>>()
        .join(" ");
    let name = if product.is_empty() {
        "the MES".to_owned()
    } else {
        product
    };
    let what = seen.trouble().map(|name| format!(": {name}")).unwrap_or_default();
    if seen.is_down {
        let message = format!("{name} says that it is down{what}");
        let remedy = "Ask who runs the MES.".to_owned();
        return finding("health", FindingState::Failed, message, Some(remedy));
    }
    if seen.is_degraded() {
        let message = format!("{name} says that it is degraded{what}");
        let remedy = "Ask who runs the MES what this means for its data.".to_owned();
        return finding("health", FindingState::Warning, message, Some(remedy));
    }
    finding("health", FindingState::Good, format!("{name} answers"), None)
}

fn of_version(seen: &Seen) -> Finding {
    let said = seen.body.api_version.as_deref().unwrap_or_default();
    let (state, message, remedy) = if said == "1" || said.starts_with("1.") {
        (
            FindingState::Good,
            format!("Plant REST {}", visible(said, 20)),
            None,
        )
    } else {
        let message = if said.is_empty() {
            "the contract's version is not told".to_owned()
        } else {
            format!("the contract's version is not known here: {}", visible(said, 20))
        };
        let remedy = "Let /health of the adapter tell api_version 1.0 if it serves Plant REST v1; otherwise put an adapter that does before the MES.";
        (FindingState::Warning, message, Some(remedy.to_owned()))
    };
    finding("contract", state, message, remedy)
}

fn of_zone(seen: &Seen) -> Finding {
    let remedy = "Let /health of the adapter tell time_zone as an IANA name such as Europe/Berlin. Until then times are shown in UTC.";
    let warn = |message: String| {
        finding(
            "time zone",
            FindingState::Warning,
            message,
            Some(remedy.to_owned()),
        )
    };
    match seen.body.time_zone.as_deref() {
        Some(zone) if health::is_zone(zone) => {
            finding("time zone", FindingState::Good, visible(zone, 60), None)
        }
        Some(zone) => warn(format!(
            "the site's time zone is not known here: {}",
            visible(zone, 60)
        )),
        None => warn("the site's time zone is not told".to_owned()),
    }
}

fn of_clock(seen: &Seen) -> Finding {
    let (state, message, remedy) = match seen.skew_ms {
        Some(skew) if skew.saturating_abs() > SKEW_LIMIT_MS => (
            FindingState::Warning,
            clock_is_off("the MES", skew),
            Some("Set the clock of this machine or of the MES; both should follow a time server."),
        ),
        Some(_) => (
            FindingState::Good,
            "its clock agrees with ours within 30 s".to_owned(),
            None,
        ),
        None => (
            FindingState::Warning,
            "the MES does not tell its time".to_owned(),
            Some(
                "Let /health of the adapter tell server_time with an offset; ages are counted with our clock until then.",
            ),
        ),
    };
    finding("clock", state, message, remedy.map(str::to_owned))
}

fn missing(part: Part) -> Finding {
    let path = part.path();
    let (message, remedy) = if part.is_optional() {
        (
            format!("this MES does not offer {}, which is optional", part.name()),
            format!(
                "If the MES has it, let the adapter serve /api/v1/{path} and name {path} in the capabilities of /health."
            ),
        )
    } else {
        (
            format!(
                "this MES does not offer {}, which the contract asks of every MES",
                part.name()
            ),
            format!("Let the adapter serve /api/v1/{path} and name {path} in the capabilities of /health."),
        )
    };
    finding(part.name(), FindingState::Missing, message, Some(remedy))
}

/// One page of a list, and what is odd about its records.
async fn of_list<R: Versioned>(mes: &Mes, offers: &Offers, part: Part) -> Finding {
    if !offers.has(part) {
        return missing(part);
    }
    let ask = Ask {
        part,
        parameters: vec![("limit", SAMPLE)],
        // The first page is enough for a look.
        most: 1,
    };
    let listed = match mes.list::<R>(&ask).await {
        Ok(listed) => listed,
        Err(error) if error.kind == PortErrorKind::NotFound => {
            let path = part.path();
            let remedy = format!(
                "Let the adapter serve /api/v1/{path}, or take {path} out of the capabilities of /health."
            );
            return finding(part.name(), FindingState::Failed, error.to_string(), Some(remedy));
        }
        Err(error) => return failed(part.name(), &error),
    };
    let count = listed.records.len();
    if let Some(word) = listed.records.iter().find_map(R::not_understood) {
        let table = if part == Part::Orders {
            "mes.order_status"
        } else {
            "mes.machine_status"
        };
        let message = format!("a status word is not understood: {}", visible(word, 60));
        let remedy = format!(
            "Say what it means under [{table}] in the configuration, or let the adapter send the contract's words."
        );
        return finding(part.name(), FindingState::Warning, message, Some(remedy));
    }
    if listed.dropped > 0 {
        let message = format!(
            "{} of {} records lack {}",
            listed.dropped,
            count + listed.dropped as usize,
            R::NEEDS
        );
        let remedy =
            "Let the adapter give every record its key; without one a record cannot be kept.".to_owned();
        return finding(part.name(), FindingState::Warning, message, Some(remedy));
    }
    let mut incomplete = listed
        .records
        .iter()
        .filter_map(|record| record.incomplete().first());
    if let Some(first) = incomplete.next() {
        let message = format!(
            "{} of {count} records are incomplete, the first: {}",
            incomplete.count() + 1,
            visible(first, 120)
        );
        let remedy =
            "Let the adapter send the field as the contract says. The record is shown until then, marked."
                .to_owned();
        return finding(part.name(), FindingState::Warning, message, Some(remedy));
    }
    let message = match count {
        0 => "answers, with nothing in it now".to_owned(),
        count => format!("answers; {count} records looked at are complete"),
    };
    finding(part.name(), FindingState::Good, message, None)
}

async fn of_events(mes: &Mes, offers: &Offers) -> Finding {
    let name = Part::Events.name();
    if !offers.has(Part::Events) {
        return missing(Part::Events);
    }
    if let Err(error) = events::open(mes, None).await {
        let remedy = "Let the adapter serve /api/v1/events as text/event-stream without compression, and let no proxy hold it back; or take events out of the capabilities of /health.";
        return finding(
            name,
            FindingState::Failed,
            error.to_string(),
            Some(remedy.to_owned()),
        );
    }
    match mes.stream.unreadable.load(std::sync::atomic::Ordering::Relaxed) {
        0 => finding(name, FindingState::Good, "the stream opens", None),
        count => {
            let message = format!("{count} events could not be read since the console started");
            let remedy =
                "Let the adapter send the whole record as the list has it, as JSON in data.".to_owned();
            finding(name, FindingState::Warning, message, Some(remedy))
        }
    }
}

fn of_commands(offers: &Offers) -> Finding {
    if offers.has(Part::Commands) {
        return finding(
            Part::Commands.name(),
            FindingState::Good,
            "the MES takes commands that people approved",
            None,
        );
    }
    let remedy = "If orders shall be held and released from here, let the adapter serve the commands of docs/decisions/0005-mes-commands.md and name commands in the capabilities of /health.";
    finding(
        Part::Commands.name(),
        FindingState::Missing,
        "this MES is read-only: it does not announce commands",
        Some(remedy.to_owned()),
    )
}
