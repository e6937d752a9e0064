// The wire types under one roof. Written by hand until the generated ones are in `generated`; the names are the same.
export type Timestamp = string;
export type Risk = "low" | "medium" | "high" | "critical";
export type Class = "class_i" | "class_ii" | "class_iii" | "class_iv";
export type Role = "viewer" | "operator" | "admin";
export type State = "pending" | "approved" | "denied" | "expired" | "cancelled" | "claimed" | "dispatched" | "succeeded" | "failed" | "unknown";
export type Verdict = "approve" | "deny";
export type OutcomeKind = "executed" | "refused_by_system" | "not_sent" | "unknown";
export type PreconditionState = "passed" | "warning" | "failed";
export type HindranceView = "role" | "own" | "voted" | "not_waiting" | "no_key";
export type HealthState = "healthy" | "degraded" | "down" | "unauthorized" | "not_configured" | "unknown";
export type KeyringState = "available" | "locked" | "absent" | "slow";
export type FeedState = "live" | "polling" | "delayed" | "stale" | "offline" | "unauthorized" | "not_configured";
export type System = "sap" | "mes" | "sql" | "model" | "storage" | "keyring";
export type ApprovalView = "waiting" | "decided" | "expired";
export interface Money { amount: string; currency: string }
export interface Precondition { rule: string; label: string; state: PreconditionState; detail: string | null }
export interface Outcome { kind: OutcomeKind; reference: string | null; message: string; warnings: string[]; detail: unknown; settled_by: string | null }
export interface CacheStats { hits: number; misses: number; evicted: number; entries: number }
export interface FeedView { state: FeedState; last_contact: Timestamp | null; message: string | null; hint: string | null }

export interface PersonView { id: string; name: string; role: Role; is_demo: boolean }
export interface SessionView {
  user: PersonView; tenant: string; tenant_name: string; environment: string; clearance: Class; roster: PersonView[];
  is_demo: boolean; limited: KeyringState | null; time_zone: string | null; version: string; server_time: Timestamp;
}
export interface SessionSwitchRequest { user: string }
export interface SystemView { system: System; state: HealthState; message: string; hint: string | null; latency_ms: number | null; checked_at: Timestamp | null; last_contact: Timestamp | null }
export interface StatusView {
  server_time: Timestamp; systems: SystemView[]; feed: FeedView; cache: CacheStats; keyring: KeyringState; storage_trouble: string | null;
  model: string | null; gateway: string | null; waiting: number; highest_risk: Risk | null; abnormal: number;
}

export interface ApprovalItem {
  id: string; title: string; operation: string; requester: string; risk: Risk; state: State;
  requested_at: Timestamp; decide_by: Timestamp; decided_at: Timestamp | null; decided_by: string[];
  votes: number; quorum: number; undo_until: Timestamp | null; outcome: OutcomeKind | null; reference: string | null;
  digest: string; can_approve: boolean;
}
export interface ApprovalListRequest { view: ApprovalView; limit?: number }
export interface ApprovalListResponse { server_time: Timestamp; items: ApprovalItem[] }
export interface ApprovalRef { id: string }
export interface ParameterRow { field: string; now: string | null; after: string }
export interface VoteView { person: string; verdict: Verdict; at: Timestamp; reason: string | null; is_void: boolean }
export interface TimelineEntry { at: Timestamp; action: string; who: string }
export interface SimilarView { id: string; at: Timestamp; title: string; value: Money | null; state: State; decided_by: string[] }
export interface ApprovalCard {
  server_time: Timestamp; item: ApprovalItem; sentence: string; value: Money | null; risk_reasons: string[];
  parameters: ParameterRow[]; uncovered: number; canonical: string; rationale: string | null; on_behalf_of: string | null;
  preconditions: Precondition[]; class: Class; fingerprint: string; policy_version: string; votes: VoteView[];
  timeline: TimelineEntry[]; similar: SimilarView[]; outcome: Outcome | null; hindrance: HindranceView | null;
  can_deny: boolean; can_undo: boolean; can_extend: boolean; can_settle: boolean; least_reason: number;
  typed_target: string | null; deny_presets: string[];
}
export interface ApproveRequest { id: string; digest: string; reason?: string; typed_target?: string }
export interface DenyRequest { id: string; digest: string; preset?: string; reason?: string }
export interface SettleRequest { id: string; happened: boolean; reference?: string; reason: string }
export type Empty = Record<string, never>;

export interface Commands {
  session_get: { request: Empty; response: SessionView };
  session_switch: { request: SessionSwitchRequest; response: SessionView };
  status_get: { request: Empty; response: StatusView };
  approval_list: { request: ApprovalListRequest; response: ApprovalListResponse };
  approval_get: { request: ApprovalRef; response: ApprovalCard };
  approval_approve: { request: ApproveRequest; response: ApprovalCard };
  approval_deny: { request: DenyRequest; response: ApprovalCard };
  approval_undo: { request: ApprovalRef; response: ApprovalCard };
  approval_extend: { request: ApprovalRef; response: ApprovalCard };
  approval_reconcile: { request: ApprovalRef; response: ApprovalCard };
  approval_settle: { request: SettleRequest; response: ApprovalCard };
}
export type CommandName = keyof Commands;
