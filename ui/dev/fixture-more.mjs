// Fixture answers of the Query screen and of the Plant's board; returns undefined for a command that is not known here.
// Made-up data; the guard is not imitated: three texts have an answer of their own, everything else gets the first.
import { answerPlant } from "./fixture-plant.mjs";

const iso = (at) => new Date(at).toISOString();
const MINUTE = 60_000;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export async function answerMore(command, request, fixture) {
  switch (command) {
    case "query_desk": return [200, deskOf(fixture)];
    case "query_run": return await run(request, fixture, null);
    case "query_ask": return await run({ ...request, sql: SQL_LATE }, fixture, "qwen2.5-coder-7b");
    case "query_cancel": cancelled.add(request.run); return [200, {}];
    case "query_rows": return [200, { offset: request.offset, rows: (results.get(request.id) ?? []).slice(request.offset, request.offset + request.limit) }];
    case "query_export": return [200, { file_name: "late-vendors.csv", text: "vendor_id,name\r\n100482,Halbmond Stahl AG\r\n" }];
    case "plant_board": return fixture.plantError ? [503, fixture.plantError] : [200, board(fixture)];
    default: return answerPlant(command, request, board(fixture), fixture);
  }
}

const cancelled = new Set();
const results = new Map();

const SQL_LATE = `SELECT v.vendor_id, v.name, count(*) AS lines, sum(i.is_late) AS late, avg(i.days_late) AS days_late, sum(i.penalty_eur) AS penalty_eur, max(i.delivered_on) AS last_late FROM purchase_order_items i JOIN purchase_orders v USING (purchase_order) WHERE i.material_group = 'COIL' AND i.delivered_on >= '2026-03-24' GROUP BY 1, 2 ORDER BY penalty_eur DESC`;
const RAN_LATE = `SELECT v.vendor_id, v.name, count(*) AS lines, sum(i.is_late) AS late, avg(i.days_late) AS days_late, sum(i.penalty_eur) AS penalty_eur, max(i.delivered_on) AS last_late FROM purchase_order_items AS i JOIN purchase_orders AS v ON i.purchase_order = v.purchase_order WHERE i.material_group = ? AND i.delivered_on >= ? GROUP BY 1, 2 ORDER BY penalty_eur DESC LIMIT 1001`;
const SQL_BAD = `SELECT employee, salary\nFROM hr_salary\nWHERE cost_centre = '4711';\nDELETE FROM purchase_ordrs`;
const SQL_LONG = `SELECT machine_id, started_at, duration_s, reason_text FROM downtime_events ORDER BY started_at DESC LIMIT 5000`;
const SQL_NONE = `SELECT material, plant FROM inventory WHERE quantity < 0`;

const NAMES = ["Halbmond Stahl AG", "Vetter Kaltband GmbH", "Norrland Coil AB", "Acciai Brixen S.r.l.", "Ostrava Steel Works", "Rhenania Bandstahl", "Kattegat Metals A/S", "Bilbao Laminados SA", "Tatra Coil Centre", "Loire Feuillard", "Severn Strip Ltd", "Helvetia Band AG", "Saar Feinblech KG", "Drava Cold Strip", "=HYPERLINK(\"http://x\")", "Trans\u202eport GmbH", null];
const FIGURES = [[100482, 412, 96, 4.2, 184200, "2026-06-17"], [100377, 288, 71, 3.6, 121850, "2026-06-19"], [100910, 190, 44, 6.1, 96400, "2026-06-11"], [100233, 154, 29, 2.8, 58730, "2026-06-18"], [101204, 131, 25, 5, 51200, "2026-06-09"], [100118, 340, 22, 1.4, 33980, "2026-06-16"], [100655, 98, 19, 3.3, 27415, "2026-06-12"], [101377, 76, 14, 7.2, 24090, "2026-05-30"], [100871, 112, 12, 2.1, 16800, "2026-06-15"], [100509, 64, 9, 1.9, 11260, "2026-06-02"], [101015, 58, 7, 2.4, 8940, "2026-05-27"], [100744, 203, 6, 1.1, 6120, "2026-06-08"], [100296, 87, 5, 1.7, 4310, "2026-06-13"], [101122, 41, 4, 2.2, 3280, "2026-05-29"]];
const lateRows = () => Array.from({ length: 47 }, (_, at) => {
  const f = FIGURES[at] ?? [100000 + at * 7, 40 - (at % 30), at % 4, 1.5, 3000 - at * 50, "2026-05-20"];
  return [f[0], NAMES[at % NAMES.length], f[1], f[2], f[3], f[4], f[5]];
});

