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
  const self = { isAway: false, approvals, status: {}, demo: true, empty: false, answer, user: () => user };

  function hindrance(a) {
    const rank = { viewer: 0, operator: 1, admin: 2 }[user.role];
    if (a.state !== "pending") return "not_waiting";
    if (rank < (a.risk === "critical" ? 2 : 1)) return "role";
    return (a.votes ?? []).some((vote) => vote.id === user.id) ? "voted" : null;
  }
  function item(a) {
    return {
      id: a.id, title: a.title, operation: a.operation, requester: a.agent, risk: a.risk, state: a.state, requested_at: iso(a.requested), decide_by: iso(a.expires),
      decided_at: a.decided ? iso(a.decided) : null, decided_by: a.by ? [a.by.name] : [], votes: (a.votes ?? []).length, quorum: a.risk === "critical" ? 2 : 1,
      undo_until: a.undoUntil ? iso(a.undoUntil) : null, outcome: a.outcome?.kind ?? null, reference: a.outcome?.reference ?? null, digest: a.digest, can_approve: hindrance(a) === null,
    };
  }
  function card(a) {
    const may = user.role !== "viewer";
    return {
      server_time: iso(now()), item: item(a), sentence: a.summary, value: a.value ?? null, risk_reasons: [a.riskReason], parameters: a.parameters, uncovered: a.uncovered ?? 0,
      canonical: JSON.stringify(Object.fromEntries(a.parameters.map((row) => [row.field, row.after]))), rationale: a.rationale, on_behalf_of: a.onBehalfOf, preconditions: a.checks, class: "class_iii",
      fingerprint: a.digest.slice(0, 12), policy_version: "2026-06.3",
      votes: [...(a.votes ?? []).map((vote) => ({ person: vote.name, verdict: "approve", at: iso(vote.at), reason: null, is_void: false })), ...(a.state === "denied" ? [{ person: a.by.name, verdict: "deny", at: iso(a.decided), reason: a.reason, is_void: false }] : [])],
      timeline: a.timeline.map((one) => ({ at: iso(one.at), action: one.action, who: one.who ?? a.agent })), similar: a.similar.map((one) => ({ ...one, at: iso(one.at) })), outcome: a.outcome ?? null,
      hindrance: hindrance(a), can_deny: may && a.state === "pending", can_undo: may && a.state === "approved", can_extend: may && a.state === "pending", can_settle: may && a.state === "unknown",
      least_reason: { low: 0, medium: 0, high: 1, critical: 20 }[a.risk], typed_target: a.risk === "critical" ? a.target : null,
      hidden_fields: 0, deny_presets: ["unauthorised_scope", "suspicious_parameters", "wrong_target", "exceeds_budget", "not_now"],
    };
  }
  function error(status, code, message, hint) {
    return [status, { code, message, hint, request_id: "e-7f31" }];
  }
  function sweep() {
    for (const a of approvals) {
      if (a.state === "pending" && now() >= a.expires) { a.state = "expired"; a.decided = a.expires; push({ kind: "approval_changed", id: "any" }); }
      if (a.state === "approved" && now() >= (a.undoUntil ?? 0)) finish(a);
    }
  }
  function finish(a) {
    a.state = "dispatched";
    a.undoUntil = null;
    push({ kind: "approval_changed", id: "any" });
    setTimeout(() => { a.state = "succeeded"; a.outcome = outcome("executed", "4500012880", "SAP created purchase order 4500012880"); push({ kind: "approval_changed", id: "any" }); }, 1200);
  }
  setInterval(sweep, 500).unref();

  async function answer(command, request) {
    const found = approvals.find((a) => a.id === request?.id);
    switch (command) {
      case "session_get":
      case "session_switch":
        if (command === "session_switch") user = PEOPLE.find((one) => one.id === request.user) ?? user;
        return [200, { user, tenant: "t1", tenant_name: "nordwerk-de", environment: "production", clearance: user.role === "admin" ? "class_iii" : "class_ii", roster: PEOPLE, is_demo: self.demo, limited: null, time_zone: null, version: "0.1.0", server_time: iso(now()) }];
      case "status_get": {
        const sap = { system: "sap", state: "healthy", message: "answers", hint: null, latency_ms: 184, checked_at: iso(now()), last_contact: iso(now()) };
        return [200, {
          server_time: iso(now()), systems: [sap, { ...sap, system: "mes", latency_ms: 9 }], feed: { state: "live", last_contact: iso(now() - 1000), message: null, hint: null },
          cache: { hits: 870, misses: 130, evicted: 0, entries: 61 }, keyring: "available", storage_trouble: null, model: null, gateway: "http://127.0.0.1:7311/mcp", waiting: 7, highest_risk: "critical", abnormal: 6, ...self.status,
        }];
      }
      case "approval_list": {
        const states = { waiting: ["pending", "approved", "claimed", "dispatched", "unknown"], decided: ["succeeded", "failed", "denied"], expired: ["expired", "cancelled"] }[request.view];
        const items = self.empty ? [] : approvals.filter((a) => states.includes(a.state)).map(item);
        return [200, { items, server_time: iso(now()) }];
      }
      case "approval_get":
        return found ? [200, card(found)] : error(404, "not_found", `no such request: ${request.id}`, "It may belong to another tenant.");
      case "approval_approve":
        if (found.state !== "pending") return error(409, "already_decided", "this request has already been decided", "Open it to see by whom.");
        if (found.digest !== request.digest) return error(409, "digest_changed", "the request changed since it was shown", "Read it again, then decide.");
        await pause(300);
        if (found.risk === "critical") {
          found.votes = [...(found.votes ?? []), { id: user.id, name: user.name, at: now() }];
          if (found.votes.length < 2) { push({ kind: "approval_changed", id: "any" }); return [200, card(found)]; }
        }
        Object.assign(found, { state: "approved", by: user, decided: now(), reason: request.reason ?? null, undoUntil: found.risk === "critical" ? now() : now() + 5000 });
        push({ kind: "approval_changed", id: "any" });
        return [200, card(found)];
      case "approval_deny":
        if (found.state !== "pending") return error(409, "already_decided", "this request has already been decided", "Open it to see by whom.");
        Object.assign(found, { state: "denied", by: user, decided: now(), reason: request.reason ?? request.preset ?? null });
        push({ kind: "approval_changed", id: "any" });
        return [200, card(found)];
      case "approval_undo":
        if (found.state !== "approved") return error(409, "too_late", "the decision has already been sent", null);
        Object.assign(found, { state: "pending", by: null, decided: null, undoUntil: null });
        push({ kind: "approval_changed", id: "any" });
        return [200, card(found)];
      case "approval_extend":
        found.expires += 5 * MINUTE;
        push({ kind: "approval_changed", id: "any" });
        return [200, card(found)];
      case "approval_reconcile":
        await pause(600);
        Object.assign(found, { state: "succeeded", outcome: outcome("executed", "4500012880", "SAP has purchase order 4500012880 with this reference") });
        push({ kind: "approval_changed", id: "any" });
        return [200, card(found)];
      case "approval_settle":
        Object.assign(found, { state: request.happened ? "succeeded" : "failed", outcome: { ...outcome(request.happened ? "executed" : "not_sent", request.reference ?? null, request.reason), settled_by: user.name } });
        push({ kind: "approval_changed", id: "any" });
        return [200, card(found)];
      default:
        return answerMore(command, request, self) ?? error(404, "unknown_command", `no such command: ${command}`, null);
    }
  }
  return self;
}

