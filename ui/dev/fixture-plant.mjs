// Fixture answers of the Plant screen that are of a stretch of time. Made-up data with sums that close; nothing is computed
// as the engine does it.
const HOUR = 3_600_000;
const iso = (at) => new Date(at).toISOString();

export function answerPlant(command, request, board, fixture) {
  const window = windowOf(request, fixture);
  switch (command) {
    case "plant_window": return [200, figures(window, board, fixture)];
    case "plant_timelines": return [200, { window, basis: basis(fixture), machines: board.machines.filter((tile) => request.work_center === undefined || tile.machine.equipment.work_center === request.work_center).map((tile) => ({ machine_id: tile.machine.machine_id, name: tile.machine.name, work_center: tile.machine.equipment.work_center, segments: fixture.noHistory ? [] : segments(tile, window) })), left_out: 0 }];
    case "plant_orders": return [200, { window, basis: basis(fixture), orders: orders(board) }];
    case "plant_quality": return [200, quality(window, fixture)];
    case "plant_machine": return machine(request, window, board, fixture);
    default: return undefined;
  }
}

function windowOf(request, fixture) {
  fixture.began ??= Date.now();
  const now = Date.now();
  // Shifts of eight hours; the current one began five hours before the fixture did.
  const first = fixture.began - 5 * HOUR;
  const hours = { last_8h: 8, last_24h: 24, last_7d: 168 }[request.range];
  const [since, until] = request.range === "custom" ? [Date.parse(request.since), Date.parse(request.until)] : hours !== undefined ? [now - hours * HOUR, now] : request.range === "previous_shift" ? [first - 8 * HOUR, first] : request.range === "business_day" ? [first - 8 * HOUR, first + 8 * HOUR] : [first, first + 8 * HOUR];
  const shift = (at, name) => ({ id: `s${name}`, shift: name, business_day: iso(first).slice(0, 10), site: "Duisburg", start: iso(at), end: iso(at + 8 * HOUR), breaks: [{ start: iso(at + 4 * HOUR), end: iso(at + 4.5 * HOUR) }] });
  const isShift = until - since === 8 * HOUR && (since - first) % (8 * HOUR) === 0;
  return {
    range: request.range ?? "current_shift", since: iso(since), until: iso(until), as_of: iso(Math.min(now, until)), time_zone: "Europe/Berlin", label: isShift ? (since === first ? "Early shift" : "Night shift") : null, business_day: iso(first).slice(0, 10),
    is_finished: until <= now, is_calendar_assumed: false, previous: isShift ? { since: iso(since - 8 * HOUR), until: iso(since) } : null, next: isShift && until <= now ? { since: iso(until), until: iso(until + 8 * HOUR) } : null,
    shifts: [-3, -2, -1, 0].map((at) => shift(first + at * 8 * HOUR, at === 0 ? "Early shift" : "Night shift")).filter((one) => Date.parse(one.end) > since && Date.parse(one.start) < until),
  };
}

function basis(fixture) {
  const notes = fixture.noHistory ? [{ kind: "source_missing", count: null }] : [{ kind: "machines_unrated", count: 1 }];
  return { origin: "computed_here", definition: "plant.definition.figures", server_time: iso(Date.now()), data_until: iso(Date.now() - 12_000), corrected: 0, notes };
}

function figuresOf(busy, part = {}) {
  const [a, e, q] = [part.a ?? 0.871, part.e ?? 0.913, part.q ?? 0.978];
  const production = busy * a;
  const ideal = production * e;
  return {
    machines: part.machines ?? 24, unrated_machines: 1, planned_operation_s: busy * 1.04, planned_down_s: busy * 0.04, planned_busy_s: busy, production_s: production, uncovered_s: busy * (1 - (part.coverage ?? 0.968)), coverage: part.coverage ?? 0.968, is_low_confidence: (part.coverage ?? 0.968) < 0.9, unrated_s: 0,
    ideal_s: ideal, ideal_good_s: ideal * q, produced: 12_840, good: Math.round(12_840 * q), scrap: 214, rework: 68, availability: a, effectiveness: e, quality: q, oee: a * e * q, is_cycle_doubtful: false, scrap_ratio: 0.0167, rework_ratio: 0.0053,
    failures: 4, repaired: 3, mttr_s: 1420, mtbf_s: production / 4, downtime_s: busy * 0.09, downtime_events: 31, minor_stops: 18, minor_stop_s: busy * 0.012,
  };
}