function deskOf(fixture) {
  const now = Date.now();
  const column = (name, cls = "class_ii", description = null) => ({ name, description, class: cls });
  const record = (id, ago, question, sql, rows, problem = null, allowed = true) => ({ id, actor: "M. Ito", at: iso(now - ago), question, sql, is_allowed: allowed, rows, elapsed_ms: 84, problem });
  fixture.history ??= [
    record("h2", 24 * MINUTE, "Scrap rate by line, this week against last", "SELECT line, sum(scrap_pcs) FROM machines GROUP BY line", 6),
    record("h3", 166 * MINUTE, "Open purchase orders above 100 k without a confirmed date", "SELECT purchase_order FROM purchase_orders WHERE confirmed_on IS NULL", 23),
    record("h4", 189 * MINUTE, "Salaries by cost centre", SQL_BAD, null, "table not allowed: hr_salary", false),
    record("h5", 213 * MINUTE, "Stock below safety level at 1010", "SELECT material FROM inventory", 112),
    record("h6", 292 * MINUTE, "Goods receipts yesterday by dock", "SELECT 1", null, "the database did not answer in time: 10 s"),
    record("h7", 3 * 1440 * MINUTE, "Top ten machines by unplanned stops in May", "SELECT machine_id FROM downtime_events", 10),
    record("h8", 3 * 1440 * MINUTE, null, "SELECT material, sum(quantity) FROM inventory GROUP BY material", 284),
    record("h9", 9 * 1440 * MINUTE, "Energy per good part, line L3", "SELECT 1", 24),
  ];
  return {
    tables: [
      { name: "purchase_orders", description: "Purchase orders from SAP, one row each", hidden: 0, columns: [column("purchase_order", "class_ii", "Number"), column("vendor_id"), column("name", "class_iii", "Vendor name"), column("net_eur", "class_iii", "Net value")] },
      { name: "purchase_order_items", description: "Their items", hidden: 2, columns: [column("purchase_order"), column("item"), column("material_group"), column("delivered_on"), column("penalty_eur", "class_iii", "Contract penalty")] },
      { name: "inventory", description: "Stock by plant and storage place", hidden: 0, columns: [column("material"), column("plant"), column("quantity")] },
      { name: "machines", description: "Machines as the MES last told", hidden: 0, columns: [column("machine_id", "class_i"), column("status", "class_i"), column("scrap_pcs")] },
      { name: "downtime_events", description: "Stops of machines", hidden: 0, columns: [column("machine_id", "class_i"), column("started_at", "class_i"), column("duration_s", "class_i", "Seconds")] },
    ],
    ready: [
      { id: "late-vendors", text: "Which vendors delivered coil late in the last 90 days, and what did it cost?", sql: SQL_LATE },
      { id: "stops", text: "All stops of the last 30 days, newest first", sql: SQL_LONG },
      { id: "negative", text: "Materials with negative stock", sql: SQL_NONE },
    ],
    model: fixture.model ?? null, row_limit: 1000, history: fixture.history,
  };
}

