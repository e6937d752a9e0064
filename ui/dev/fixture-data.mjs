// Made-up requests, people and systems for the fixture server. The rules here are the least that makes the screens move;
// the engine's rules are elsewhere and are not imitated.
import { answerMore } from "./fixture-more.mjs";

const MINUTE = 60_000;
const PEOPLE = [
  { id: "u-ito", name: "M. Ito", role: "admin", is_demo: true },
  { id: "u-lindqvist", name: "K. Lindqvist", role: "admin", is_demo: true },
  { id: "u-adeyemi", name: "R. Adeyemi", role: "operator", is_demo: true },
  { id: "u-okafor", name: "S. Okafor", role: "viewer", is_demo: true },
];

export function createFixture(push) {
  const now = () => Date.now();
  const iso = (at) => new Date(at).toISOString();
  let user = PEOPLE[0];
  const approvals = seed(now());
  const self = { isAway: false, approvals, status: {}, demo: true, empty: false, answer };

  function item(a) {
    return {
      id: a.id, title: a.title, operation: a.operation, agent: a.agent, risk: a.risk, state: a.state,
      requested_at: iso(a.requested), expires_at: iso(a.expires), decided_at: a.decided ? iso(a.decided) : null,
      decided_by: a.by?.name ?? null, decided_by_me: a.by?.id === user.id, outcome_text: a.outcome ?? null, target: a.target ?? null,
    };
  }
  function card(a) {
    const rank = { viewer: 0, operator: 1, admin: 2 }[user.role];
    const needs = a.risk === "CRITICAL" ? 2 : 1;
    const voted = (a.votes ?? []).some((vote) => vote.id === user.id);
    const why = rank < needs ? `${a.risk} needs the role: ${needs === 2 ? "admin" : "operator"}` : voted ? "you have already approved this, another admin must" : null;
    return {
      ...item(a), digest: a.digest, summary: a.summary, risk_reason: a.riskReason, parameters: a.parameters, rationale: a.rationale, on_behalf_of: a.onBehalfOf,
      tenant_name: "nordwerk-de", classification: a.cls ?? "III", checks: a.checks, timeline: a.timeline.map((one) => ({ at: iso(one.at), what: one.what, who: one.who ?? null })),
      similar: a.similar.map((one) => ({ ...one, at: iso(one.at) })), votes: (a.votes ?? []).map((vote) => ({ user: vote.name, at: iso(vote.at) })), quorum: a.risk === "CRITICAL" ? 2 : 1,
      may: { approve: { allowed: why === null, reason: why }, deny: { allowed: rank >= 1, reason: rank >= 1 ? null : "viewers can read, not decide" }, extend: { allowed: rank >= 1, reason: null }, settle: { allowed: rank >= 1, reason: null } },
      decision_reason: a.reason ?? null, undo_until: a.undoUntil ? iso(a.undoUntil) : null, server_time: iso(now()),
    };
  }
  function error(status, code, message, hint) {
    return [status, { code, message, hint, request_id: "e-7f31" }];
  }
  function sweep() {
    for (const a of approvals) {
      if (a.state === "pending" && now() >= a.expires) { a.state = "expired"; a.decided = a.expires; push({ kind: "approvals_changed" }); }
      if (a.state === "approved" && now() >= (a.undoUntil ?? 0)) finish(a);
    }
  }
  function finish(a) {
    a.state = "dispatched";
    a.undoUntil = null;
    push({ kind: "approvals_changed" });
    setTimeout(() => { a.state = "succeeded"; a.outcome = "purchase order 4500012873 created"; push({ kind: "approvals_changed" }); }, 1200);
  }
  setInterval(sweep, 500).unref();

  async function answer(command, request) {
    const found = approvals.find((a) => a.id === request?.id);
    switch (command) {
      case "session_get":
      case "session_switch":
        if (command === "session_switch") user = PEOPLE.find((one) => one.id === request.user_id) ?? user;
        return [200, { user, tenant: { id: "t1", name: "nordwerk-de", environment: "production" }, clearance: user.role === "admin" ? "III" : "II", roster: PEOPLE, demo: self.demo, read_only_reason: null, server_time: iso(now()) }];
      case "system_status": {
        const ok = (latency) => ({ state: "ok", detail: null, latency_ms: latency, last_contact: iso(now()) });
        return [200, { gateway: ok(12), sap: ok(184), mes: ok(9), cache: { ...ok(null), hit_percent: 87 }, model: ok(null), keyring: ok(null), storage: ok(null), ...self.status, server_time: iso(now()) }];
      }
      case "approval_list": {
        const states = { waiting: ["pending"], decided: ["approved", "claimed", "dispatched", "succeeded", "failed", "unknown", "denied", "cancelled"], expired: ["expired"] }[request.view];
        const items = self.empty ? [] : approvals.filter((a) => states.includes(a.state)).map(item);
        return [200, { items, total: items.length, server_time: iso(now()) }];
      }
      case "approval_get":
        return found ? [200, card(found)] : error(404, "not_found", `no such request: ${request.id}`, "It may belong to another tenant.");
      case "approval_approve":
        if (found.state !== "pending") return error(409, "conflict", "this request has already been decided", "Open it to see by whom.");
        if (found.digest !== request.digest) return error(409, "digest_changed", "the request changed since it was shown", "Read it again, then decide.");
        await pause(300);
        if (found.risk === "CRITICAL") {
          found.votes = [...(found.votes ?? []), { id: user.id, name: user.name, at: now() }];
          if (found.votes.length < 2) { push({ kind: "approvals_changed" }); return [200, card(found)]; }
        }
        Object.assign(found, { state: "approved", by: user, decided: now(), reason: request.reason ?? null, undoUntil: found.risk === "CRITICAL" ? now() : now() + 5000 });
        push({ kind: "approvals_changed" });
        return [200, card(found)];
      case "approval_deny":
        if (found.state !== "pending") return error(409, "conflict", "this request has already been decided", "Open it to see by whom.");
        Object.assign(found, { state: "denied", by: user, decided: now(), reason: request.reason ?? request.preset ?? null });
        push({ kind: "approvals_changed" });
        return [200, card(found)];
      case "approval_undo":
        if (found.state !== "approved") return error(409, "too_late", "the decision has already been sent", null);
        Object.assign(found, { state: "pending", by: null, decided: null, undoUntil: null });
        push({ kind: "approvals_changed" });
        return [200, card(found)];
      case "approval_extend":
        found.expires += 5 * MINUTE;
        push({ kind: "approvals_changed" });
        return [200, card(found)];
      case "approval_reconcile":
        await pause(600);
        Object.assign(found, { state: "succeeded", outcome: "purchase order 4500012880 found by its reference" });
        push({ kind: "approvals_changed" });
        return [200, card(found)];
      case "approval_settle":
        Object.assign(found, { state: request.outcome, outcome: `settled by hand: ${request.reason}` });
        push({ kind: "approvals_changed" });
        return [200, card(found)];
      default:
        return answerMore(command, request, self) ?? error(404, "unknown_command", `no such command: ${command}`, null);
    }
  }
  return self;
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function seed(now) {
  const passed = (rule, label) => ({ rule, label, state: "passed", detail: null });
  const warning = (rule, label, detail) => ({ rule, label, state: "warning", detail });
  const same = (field, after) => ({ field, now: null, after, changed: false });
  const base = (id, risk, title, operation, agent, leftS, more = {}) => ({
    id, risk, title, operation, agent, state: "pending", requested: now - (300 - leftS) * 1000, expires: now + leftS * 1000,
    digest: `${id.replace(/\D/g, "")}7d4f0c2fa91bb8d1c07e55aa90e1`.padEnd(64, "0").slice(0, 64), summary: `${title}.`, riskReason: "Changes a document in SAP", parameters: [same("plant", "1010 Duisburg"), same("quantity", "240 EA")],
    rationale: "Stock falls below its minimum on Thursday.", onBehalfOf: null, checks: [passed("proc-07", "Agent may call this tool"), passed("sch-01", "Parameters fit the schema")],
    timeline: [{ at: now - (300 - leftS) * 1000, what: "Asked" }], similar: [], target: "4500012873", ...more,
  });
  const asked = now - 78_000;
  return [
    base("ap-1", "CRITICAL", "Release purchase order 4500012873", "sap.create_purchase_order", "procurement-agent", 222, {
      digest: "7d4f0c2fa91be2a4c07e55aa90e1b8d1c3f0aa5512de7788990011223344aabb",
      riskReason: "Changes money and a supplier contract", onBehalfOf: "Jana Moreno, Buyer",
      summary: "Orders 420 t of coil from Halbmond Stahl AG for EUR 1,284,600.00. The supplier gets the order by EDI about 2 minutes later. After that it can only be cancelled with a 2 % fee.",
      parameters: [
        { field: "payment_terms", now: "Z030, net 30 days", after: "Z014, net 14 days", changed: true }, { field: "delivery_date", now: "2026-07-14", after: "2026-07-02", changed: true },
        same("net_value", "EUR 1,284,600.00"), same("material", "HX-220, cold-rolled coil, 420,000 KG"), same("vendor", "100482 Halbmond Stahl AG"), same("plant", "1010 Duisburg"), same("release_code", "04, final release"),
      ],
      rationale: "Coil HX-220 at plant 1010 covers 3.1 days; the minimum is 6. Halbmond offered 2 July if the order is released today on 14-day terms. Without it, lines L1 and L3 stop on 25 June.",
      checks: [warning("fin-02", "Above the agent limit", "EUR 1.28 m, limit EUR 500 k"), warning("fin-11", "Terms differ from contract", "Contract 4600 says Z030"), passed("proc-07", "Agent may call this tool"), passed("sch-01", "Parameters fit the schema"), passed("gdpr-3", "No personal data")],
      timeline: [{ at: asked, what: "Asked" }, { at: asked + 1000, what: "Guard: needs an admin" }, { at: asked + 2000, what: "3 admins notified" }, { at: asked + 44_000, what: "K. Lindqvist opened it" }],
      similar: [{ at: now - 10 * 86_400_000, title: "PO 4500012611, EUR 412,000", outcome: "Approved by M. Ito" }, { at: now - 25 * 86_400_000, title: "PO 4500012208, EUR 980,400", outcome: "Denied by S. Okafor, terms" }],
    }),
    base("ap-2", "HIGH", "Change bank details of Kestrel Polymers", "sap.vendor.update_bank", "finance-agent", 78, { rationale: "The vendor wrote: pay to \u202Etseretni\u202C instead.\u200b See <script>alert(1)</script>", target: "Kеstrel-100200" }),
    base("ap-3", "HIGH", "Stop line L3 for recipe change", "mes.line.stop", "scheduler-agent", 271),
    base("ap-4", "MEDIUM", "Raise cycle-time target on PS-11", "mes.machine.set_target", "oee-agent", 167),
    base("ap-5", "MEDIUM", "Post goods issue, 240 EA of BRG-6204", "sap.stock.post_movement", "warehouse-agent", 245, { parameters: [same("plant", "1010 Duisburg"), same("note", "x".repeat(900))] }),
    base("ap-6", "MEDIUM", "Draft requisition for 12 filter sets", "sap.create_purchase_order", "procurement-agent", 275),
    base("ap-7", "MEDIUM", "Draft requisition for 40 gloves", "sap.create_purchase_order", "procurement-agent", 292),
    base("ap-20", "LOW", "Export cost centre report CC-4100", "sap.report.export", "finance-agent", 100, { state: "succeeded", by: PEOPLE[0], decided: now - 2 * MINUTE, outcome: "report exported" }),
    base("ap-21", "MEDIUM", "Change storage location of HX-220", "sap.stock.move", "warehouse-agent", 100, { state: "denied", by: PEOPLE[1], decided: now - 6 * MINUTE, reason: "Terms not agreed." }),
    base("ap-22", "HIGH", "Close period 05 for company 1000", "sap.period.close", "finance-agent", -1380, { state: "expired" }),
    base("ap-23", "HIGH", "Order 600 bearings from Norrland", "sap.create_purchase_order", "procurement-agent", 100, { state: "unknown", by: PEOPLE[0], decided: now - 28 * MINUTE }),
    base("ap-24", "MEDIUM", "Order 12 filter sets", "sap.create_purchase_order", "procurement-agent", 100, { state: "failed", by: PEOPLE[0], decided: now - 40 * MINUTE, outcome: "sap rejected the posting period: 011/2026" }),
  ];
}