function figures(window, board, fixture) {
  const busy = ((Date.parse(window.as_of) - Date.parse(window.since)) / 1000) * board.machines.length * 0.92;
  const total = figuresOf(busy, { coverage: fixture.coverage });
  if (fixture.noHistory) for (const key of ["availability", "effectiveness", "quality", "oee", "ideal_s", "ideal_good_s"]) total[key] = null;
  const step = (kind, seconds, isTotal = false, text = null) => ({ kind, is_total: isTotal, code: text, text, seconds });
  const lost = busy - total.production_s;
  const reasons = [["H204", "Hydraulic pressure low", 0.34], ["R02", "Tool change", 0.17], ["P01", "Planned inspection", 0.12], [null, null, 0.11], ["S140", "Torch collision stop", 0.09], ["W02", "Waiting for operator", 0.06], ["E310", "Main drive fault", 0.05]];
  const rest = 1 - reasons.reduce((sum, one) => sum + one[2], 0);
  let run = 0;
  const bars = [...reasons.map(([code, text, share]) => { run += share; return { kind: code === null ? "no_reason" : "reason", code, text, seconds: total.downtime_s * share, count: Math.round(31 * share) || 1, cumulative: run, reasons: 1 }; }), { kind: "other", code: null, text: null, seconds: total.downtime_s * rest, count: 3, cumulative: 1, reasons: 5 }];
  return {
    window, basis: basis(fixture), total, machines: [],
    lines: board.lines.map((line, at) => ({ area: line.area, work_center: line.name, figures: figuresOf(busy / board.lines.length, { a: 0.9 - at * 0.06, coverage: at === 3 ? 0.82 : 0.98, machines: line.machines.length }) })),
    waterfall: fixture.noHistory ? [] : [step("planned_busy", busy, true), ...reasons.map(([code, text, share]) => ({ ...step(code === null ? "no_reason" : "stop_reason", lost * 0.72 * share, false, text), code })), step("idle", lost * (0.13 + 0.72 * rest)), step("setup", lost * 0.1), step("no_data", lost * 0.05), step("production", total.production_s, true), step("speed", total.production_s - total.ideal_s), step("ideal", total.ideal_s, true), step("quality", total.ideal_s - total.ideal_good_s), step("good", total.ideal_good_s, true)],
    pareto: { total_s: total.downtime_s, total_count: 31, by_seconds: bars, by_count: [...bars].sort((a, b) => b.count - a.count) },
    trend: Array.from({ length: 8 }, (_, at) => { const since = Date.parse(window.since) - (7 - at) * 8 * HOUR; const oee = at === 3 ? null : 0.71 + Math.sin(at * 1.7) * 0.06; return { since: iso(since), until: iso(since + 8 * HOUR), label: ["Early shift", "Late shift", "Night shift"][at % 3], business_day: iso(since).slice(0, 10), is_finished: at < 7, oee, availability: oee && 0.88, effectiveness: oee && 0.9, quality: oee && 0.98, coverage: at === 5 ? 0.84 : 0.98 }; }),
  };
}

// A past of its own for each machine, the same at each call: stops by a small generator seeded with its name.
function segments(tile, window) {
  const [since, end] = [Date.parse(window.since), Date.parse(window.as_of)];
  let seed = [...tile.machine.machine_id].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 9973, 7);
  const next = () => (seed = (seed * 4099 + 77) % 9973) / 9973;
  const out = [];
  let at = since;
  const now = Math.max(since, Math.min(end, Date.parse(tile.machine.status_since)));
  while (at < now) {
    const running = at + (10 + next() * 50) * 60_000;
    out.push([at, Math.min(now, running), "running"]);
    at = running;
    if (at >= now) break;
    const kind = ["idle", "down", "setup", "idle", null, "idle", "maintenance", "idle"][Math.floor(next() * 8)];
    const long = kind === "idle" ? 15_000 + next() * 60_000 : (2 + next() * 18) * 60_000;
    out.push([at, Math.min(now, at + long), kind]);
    at += long;
  }
  if (now < end) out.push([now, end, tile.is_stale ? null : tile.machine.status]);
  return out;
}

