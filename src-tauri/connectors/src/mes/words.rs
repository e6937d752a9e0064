//! What the status words of a plant mean. The contract's own words mean themselves; then the plant's own tables count, then
//! what common vendors write: PackML, MTConnect, OPC 40001-1 and SEMI E10 for machines, ISA-95, Odoo, SAP and Business
//! Central for orders. Anything else is unknown, with the word kept.

use std::collections::{BTreeMap, HashMap};

use andon_domain::records::{MachineMode, MachineState, ProductionOrderStatus};

/// The words of one connection, in lower case.
#[derive(Debug, Default)]
pub(super) struct StatusWords {
    machines: HashMap<String, MachineState>,
    orders: HashMap<String, ProductionOrderStatus>,
}

/// What a machine told beside its status, which decides what some vendors' words mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Circumstances {
    pub(super) mode: MachineMode,
    pub(super) planned_busy: Option<bool>,
    pub(super) is_disconnected: bool,
}

/// What a word means, and whether it is a word of the contract, which need not be shown beside its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meaning<T> {
    pub(super) state: T,
    pub(super) is_contract: bool,
}

impl StatusWords {
    pub(super) fn new(
        machines: &BTreeMap<String, MachineState>,
        orders: &BTreeMap<String, ProductionOrderStatus>,
    ) -> Self {
        Self {
            machines: lower(machines),
            orders: lower(orders),
        }
    }

    /// What a machine's word means.
    pub(super) fn machine(&self, word: &str, at: Circumstances) -> Meaning<MachineState> {
        if is_machine_word(word) {
            return Meaning {
                state: MachineState::from_word(word),
                is_contract: true,
            };
        }
        let word = word.trim().to_lowercase();
        let own = self.machines.get(&word).copied();
        Meaning {
            state: own.unwrap_or_else(|| vendor_machine(&word, at)),
            is_contract: false,
        }
    }

    /// What a production order's word means. `is_started`: the order has begun and not ended.
    pub(super) fn order(&self, word: &str, is_started: bool) -> Meaning<ProductionOrderStatus> {
        // Business Central keeps "Released" while an order is worked on; only its start tells. The contract's own word is
        // written in small letters.
        if word.trim() == "Released" && is_started && !self.orders.contains_key("released") {
            return Meaning {
                state: ProductionOrderStatus::Active,
                is_contract: false,
            };
        }
        if is_order_word(word) {
            return Meaning {
                state: ProductionOrderStatus::from_word(word),
                is_contract: true,
            };
        }
        let word = word.trim().to_lowercase();
        let own = self.orders.get(&word).copied();
        Meaning {
            state: own.unwrap_or_else(|| vendor_order(&word)),
            is_contract: false,
        }
    }
}

fn lower<T: Copy>(own: &BTreeMap<String, T>) -> HashMap<String, T> {
    own.iter()
        .map(|(word, state)| (word.trim().to_lowercase(), *state))
        .collect()
}

/// Whether the contract says what this machine word means.
pub(super) fn is_machine_word(word: &str) -> bool {
    MachineState::from_word(word) != MachineState::Unknown || word.trim().eq_ignore_ascii_case("unknown")
}

/// Whether the contract says what this order word means.
pub(super) fn is_order_word(word: &str) -> bool {
    ProductionOrderStatus::from_word(word) != ProductionOrderStatus::Unknown
        || word.trim().eq_ignore_ascii_case("unknown")
}

fn vendor_machine(word: &str, at: Circumstances) -> MachineState {
    use MachineMode as Mode;
    use MachineState::{Down, Idle, Maintenance, Offline, Running, Setup, Unknown};
    // In PackML and MTConnect the mode says what the state is about.
    let by_mode = |usual| match at.mode {
        Mode::Setup => Setup,
        Mode::Maintenance => Maintenance,
        _ => usual,
    };
    match word {
        "execute" | "completing" | "starting" | "active" => by_mode(Running),
        "complete" | "resetting" | "suspended" | "held" => by_mode(Idle),
        "ready" | "wait" | "program_completed" | "feed_hold" | "optional_stop" | "interrupted" => {
            by_mode(Idle)
        }
        // States between two of PackML's: only the mode tells something.
        "holding" | "unholding" | "suspending" | "unsuspending" => by_mode(Unknown),
        "aborting" | "aborted" | "clearing" | "program_stopped" => by_mode(Down),
        // Stopped while nobody planned to produce is no stoppage.
        "stopping" | "stopped" if at.planned_busy == Some(false) => by_mode(Idle),
        "stopping" | "stopped" => by_mode(Down),
        // The emergency stop is down in any mode.
        "triggered" | "unscheduled down" => Down,
        "teardown" | "engineering" => Setup,
        "unavailable" | "notavailable" => Offline,
        "executing" | "notexecuting" | "outofservice" if at.is_disconnected => Offline,
        "executing" | "notexecuting" | "outofservice" => opc_machine(word, at.mode),
        "productive" => Running,
        "standby" if at.mode == Mode::Setup => Setup,
        "standby" => Idle,
        "scheduled down" => Maintenance,
        _ => Unknown,
    }
}