function outcome(kind, reference, message) {
  return { kind, reference, message, warnings: [], detail: null, settled_by: null };
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function seed(now) {
  const passed = (rule, label) => ({ rule, label, state: "passed", detail: null });
  const warning = (rule, label, detail) => ({ rule, label, state: "warning", detail });
  const same = (field, after) => ({ field, now: null, after });
  const base = (id, risk, title, operation, agent, leftS, more = {}) => ({
    id, risk, title, operation, agent, state: "pending", requested: now - (300 - leftS) * 1000, expires: now + leftS * 1000,
    digest: `${id.replace(/\D/g, "")}7d4f0c2fa91bb8d1c07e55aa90e1`.padEnd(64, "0").slice(0, 64), summary: `${title}.`, riskReason: "Changes a document in SAP", parameters: [same("plant", "1010 Duisburg"), same("quantity", "240 EA")],
    rationale: "Stock falls below its minimum on Thursday.", onBehalfOf: null, checks: [passed("proc-07", "Agent may call this tool"), passed("sch-01", "Parameters fit the schema")],
    timeline: [{ at: now - (300 - leftS) * 1000, action: "approval.requested" }], similar: [], target: "4500012873", ...more,
  });
  const asked = now - 78_000;
  return [
    base("ap-1", "critical", "Release purchase order 4500012873", "sap.create_purchase_order", "procurement-agent", 222, {
      digest: "7d4f0c2fa91be2a4c07e55aa90e1b8d1c3f0aa5512de7788990011223344aabb",
      riskReason: "Changes money and a supplier contract", onBehalfOf: "Jana Moreno, Buyer",
      summary: "Orders 420 t of coil from Halbmond Stahl AG for EUR 1,284,600.00. The supplier gets the order by EDI about 2 minutes later. After that it can only be cancelled with a 2 % fee.",
      parameters: [
        { field: "payment_terms", now: "Z030, net 30 days", after: "Z014, net 14 days" }, { field: "delivery_date", now: "2026-07-14", after: "2026-07-02" },
        same("net_value", "EUR 1,284,600.00"), same("material", "HX-220, cold-rolled coil, 420,000 KG"), same("vendor", "100482 Halbmond Stahl AG"), same("plant", "1010 Duisburg"), same("release_code", "04, final release"),
      ],
      rationale: "Coil HX-220 at plant 1010 covers 3.1 days; the minimum is 6. Halbmond offered 2 July if the order is released today on 14-day terms. Without it, lines L1 and L3 stop on 25 June.",
      checks: [warning("fin-02", "Above the agent limit", "EUR 1.28 m, limit EUR 500 k"), warning("fin-11", "Terms differ from contract", "Contract 4600 says Z030"), passed("proc-07", "Agent may call this tool"), passed("sch-01", "Parameters fit the schema"), passed("gdpr-3", "No personal data")],
      timeline: [{ at: asked, action: "approval.requested" }, { at: asked + 1000, action: "guard.needs_admin", who: "policy" }, { at: asked + 2000, action: "notice.sent", who: "console" }, { at: asked + 44_000, action: "approval.opened", who: "K. Lindqvist" }],
      similar: [{ id: "s1", at: now - 10 * 86_400_000, title: "PO 4500012611", value: { amount: "412000.00", currency: "EUR" }, state: "succeeded", decided_by: ["M. Ito"] }, { id: "s2", at: now - 25 * 86_400_000, title: "PO 4500012208", value: { amount: "980400.00", currency: "EUR" }, state: "denied", decided_by: ["S. Okafor"] }], value: { amount: "1284600.00", currency: "EUR" },
    }),
    base("ap-2", "high", "Change bank details of Kestrel Polymers", "sap.vendor.update_bank", "finance-agent", 78, { rationale: "The vendor wrote: pay to \u202Etseretni\u202C instead.\u200b See <script>alert(1)</script>", target: "Kеstrel-100200", onBehalfOf: "Kеstrel Polymers", uncovered: 1 }),
    base("ap-3", "high", "Stop line L3 for recipe change", "mes.line.stop", "scheduler-agent", 271),
    base("ap-4", "medium", "Raise cycle-time target on PS-11", "mes.machine.set_target", "oee-agent", 167),
    base("ap-5", "medium", "Post goods issue, 240 EA of BRG-6204", "sap.stock.post_movement", "warehouse-agent", 245, { parameters: [same("plant", "1010 Duisburg"), same("note", "x".repeat(900))] }),
    base("ap-6", "medium", "Draft requisition for 12 filter sets", "sap.create_purchase_order", "procurement-agent", 275),
    base("ap-7", "medium", "Draft requisition for 40 gloves", "sap.create_purchase_order", "procurement-agent", 292),
    base("ap-20", "low", "Export cost centre report CC-4100", "sap.report.export", "finance-agent", 100, { state: "succeeded", by: PEOPLE[0], decided: now - 2 * MINUTE, outcome: outcome("executed", null, "report exported") }),
    base("ap-21", "medium", "Change storage location of HX-220", "sap.stock.move", "warehouse-agent", 100, { state: "denied", by: PEOPLE[1], decided: now - 6 * MINUTE, reason: "Terms not agreed." }),
    base("ap-22", "high", "Close period 05 for company 1000", "sap.period.close", "finance-agent", -1380, { state: "expired" }),
    base("ap-23", "high", "Order 600 bearings from Norrland", "sap.create_purchase_order", "procurement-agent", 100, { state: "unknown", by: PEOPLE[0], decided: now - 28 * MINUTE, outcome: outcome("unknown", null, "SAP did not answer in 30 s; it may have created the order") }),
    base("ap-24", "medium", "Order 12 filter sets", "sap.create_purchase_order", "procurement-agent", 100, { state: "failed", by: PEOPLE[0], decided: now - 40 * MINUTE, outcome: outcome("refused_by_system", null, "sap rejected the posting period: 011/2026") }),
  ];
}