function orders(board) {
  const now = Date.now();
  return board.machines.filter((tile) => tile.order !== null).map((tile, at) => {
    const { order, machine } = tile;
    const late = at % 9 === 0 ? 42 * 60 : at % 5 === 0 ? 18 * 60 : null;
    const due = now + (at * 37 - 60) * 60_000;
    return {
      order: { id: order.number, order_number: order.number, status: machine.status === "down" ? "paused" : "active", status_raw: null, priority: (at % 4) + 1, product: { id: order.product, name: order.product, revision: null }, equipment: { enterprise: null, site: null, work_unit: null, ...machine.equipment }, quantity: { planned: order.planned, produced: order.good, good: order.good, scrap: "12", rework: null, uom: "C62" }, planned_cycle_s: "22", planned_start: null, planned_end: iso(due), due_at: iso(due), actual_start: null, actual_end: null, lot_id: null, updated_at: null, version: 1, incomplete: [] },
      machines: [machine.machine_id], remaining: null, progress: Number(order.good) / Number(order.planned), rate: machine.status === "running" ? { per_hour: 148, basis: "recent_history", since: iso(now - HOUR), until: iso(now) } : null,
      expected_end: machine.status === "running" ? iso(due + (late ?? -900) * 1000) : null, due: iso(due), lateness: late === null ? (machine.status === "running" ? "on_time" : "unknown") : at % 9 === 0 ? "late" : "expected_late", late_s: late,
    };
  }).sort((a, b) => (b.late_s ?? 0) - (a.late_s ?? 0));
}

function quality(window, fixture) {
  const product = (id, name, inspected, good) => ({ product: id === null ? null : { id, name, revision: null }, inspected: String(inspected), good: String(good), first_pass_yield: good / inspected, reports: 9, left_out: 1 });
  const property = (id, name, value, unit, lsl, target, usl) => ({ id, name, value, unit, lsl, target, usl, result: "fail" });
  const fail = (id, machine, product, ago, characteristics, defects) => ({ id, inspected_at: iso(Date.now() - ago * 60_000), inspection: "in_process", machine_id: machine, order_id: "1007720", product_id: product, lot_id: "L-88", serial: null, characteristics, defects });
  return {
    window, basis: { ...basis(fixture), notes: [] }, total: product(null, null, 2140, 2071),
    products: [product("STR-S355-120", "Strip S355 120 mm", 920, 901), product("PAN-0450", "Panel 450", 640, 612), product("SUB-0331", "Subframe 331", 380, 361), product("SLT-080-120", "Slit strip 80 mm", 200, 197)],
    defects: [["D07", "Edge burr", "minor", 31, 0.45], ["D11", "Weld porosity", "major", 18, 0.71], ["D02", "Thickness out of limits", "major", 12, 0.88], [null, null, "unknown", 5, 0.96], ["D19", "Scratch", "minor", 3, 1]].map(([code, text, severity, quantity, cumulative]) => ({ code, text, severity, quantity: String(quantity), reports: 4, cumulative, codes: 1 })),
    fails: [fail("q1", "CR-02", "STR-S355-120", 14, [property("c1", "Thickness", "1.224", "mm", "1.15", "1.20", "1.22")], ["Thickness out of limits"]), fail("q2", "WC-01", "SUB-0331", 38, [property("c2", "Weld depth", "2.1", "mm", "2.4", "3.0", null), property("c3", "Gap", "0.31", "mm", null, "0.10", "0.30")], ["Weld porosity"]), fail("q3", "PS-03", "PAN-0450", 71, [], ["Edge burr"])],
  };
}

function machine(request, window, board, fixture) {
  const tile = board.machines.find((one) => one.machine.machine_id === request.machine_id);
  if (tile === undefined) return [404, { code: "not_found", message: `no such machine: ${request.machine_id}`, hint: null, request_id: "r-9" }];
  const past = fixture.noHistory ? [] : segments(tile, window);
  const timeline = past.map(([start, end, state], at) => ({ start: iso(start), end: iso(end), state, state_raw: null, is_begun_before: at === 0, is_open: at === past.length - 1, order_id: tile.machine.order_id, reason: at === past.length - 1 ? tile.machine.reason : state === "down" ? { code: "H204", text: "Hydraulic pressure low", group: null } : null }));
  return [200, {
    window, basis: basis(fixture), machine: { ...tile.machine, equipment: { enterprise: null, site: null, work_unit: null, ...tile.machine.equipment }, planned_busy: null, updated_at: null, version: 1 }, age_ms: tile.age_ms, is_stale: tile.is_stale,
    figures: figuresOf(5 * 3600, { a: 0.82, machines: 1 }), waterfall: [], timeline, downtime: board.downtime.filter((event) => event.machine_id === request.machine_id), order: null,
  }];
}