async function run(request, fixture, model) {
  const began = Date.now();
  while (Date.now() - began < (fixture.slowMs ?? 120)) {
    if (cancelled.has(request.run)) return [409, { code: "cancelled", message: "the query was cancelled", hint: "Run it again.", request_id: "e-7f32" }];
    await pause(20);
  }
  if (fixture.queryError) return [504, fixture.queryError];
  const id = `q-${began}`;
  const answer = {
    id, verdict: "allowed", question: request.question ?? null, assumptions: model ? "late is posted after the confirmed date, cost is the contract penalty in EUR." : null, sql_written: request.sql, sql_run: RAN_LATE,
    params: ["COIL", "2026-03-24"], changes: [{ code: "limit_added", rule: "lim-01", message: "row limit added: 1000" }, { code: "column_left_out", rule: "dlp-14", message: "vendors.bank_account is class IV; you are cleared to III" }, { code: "literal_bound", rule: "sql-08", message: "literals bound as parameters: 2" }],
    reasons: [], score: { total: 14, limit: 100, parts: [{ kind: "join", count: 1, points: 5 }, { kind: "where", count: 2, points: 4 }, { kind: "subquery", count: 0, points: 0 }, { kind: "group_by", count: 1, points: 5 }] },
    reads: [{ table: "purchase_order_items", columns: ["purchase_order", "material_group", "delivered_on", "is_late", "days_late", "penalty_eur"], class: "class_iii" }, { table: "purchase_orders", columns: ["purchase_order", "vendor_id", "name"], class: "class_iii" }],
    class: "class_iii", columns: ["vendor_id", "name", "lines", "late", "days_late", "penalty_eur", "last_late"].map((name) => ({ name, is_numeric: !["name", "last_late"].includes(name) })),
    rows: lateRows(), row_count: 47, is_truncated: false, row_limit: 1000, checked_us: 9120, elapsed_ms: 640, at: iso(Date.now()), attempts: model ? [{ sql: "SELECT * FROM vendor_late", problem: "table not allowed: vendor_late" }] : [], model, tokens: model ? 412 : null,
  };
  if (/hr_salary|DELETE/i.test(request.sql)) {
    Object.assign(answer, {
      id: null, verdict: "refused", sql_run: null, params: [], changes: [], columns: [], rows: [], row_count: 0, reads: [], class: null, score: null, checked_us: 320, elapsed_ms: 0,
      reasons: [
        { code: "many_statements", rule: "sql-01", message: "more than one statement", hint: "Send one SELECT.", object: null, nearest: null, line: 4, column: 1 },
        { code: "table_not_allowed", rule: "dlp-11", message: "table not allowed: hr_salary", hint: "It holds class IV data; you are cleared to III. Ask an admin for access.", object: "hr_salary", nearest: null, line: 2, column: 6 },
        { code: "table_unknown", rule: "sql-04", message: "no such table: purchase_ordrs", hint: "Did you mean purchase_orders?", object: "purchase_ordrs", nearest: "purchase_orders", line: 4, column: 13 },
      ],
    });
  } else if (/downtime_events/.test(request.sql)) {
    const rows = Array.from({ length: 1000 }, (_, at) => [`CR-0${(at % 6) + 1}`, iso(began - at * 41 * MINUTE), at % 9 === 0 ? null : 60 + ((at * 7919) % 5400), ["Strip break", "Waiting for material", "Knife shaft blocked", "<b>not markup</b> & 'quotes', and a very long text that goes on: " + "x".repeat(180)][at % 4]]);
    results.set(id, rows);
    Object.assign(answer, { sql_run: "SELECT machine_id, started_at, duration_s, reason_text FROM downtime_events ORDER BY started_at DESC LIMIT 1001", params: [], changes: [{ code: "limit_lowered", rule: "lim-01", message: "row limit lowered from 5000 to 1000" }], columns: ["machine_id", "started_at", "duration_s", "reason_text"].map((name) => ({ name, is_numeric: name === "duration_s" })), rows: rows.slice(0, 500), row_count: 1000, is_truncated: true, class: "class_i", reads: [{ table: "downtime_events", columns: ["machine_id", "started_at", "duration_s", "reason_text"], class: "class_i" }] });
  } else if (/inventory WHERE quantity/.test(request.sql)) {
    Object.assign(answer, { sql_run: "SELECT material, plant FROM inventory WHERE quantity < ? LIMIT 1001", params: [0], changes: [], columns: [{ name: "material", is_numeric: false }, { name: "plant", is_numeric: false }], rows: [], row_count: 0, class: "class_ii" });
  }
  deskOf(fixture);
  fixture.history = [{ id: answer.id ?? `r-${began}`, actor: "M. Ito", at: answer.at, question: answer.question, sql: request.sql, is_allowed: answer.verdict === "allowed", rows: answer.row_count, elapsed_ms: answer.elapsed_ms, problem: answer.reasons[0]?.message ?? null }, ...fixture.history];
  return [200, answer];
}

