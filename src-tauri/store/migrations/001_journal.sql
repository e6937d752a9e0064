-- The journal: approvals with their signed decisions, the audit chain, agents, settings, query history.
-- One file for all tenants, one writer. Times are UTC milliseconds. What must not change is held by triggers, so that a
-- mistake in the program cannot rewrite history; somebody who can write the file can drop them, which the chain shows.

CREATE TABLE approvals (
  id                   TEXT    NOT NULL PRIMARY KEY,
  tenant               TEXT    NOT NULL,
  operation            TEXT    NOT NULL,
  schema_version       INTEGER NOT NULL,
  parameters           TEXT    NOT NULL,
  digest               BLOB    NOT NULL CHECK (length(digest) = 32),
  endpoint_fingerprint BLOB    NOT NULL CHECK (length(endpoint_fingerprint) = 32),
  policy_version       TEXT    NOT NULL,
  risk                 TEXT    NOT NULL CHECK (risk IN ('low', 'medium', 'high', 'critical')),
  risk_reasons         TEXT    NOT NULL,
  quorum               INTEGER NOT NULL CHECK (quorum >= 0),
  requested_by         TEXT    NOT NULL,
  on_behalf_of         TEXT,
  rationale            TEXT,
  idempotency_key      TEXT,
  target_version       TEXT,
  current_values       TEXT    NOT NULL,
  preconditions        TEXT    NOT NULL,
  requested_at         INTEGER NOT NULL,

  state                TEXT    NOT NULL CHECK (state IN ('pending', 'approved', 'denied', 'expired', 'cancelled',
                                                         'claimed', 'dispatched', 'succeeded', 'failed', 'unknown')),
  decide_by            INTEGER NOT NULL,
  decide_by_boot_ms    INTEGER NOT NULL,
  decide_by_boot_id    TEXT    NOT NULL,
  void_decisions       INTEGER NOT NULL CHECK (void_decisions >= 0),
  dispatch_after       INTEGER,
  execute_by           INTEGER,
  execute_by_boot_ms   INTEGER,
  execute_by_boot_id   TEXT,
  attempt              TEXT,
  outcome              TEXT,
  decided_at           INTEGER,
  settled_at           INTEGER,
  version              INTEGER NOT NULL CHECK (version >= 1)
) STRICT;

CREATE UNIQUE INDEX approvals_by_key ON approvals (tenant, requested_by, idempotency_key)
  WHERE idempotency_key IS NOT NULL;
CREATE INDEX approvals_by_digest ON approvals (tenant, requested_by, digest, requested_at);
CREATE INDEX approvals_by_time ON approvals (tenant, requested_at);
CREATE INDEX approvals_by_state ON approvals (state, tenant, requested_at);

CREATE TRIGGER approvals_facts_stay
BEFORE UPDATE OF id, tenant, operation, schema_version, parameters, digest, endpoint_fingerprint, policy_version, risk,
  risk_reasons, quorum, requested_by, on_behalf_of, rationale, idempotency_key, target_version, current_values,
  preconditions, requested_at ON approvals
BEGIN
  SELECT RAISE(ABORT, 'the facts of a request cannot be changed');
END;
CREATE TRIGGER approvals_count_up BEFORE UPDATE ON approvals WHEN NEW.version <> OLD.version + 1
BEGIN
  SELECT RAISE(ABORT, 'each change of a request counts its version up by one');
END;
CREATE TRIGGER approvals_stay BEFORE DELETE ON approvals
BEGIN
  SELECT RAISE(ABORT, 'a request cannot be removed');
END;
CREATE TRIGGER approvals_once BEFORE INSERT ON approvals WHEN EXISTS (SELECT 1 FROM approvals WHERE id = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'a request cannot be replaced');
END;

CREATE TABLE decisions (
  approval_id TEXT    NOT NULL REFERENCES approvals (id),
  position    INTEGER NOT NULL CHECK (position >= 0),
  nonce       TEXT    NOT NULL UNIQUE,
  payload     TEXT    NOT NULL,
  signature   TEXT    NOT NULL,
  PRIMARY KEY (approval_id, position)
) STRICT;

CREATE TRIGGER decisions_stay_as_they_are BEFORE UPDATE ON decisions
BEGIN
  SELECT RAISE(ABORT, 'a decision cannot be changed');
