//! Approvals: the states a request goes through, what exactly is approved, who signed it, and the one type that may be
//! sent to a system.
//!
//! Pure: no I/O, no clock, no SQL. The journal that keeps requests and the operations that write are ports here,
//! beside [`ApprovedChange`].

mod change;
mod decision;
mod digest;
mod policy;
mod ports;
mod request;
mod roster;
mod state;
#[cfg(test)]
mod testing;

pub use change::{ApprovedChange, ChangeReference, DispatchRefusal, external_reference, verify_for_dispatch};
pub use decision::{DecisionFault, DecisionPayload, SignedDecision, Verdict, sign, verify};
pub use digest::{Action, ActionDigest, action_digest};
pub use policy::{Assessment, RiskPolicy, uncovered};
pub use ports::{
    ApplyOutcome, ApprovalFilter, ApprovalJournal, Changed, Current, Inserted, JoinRule, Receipt, Reconciled,
    WriteOperation,
};
pub use request::{
    ApprovalRequest, ApprovalRow, Outcome, OutcomeKind, Precondition, PreconditionState, Progress,
};
pub use roster::{KeyFault, OperatorKey, Person, Roster, RosterFault, new_signing_key, public_key};
pub use state::State;