const LINES = [["L1", "Cold rolling", "CR", "Cold mill", "STR-DC01-080"], ["L2", "Slitting", "SL", "Slitter", "SLT-080-120"], ["L3", "Press shop", "PS", "Press", "BRK-2210"], ["L4", "Weld cells", "WC", "Weld cell", "FRM-1180"]];
const SPECIAL = {
  "CR-03": { status: "setup", mode: "setup", since: 11, reason: ["R01", "Order change-over", "setup"] },
  "CR-05": { status: "idle", since: 4, reason: ["W01", "Waiting for material", "logistics"] },
  "SL-02": { status: "maintenance", mode: "maintenance", since: 96, reason: ["P01", "Planned inspection", "maintenance"] },
  "SL-06": { status: "idle", since: 1.4, reason: null, stop: "minor_stop" },
  "PS-01": { status: "down", since: 12.4, reason: ["H204", "Hydraulic pressure low", "hydraulic"], alarms: [["a1", "H204", "Hydraulic pressure low-low", 1, false], ["a2", "T11", "Oil temperature high", 2, true]], stop: "unplanned" },
  "PS-02": { alarms: [["a3", "C07", "Cycle time above limit", 2, false]] },
  "PS-06": { status: "unknown", raw: "REWORK_MODE_7", since: 31 },
  "WC-03": { status: "down", since: 3.1, reason: ["S140", "Torch collision stop", "process"], alarms: [["a4", "S140", "Torch collision stop", 1, false]], stop: "unplanned" },
  "WC-04": { alarms: [["a5", "G02", "Shielding gas low", 3, false], ["a6", "G09", "Filter change due", 4, true]] },
  "WC-05": { status: "offline", since: 8, reason: null, age: 480_000 },
  "WC-06": { stale: true, age: 252_000 },
};