/// OPC 40001-1 tells an item state and a mode, and only the pair means something. A mode that is not told counts as
/// production, which is `Processing` there.
fn opc_machine(word: &str, mode: MachineMode) -> MachineState {
    use MachineMode as Mode;
    match (word, mode) {
        (_, Mode::Maintenance) => MachineState::Maintenance,
        ("executing", Mode::Production | Mode::Unknown) => MachineState::Running,
        ("notexecuting", Mode::Production | Mode::Unknown | Mode::None) => MachineState::Idle,
        ("notexecuting", Mode::Setup) => MachineState::Setup,
        ("outofservice", Mode::Production | Mode::Unknown) => MachineState::Down,
        _ => MachineState::Unknown,
    }
}

/// Codes of an order's status line in SAP; the first of them that stands in the line counts.
const SAP_CODES: [(&str, ProductionOrderStatus); 8] = [
    ("dlt", ProductionOrderStatus::Cancelled),
    ("lkd", ProductionOrderStatus::Paused),
    ("teco", ProductionOrderStatus::Completed),
    ("dlv", ProductionOrderStatus::Completed),
    ("cnf", ProductionOrderStatus::Completed),
    ("pcnf", ProductionOrderStatus::Active),
    ("rel", ProductionOrderStatus::Released),
    ("crtd", ProductionOrderStatus::Planned),
];

fn vendor_order(word: &str) -> ProductionOrderStatus {
    use ProductionOrderStatus::{Active, Cancelled, Completed, Paused, Planned, Released, Unknown};
    match word {
        "notallowedtostart" | "draft" | "firm planned" => Planned,
        "allowedtostart" | "confirmed" => Released,
        "running" | "progress" | "to_close" | "started" => Active,
        "interrupted" | "locked" | "hold" => Paused,
        "ended" | "done" | "finished" => Completed,
        "aborted" | "cancel" => Cancelled,
        line => sap_order(line).unwrap_or(Unknown),
    }
}