END;
CREATE TRIGGER decisions_stay BEFORE DELETE ON decisions
BEGIN
  SELECT RAISE(ABORT, 'a decision cannot be removed');
END;
CREATE TRIGGER decisions_once BEFORE INSERT ON decisions
WHEN EXISTS (SELECT 1 FROM decisions
             WHERE nonce = NEW.nonce OR (approval_id = NEW.approval_id AND position = NEW.position))
BEGIN
  SELECT RAISE(ABORT, 'a decision cannot be replaced');
END;

-- The log of each tenant: its id, pinned under the first hash, and where its end is.
CREATE TABLE audit_logs (
  tenant   TEXT    NOT NULL PRIMARY KEY,
  log_id   BLOB    NOT NULL CHECK (length(log_id) = 16),
  sequence INTEGER NOT NULL CHECK (sequence >= 0),
  hash     BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE TRIGGER audit_logs_grow BEFORE UPDATE ON audit_logs
WHEN NEW.tenant <> OLD.tenant OR NEW.log_id <> OLD.log_id OR NEW.sequence <> OLD.sequence + 1
BEGIN
  SELECT RAISE(ABORT, 'an audit log only grows, one event at a time');
END;
CREATE TRIGGER audit_logs_stay BEFORE DELETE ON audit_logs
BEGIN
  SELECT RAISE(ABORT, 'an audit log cannot be removed');
END;
CREATE TRIGGER audit_logs_once BEFORE INSERT ON audit_logs
WHEN EXISTS (SELECT 1 FROM audit_logs WHERE tenant = NEW.tenant)
BEGIN
  SELECT RAISE(ABORT, 'an audit log cannot be replaced');
END;

-- hash = SHA-256(previous_hash || event); event is canonical JSON.
CREATE TABLE audit (
  tenant        TEXT    NOT NULL REFERENCES audit_logs (tenant),
  sequence      INTEGER NOT NULL CHECK (sequence >= 1),
  previous_hash BLOB    NOT NULL CHECK (length(previous_hash) = 32),
  hash          BLOB    NOT NULL CHECK (length(hash) = 32),
  event         TEXT    NOT NULL,
  action        TEXT    GENERATED ALWAYS AS (json_extract(event, '$.action')) VIRTUAL,
  subject       TEXT    GENERATED ALWAYS AS (json_extract(event, '$.subject')) VIRTUAL,
  PRIMARY KEY (tenant, sequence)
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_by_subject ON audit (tenant, subject, sequence) WHERE subject IS NOT NULL;

CREATE TRIGGER audit_stays_as_it_is BEFORE UPDATE ON audit
BEGIN
  SELECT RAISE(ABORT, 'an audit event cannot be changed');
END;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit
BEGIN
  SELECT RAISE(ABORT, 'an audit event cannot be removed');
END;
CREATE TRIGGER audit_once BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE tenant = NEW.tenant AND sequence = NEW.sequence)
BEGIN
  SELECT RAISE(ABORT, 'an audit event cannot be replaced');
END;

-- Revoked agents stay, so a name may come up again; only one of them is alive.
CREATE TABLE agents (
  tenant       TEXT    NOT NULL,
  agent        TEXT    NOT NULL,
  scopes       TEXT    NOT NULL,
  clearance    TEXT    NOT NULL,
  expires_at   INTEGER,
  token_sha256 BLOB    NOT NULL UNIQUE CHECK (length(token_sha256) = 32),
  created_at   INTEGER NOT NULL,
  created_by   TEXT    NOT NULL,
  revoked_at   INTEGER,
  last_used_at INTEGER
) STRICT;

CREATE UNIQUE INDEX agents_alive ON agents (tenant, agent) WHERE revoked_at IS NULL;

CREATE TABLE settings (
  tenant TEXT NOT NULL,
  name   TEXT NOT NULL,
  value  TEXT NOT NULL,
  PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE query_history (
  tenant     TEXT    NOT NULL,
  id         TEXT    NOT NULL,
  actor      TEXT    NOT NULL,
  at         INTEGER NOT NULL,
  question   TEXT,
  sql        TEXT    NOT NULL,
  is_allowed INTEGER NOT NULL CHECK (is_allowed IN (0, 1)),
  row_count  INTEGER,
  elapsed_ms INTEGER,
  problem    TEXT,
  PRIMARY KEY (tenant, id)
) STRICT;

CREATE INDEX query_history_by_actor ON query_history (tenant, actor, at);