function board(fixture) {
  const now = Date.now();
  const feedState = fixture.feedState ?? "live";
  const isFeedOld = ["stale", "offline", "unauthorized"].includes(feedState);
  fixture.began ??= now;
  if (feedState === "not_configured") {
    return { server_time: iso(now), site: null, time_zone: null, feed: { state: feedState, last_contact: null, message: "no MES is configured", hint: "Set ANDON_MES_URL and start the console again." }, machines: [], lines: [], counts: [], abnormal: [], late_orders: [], troubled_feeds: [], alarm_load: { last_10_min: 0, per_10_min: 0, is_above_target: false, is_flood: false, groups: [] }, downtime: [], clock_skew_ms: null };
  }
  const specials = { ...SPECIAL, ...fixture.machines };
  const machines = LINES.flatMap(([line, area, prefix, kind, product], at) => Array.from({ length: fixture.perLine ?? 6 }, (_, number) => {
    const id = `${prefix}-${String(number + 1).padStart(2, "0")}`;
    const s = specials[id] ?? {};
    const status = s.status ?? "running";
    const age = isFeedOld ? 252_000 : s.age ?? 900 + ((number * 700) % 3000);
    const good = 320 + at * 131 + number * 77;
    return {
      is_stale: isFeedOld || s.stale === true, age_ms: age,
      order: status === "maintenance" || status === "unknown" ? null : { number: `10077${at}${number}`, product: product, planned: String(600 + number * 120), good: String(good), uom: "C62", due: iso(now + (number * 55 - 40) * MINUTE) },
      machine: {
        machine_id: id, name: `${kind} ${number + 1}`, equipment: { area, work_center: line }, status, status_raw: s.raw ?? null,
        status_since: iso(fixture.began - (s.since ?? 18 + number * 41) * MINUTE), mode: s.mode ?? "production", reason: s.reason ? { code: s.reason[0], text: s.reason[1], group: s.reason[2] } : null,
        order_id: status === "maintenance" || status === "unknown" ? null : `10077${at}${number}`, product_id: status === "maintenance" || status === "unknown" ? null : product,
        counters: status === "offline" ? null : { produced: String(good + 12 + number), good: String(good), scrap: String(12 + number), rework: null, uom: "C62", since: iso(now - 300 * MINUTE) },
        planned_cycle_s: "22", last_cycle_s: s.status === undefined ? "22.4" : null,
        alarms: (s.alarms ?? []).map(([aid, code, text, priority, acknowledged]) => ({ id: aid, code, text, priority, raised_at: iso(fixture.began - (s.since ?? 5) * MINUTE), acknowledged })),
        observed_at: iso(now - age), incomplete: [],
      },
    };
  }));
  const abnormal = [];
  const add = (tile, kind, priority, text, since) => abnormal.push({ machine_id: tile.machine.machine_id, name: tile.machine.name, kind, priority, text, since });
  for (const tile of machines) {
    const m = tile.machine;
    if (tile.is_stale) add(tile, "stale", 3, null, m.observed_at);
    else if (m.status === "down") add(tile, "down", 1, m.reason?.text ?? null, m.status_since);
    else if (m.status === "offline") add(tile, "offline", 2, null, m.status_since);
    else if (m.status === "unknown") add(tile, "unknown", 3, m.status_raw, m.status_since);
    else if (m.alarms.length > 0) add(tile, "alarm", m.alarms[0].priority, m.alarms[0].text, m.alarms[0].raised_at);
  }
  abnormal.sort((a, b) => a.priority - b.priority || (a.since ?? "").localeCompare(b.since ?? ""));
  const event = (id, machine, category, from, to, reason, failure = false) => ({ id, machine_id: machine, equipment: { enterprise: "Nordwerk", site: "Duisburg", work_unit: machine, ...machines.find((tile) => tile.machine.machine_id === machine).machine.equipment }, order_id: null, category, failure, reason: reason && { code: reason[0], text: reason[1], group: null }, start: iso(fixture.began - from * MINUTE), end: to === null ? null : iso(fixture.began - to * MINUTE), comment: null, deleted: false, updated_at: iso(now), version: 1, incomplete: [] });
  const downtime = [
    event("d1", "SL-06", "minor_stop", 1.4, null, null), event("d2", "WC-03", "unplanned", 3.1, null, ["S140", "Torch collision stop"], true), event("d3", "PS-01", "unplanned", 12.4, null, ["H204", "Hydraulic pressure low"], true),
    event("d4", "SL-02", "planned", 96, null, ["P01", "Planned inspection"]), event("d5", "PS-01", "setup", 170, 148, ["R02", "Tool change"]), event("d6", "PS-01", "minor_stop", 231, 230, null), event("d7", "CR-03", "setup", 262, 241, ["R01", "Order change-over"]),
    event("d8", "PS-01", "unplanned", 355, 318, ["E310", "Main drive fault"], true), event("d9", "WC-05", "waiting", 401, 377, ["W02", "Waiting for operator"]), event("d10", "PS-01", "unknown", 520, 440, null),
  ];
  const counts = new Map();
  for (const tile of machines) { const key = tile.is_stale ? null : tile.machine.status; counts.set(key, (counts.get(key) ?? 0) + 1); }
  return {
    server_time: iso(now), site: "Duisburg", time_zone: "Europe/Berlin",
    feed: { state: feedState, last_contact: iso(now - (isFeedOld ? 252_000 : 1000)), message: isFeedOld ? "the MES does not answer" : null, hint: isFeedOld ? "Values stay with their age." : null },
    machines, lines: LINES.map(([name, area]) => ({ name, area, first_stopped: name === "L3" && !fixture.calm ? "PS-01" : null, machines: machines.filter((tile) => tile.machine.equipment.work_center === name).map((tile) => tile.machine.machine_id) })),
    counts: [...counts].map(([state, count]) => ({ state, count })), abnormal: fixture.calm ? [] : abnormal, downtime, clock_skew_ms: null,
    late_orders: fixture.calm ? [] : [{ order_id: "1007720", number: "1007720", product: "BRG-6204", work_center: "L3", machine_id: "PS-01", due: iso(now - 42 * MINUTE) }], troubled_feeds: fixture.troubled ?? [],
    alarm_load: fixture.flood ? { last_10_min: 14, per_10_min: 6.3, is_above_target: true, is_flood: true, groups: [] } : { last_10_min: 3, per_10_min: 0.8, is_above_target: false, is_flood: false, groups: [] },
  };
}
