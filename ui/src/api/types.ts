// The wire types the screens use. The command table is generated from the engine; this file gives it short names.

/** How dangerous a request is; more lamps, more friction. */
export type Risk = "LOW" | "MEDIUM" | "HIGH" | "CRITICAL";
export type Role = "viewer" | "operator" | "admin";
export type ClassLevel = "I" | "II" | "III" | "IV";
export type ApprovalState =
  | "pending" | "approved" | "denied" | "expired" | "cancelled"
  | "claimed" | "dispatched" | "succeeded" | "failed" | "unknown";

export interface User { id: string; name: string; role: Role; is_demo: boolean }
export interface Session {
  user: User;
  tenant: { id: string; name: string; environment: string };
  clearance: ClassLevel;
  roster: User[];
  demo: boolean;
  read_only_reason: string | null;
  server_time: string;
}

export type HealthState = "ok" | "degraded" | "down" | "unauthorised" | "locked" | "off" | "unknown";
export interface Health { state: HealthState; detail: string | null; latency_ms: number | null; last_contact: string | null }
export interface SystemStatus {
  gateway: Health; sap: Health; mes: Health; cache: Health & { hit_percent?: number | null };
  model: Health; keyring: Health; storage: Health;
  server_time: string;
}

export type ApprovalView = "waiting" | "decided" | "expired";
export interface ApprovalItem {
  id: string; title: string; operation: string; agent: string; risk: Risk; state: ApprovalState;
  requested_at: string; expires_at: string;
  decided_at: string | null; decided_by: string | null; decided_by_me: boolean;
  outcome_text: string | null; target: string | null;
}
export interface ApprovalPage { items: ApprovalItem[]; total: number; server_time: string }

export interface ParameterRow { field: string; now: string | null; after: string; changed: boolean }
export type CheckState = "passed" | "warning" | "failed";
export interface Check { rule: string; label: string; state: CheckState; detail: string | null }
export interface TimelineEntry { at: string; what: string; who: string | null }
export interface SimilarDecision { at: string; title: string; outcome: string }
export interface Vote { user: string; at: string }
export interface Allowed { allowed: boolean; reason: string | null }
export interface ApprovalCard extends ApprovalItem {
  digest: string;
  summary: string;
  risk_reason: string;
  parameters: ParameterRow[];
  rationale: string | null;
  on_behalf_of: string | null;
  tenant_name: string;
  classification: ClassLevel;
  checks: Check[];
  timeline: TimelineEntry[];
  similar: SimilarDecision[];
  votes: Vote[];
  quorum: number;
  may: { approve: Allowed; deny: Allowed; extend: Allowed; settle: Allowed };
  decision_reason: string | null;
  undo_until: string | null;
  server_time: string;
}

export interface Commands {
  session_get: { request: Record<string, never>; response: Session };
  session_switch: { request: { user_id: string }; response: Session };
  system_status: { request: Record<string, never>; response: SystemStatus };
  approval_list: { request: { view: ApprovalView }; response: ApprovalPage };
  approval_get: { request: { id: string }; response: ApprovalCard };
  approval_approve: { request: { id: string; digest: string; reason?: string; typed_target?: string }; response: ApprovalCard };
  approval_deny: { request: { id: string; digest: string; preset?: string; reason?: string }; response: ApprovalCard };
  approval_undo: { request: { id: string }; response: ApprovalCard };
  approval_extend: { request: { id: string }; response: ApprovalCard };
  approval_reconcile: { request: { id: string }; response: ApprovalCard };
  approval_settle: { request: { id: string; outcome: "succeeded" | "failed"; reason: string }; response: ApprovalCard };
}
export type CommandName = keyof Commands;