/// SAP writes several codes in one line, such as `REL  PCNF MANC`, each of three or four characters.
fn sap_order(line: &str) -> Option<ProductionOrderStatus> {
    let codes: Vec<&str> = line
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|code| !code.is_empty())
        .collect();
    if !codes.iter().all(|code| matches!(code.len(), 3 | 4)) {
        return None;
    }
    let known = SAP_CODES.iter().find(|(code, _)| codes.contains(code))?;
    Some(known.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(mode: MachineMode) -> Circumstances {
        Circumstances {
            mode,
            planned_busy: None,
            is_disconnected: false,
        }
    }

    fn machine(word: &str, mode: MachineMode) -> MachineState {
        StatusWords::default().machine(word, at(mode)).state
    }

    #[test]
    fn the_plants_own_words_win_over_vendors_and_lose_to_the_contract() {
        let own = BTreeMap::from([
            ("Störung ".to_owned(), MachineState::Down),
            ("held".to_owned(), MachineState::Setup),
            ("idle".to_owned(), MachineState::Down),
        ]);
        let words = StatusWords::new(
            &own,
            &BTreeMap::from([("Gesperrt".to_owned(), ProductionOrderStatus::Paused)]),
        );
        let told = |word: &str| {
            let meaning = words.machine(word, at(MachineMode::Production));
            (meaning.state, meaning.is_contract)
        };
        assert_eq!(told(" Running "), (MachineState::Running, true));
        assert_eq!(told("EXECUTE"), (MachineState::Running, false));
        assert_eq!(told("störung"), (MachineState::Down, false));
        assert_eq!(told("held"), (MachineState::Setup, false));
        assert_eq!(told("idle"), (MachineState::Idle, true));
        assert_eq!(told("dancing"), (MachineState::Unknown, false));
        assert_eq!(
            words.order("gesperrt", false).state,
            ProductionOrderStatus::Paused
        );
    }

    #[test]
    fn vendors_machine_words_mean_what_their_standards_say() {
        use MachineMode as Mode;
        for (word, mode, state) in [
            ("Execute", Mode::Production, "running"),
            ("Completing", Mode::Unknown, "running"),
            ("Execute", Mode::Setup, "setup"),
            ("Aborted", Mode::Maintenance, "maintenance"),
            ("Suspended", Mode::Production, "idle"),
            ("Holding", Mode::Production, "unknown"),
            ("Holding", Mode::Setup, "setup"),
            ("Clearing", Mode::Production, "down"),
            ("Stopped", Mode::Production, "down"),
            ("ACTIVE", Mode::Production, "running"),
            ("FEED_HOLD", Mode::Production, "idle"),
            ("PROGRAM_STOPPED", Mode::Production, "down"),
            ("TRIGGERED", Mode::Setup, "down"),
            ("TEARDOWN", Mode::Production, "setup"),
            ("UNAVAILABLE", Mode::Setup, "offline"),
            ("Executing", Mode::Production, "running"),
            ("Executing", Mode::Setup, "unknown"),
            ("NotExecuting", Mode::None, "idle"),
            ("NotExecuting", Mode::Setup, "setup"),
            ("OutOfService", Mode::Production, "down"),
            ("OutOfService", Mode::Maintenance, "maintenance"),
            ("OutOfService", Mode::Manual, "unknown"),
            ("NotAvailable", Mode::Production, "offline"),
            ("productive", Mode::Production, "running"),
            ("standby", Mode::Production, "idle"),
            ("standby", Mode::Setup, "setup"),
            ("engineering", Mode::Production, "setup"),
            ("Unscheduled Down", Mode::Production, "down"),
            ("scheduled down", Mode::Production, "maintenance"),
        ] {
            assert_eq!(machine(word, mode).as_str(), state, "{word} in {mode:?}");
        }
    }

    #[test]
    fn a_planned_stop_is_no_stoppage_and_a_lost_connection_is_offline() {
        let words = StatusWords::default();
        let mut circumstances = at(MachineMode::Production);
        circumstances.planned_busy = Some(false);
        assert_eq!(words.machine("Stopped", circumstances).state, MachineState::Idle);
        assert_eq!(
            words.machine("Aborted", circumstances).state,
            MachineState::Down,
            "what broke is broken also at night"
        );
        circumstances.is_disconnected = true;
        assert_eq!(
            words.machine("Executing", circumstances).state,
            MachineState::Offline
        );
    }

    #[test]
    fn vendors_order_words_mean_what_their_systems_say() {
        for (word, status) in [
            ("NotAllowedToStart", "planned"),
            ("AllowedToStart", "released"),
            ("Running", "active"),
            ("Interrupted", "paused"),
            ("Ended", "completed"),
            ("Aborted", "cancelled"),
            ("draft", "planned"),
            ("confirmed", "released"),
            ("to_close", "active"),
            ("done", "completed"),
            ("cancel", "cancelled"),
            ("CRTD", "planned"),
            ("REL", "released"),
            ("REL  PCNF MANC SETC", "active"),
            ("REL LKD", "paused"),
            ("LKD+DLT", "cancelled"),
            ("TECO", "completed"),
            ("Firm Planned", "planned"),
            ("Released", "released"),
            ("Finished", "completed"),
            ("Simulated", "unknown"),
            ("dancing", "unknown"),
            ("unreliable", "unknown"),
        ] {
            let meaning = StatusWords::default().order(word, false);
            assert_eq!(meaning.state.as_str(), status, "{word}");
        }
        let words = StatusWords::default();
        assert_eq!(words.order("Released", true).state, ProductionOrderStatus::Active);
        assert_eq!(
            words.order("released", true).state,
            ProductionOrderStatus::Released,
            "the contract's own word means itself"
        );
    }
}
