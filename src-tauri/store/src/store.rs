//! The data folder, opened: one lock, one journal, one mirror per tenant. Hands out the ports.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use andon_approvals::ApprovalJournal;
use andon_domain::ports::{AgentRegistry, AuditLog, AuditVerdict, Mirror, QueryHistory, Settings};
use andon_domain::{PortError, TenantId};

use crate::agents::Agents;
use crate::approvals::Approvals;
use crate::audit::TenantAudit;
use crate::audit::reads::{ReadAudit, ReadLimits};
use crate::audit::verify::verify;
use crate::database::{Readers, Writer};
use crate::folder::{FolderLock, OpenError, hold};
use crate::history::History;
use crate::journal_file::{JOURNAL, open_journal, open_journal_to_read};
use crate::mirror::TenantMirror;
use crate::mirror::sources::MirrorSource;
use crate::problem::invalid;
use crate::settings::TenantSettings;

/// The open data folder. Dropping the store and every port it gave out closes the files and frees the folder.
pub struct Store {
    journal: Arc<Journal>,
    folder: PathBuf,
    mirrors: Mutex<HashMap<TenantId, Arc<TenantMirror>>>,
}

/// The journal file with everything that works on it. Fields end in this order: queue, readers, writer, lock.
pub(crate) struct Journal {
    pub(crate) read_audit: ReadAudit,
    pub(crate) readers: Readers,
    pub(crate) writer: Arc<Writer>,
    _lock: FolderLock,
}

impl Store {
    /// Takes the folder for this process, makes what is missing and checks what is there. Blocks; a large journal takes
    /// about a second for each 100 MB.
    ///
    /// # Errors
    /// [`OpenError`]; its `hint` says what to do.
    pub fn open(data_dir: &Path) -> Result<Arc<Self>, OpenError> {
        Self::open_with(data_dir, ReadLimits::default())
    }

    pub(crate) fn open_with(data_dir: &Path, limits: ReadLimits) -> Result<Arc<Self>, OpenError> {
        let lock = hold(data_dir)?;
        let path = data_dir.join(JOURNAL);
        let no_thread = |source| OpenError::Folder {
            path: path.clone(),
            source,
        };
        let writer = Arc::new(Writer::start(open_journal(&path)?, "andon-journal").map_err(no_thread)?);
        let read_audit = ReadAudit::start(Arc::clone(&writer), limits).map_err(no_thread)?;
        let readers = Readers::new(path);
        let journal = Arc::new(Journal {
            read_audit,
            readers,
            writer,
            _lock: lock,
        });
        Ok(Arc::new(Self {
            journal,
            folder: data_dir.to_owned(),
            mirrors: Mutex::default(),
        }))
    }

    /// Requests of all tenants.
    #[must_use]
    pub fn journal(&self) -> Arc<dyn ApprovalJournal> {
        Arc::new(Approvals {
            journal: Arc::clone(&self.journal),
        })
    }

    /// The audit log of a tenant.
    #[must_use]
    pub fn audit(&self, tenant: &TenantId) -> Arc<dyn AuditLog> {
        Arc::new(TenantAudit {
            journal: Arc::clone(&self.journal),
            tenant: tenant.clone(),
        })
    }

    /// Agents of all tenants.
    #[must_use]
    pub fn agents(&self) -> Arc<dyn AgentRegistry> {
        Arc::new(Agents {
            journal: Arc::clone(&self.journal),
        })
    }

    /// Settings of all tenants.
    #[must_use]
    pub fn settings(&self) -> Arc<dyn Settings> {
        Arc::new(TenantSettings {
            journal: Arc::clone(&self.journal),
        })
    }

    /// What analysts asked, of all tenants.
    #[must_use]
    pub fn history(&self) -> Arc<dyn QueryHistory> {
        Arc::new(History {
            journal: Arc::clone(&self.journal),
        })
    }

    /// The plant mirror of a tenant, opened on first use. A damaged or outdated mirror is dropped and starts empty.
    ///
    /// # Errors
    /// `Invalid` for a tenant that cannot name a folder, `Unavailable` when the file cannot be made.
    pub fn mirror(&self, tenant: &TenantId) -> Result<Arc<dyn Mirror>, PortError> {
        self.mirror_of(tenant, &[])
    }

    /// [`Store::mirror`] as the copy of these systems: what it has of another one in the place of one of them is thrown
    /// away.
    ///
    /// # Errors
    /// As [`Store::mirror`].
    pub fn mirror_of(
        &self,
        tenant: &TenantId,
        sources: &[MirrorSource],
    ) -> Result<Arc<dyn Mirror>, PortError> {
        if !TenantId::is_valid(tenant.as_str()) {
            return Err(invalid(format!("the tenant cannot name a folder: {tenant}")));
        }
        let mut mirrors = self.mirrors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mirror) = mirrors.get(tenant) {
            return Ok(Arc::clone(mirror) as Arc<dyn Mirror>);
        }
        let folder = self.folder.join("tenants").join(tenant.as_str());
        let mirror = Arc::new(TenantMirror::open(&folder, sources)?);
        mirrors.insert(tenant.clone(), Arc::clone(&mirror));
        Ok(mirror)
    }

    /// Commits the audit events of reads that still wait and folds the write-ahead log into the file. Reads are refused
    /// from then on; writes still work until the store is dropped.
    pub async fn close(&self) {
        let journal = Arc::clone(&self.journal);
        let closing = tokio::task::spawn_blocking(move || journal.read_audit.close()).await;
        if let Err(error) = closing {
            tracing::error!(%error, "the audit queue did not close");
        }
        let folded = self
            .journal
            .writer
            .outside_transaction(|connection| {
                connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            })
            .await;
        if let Err(error) = folded {
            tracing::warn!(detail = %error.detail, "the write-ahead log stays for the next start");
        }
    }

    /// Checks the audit log of a tenant in a journal file, without a console and without changing anything. Blocks.
    ///
    /// # Errors
    /// [`OpenError`] when the file cannot be read as a journal; a broken log is a verdict, not an error.
    pub fn verify_audit_file(journal_path: &Path, tenant: &TenantId) -> Result<AuditVerdict, OpenError> {
        let failed = |error: rusqlite::Error| OpenError::Journal {
            path: journal_path.to_owned(),
            detail: error.to_string(),
        };
        let mut connection = open_journal_to_read(journal_path)?;
        let view = connection.transaction().map_err(failed)?;
        verify(&view, tenant).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use andon_domain::audit::{AuditEvent, AuditOutcome};
    use andon_domain::{PortErrorKind, Timestamp};

    use super::*;

    fn event(subject: &str) -> AuditEvent {
        AuditEvent {
            tenant: TenantId::default_tenant(),
            at: Timestamp::from_millis(0),
            actor: "system".to_owned(),
            via: "system".to_owned(),
            action: "operation.read".to_owned(),
            subject: Some(subject.to_owned()),
            outcome: AuditOutcome::Done,
            detail: serde_json::json!({}),
        }
    }

    /// A disk that is full, and has space again: the limit stands on the writing connection.
    async fn set_most_pages(store: &Store, pages: i64) {
        let set = move |c: &rusqlite::Connection| {
            c.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
        };
        store.journal.writer.outside_transaction(set).await.unwrap();
    }

    const UNLIMITED: i64 = 1_000_000;

    #[tokio::test]
    async fn a_full_disk_refuses_writes_while_reads_go_on_and_everything_works_when_space_returns() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let audit = store.audit(&TenantId::default_tenant());
        audit.append(event("before")).await.unwrap();
        set_most_pages(&store, 1).await;
        let long = "x".repeat(20_000);
        let error = audit.append(event(&long)).await.unwrap_err();
        assert_eq!(
            (error.kind, error.message.as_str()),
            (PortErrorKind::Unavailable, "the console cannot write its files")
        );
        assert!(
            error.detail.contains("full"),
            "the log says why: {}",
            error.detail
        );
        assert_eq!(audit.verify().await.unwrap().events, 1, "reads go on");
        set_most_pages(&store, UNLIMITED).await;
        audit.append(event(&long)).await.unwrap();
        let verdict = audit.verify().await.unwrap();
        assert_eq!((verdict.is_intact, verdict.events), (true, 2));
    }

    #[tokio::test]
    async fn every_commit_of_the_journal_reaches_the_disk_before_it_is_answered() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let read = |tx: &rusqlite::Transaction<'_>| {
            let number = |name: &str| tx.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
            Ok((
                number("synchronous")?,
                number("foreign_keys")?,
                number("recursive_triggers")?,
            ))
        };
        let (synchronous, foreign_keys, recursive_triggers) = store.journal.writer.write(read).await.unwrap();
        assert_eq!(synchronous, 2, "FULL");
        assert_eq!((foreign_keys, recursive_triggers), (1, 1));
    }

    #[tokio::test]
    async fn a_panic_in_a_write_is_rolled_back_and_the_writer_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let audit = store.audit(&TenantId::default_tenant());
        let result: Result<(), PortError> = store
            .journal
            .writer
            .write(|tx| {
                tx.execute(
                    "INSERT INTO settings (tenant, name, value) VALUES ('a', 'b', '1')",
                    [],
                )?;
                panic!("on purpose")
            })
            .await;
        assert_eq!(result.unwrap_err().kind, PortErrorKind::Unavailable);
        assert_eq!(store.settings().get(&"a".into(), "b").await.unwrap(), None);
        audit.append(event("after")).await.unwrap();
    }

    #[tokio::test]
    async fn reads_stop_when_the_disk_has_refused_too_long_and_go_on_when_it_takes_again() {
        let folder = tempfile::tempdir().unwrap();
        let limits = ReadLimits {
            gather: Duration::from_millis(1),
            pause: Duration::from_millis(5),
            patience: Duration::from_millis(50),
            ..ReadLimits::default()
        };
        let store = Store::open_with(folder.path(), limits).unwrap();
        let audit = store.audit(&TenantId::default_tenant());
        set_most_pages(&store, 1).await;
        let long = "x".repeat(20_000);
        let mut accepted = 0;
        let error = loop {
            match audit.append_read(event(&long)).await {
                Ok(()) => accepted += 1,
                Err(error) => break error,
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        assert_eq!(error.kind, PortErrorKind::Unavailable);
        assert!(accepted > 0, "reads go on for a while first");
        set_most_pages(&store, UNLIMITED).await;
        while audit.append_read(event("after")).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        store.close().await;
        let verdict = audit.verify().await.unwrap();
        assert_eq!(
            (verdict.is_intact, verdict.events),
            (true, accepted + 1),
            "what was accepted is on disk"
        );
    }

    #[tokio::test]
    async fn a_full_queue_refuses_the_next_read() {
        let folder = tempfile::tempdir().unwrap();
        let limits = ReadLimits {
            most_waiting: 3,
            gather: Duration::from_secs(600),
            ..ReadLimits::default()
        };
        let store = Store::open_with(folder.path(), limits).unwrap();
        let audit = store.audit(&TenantId::default_tenant());
        for _ in 0..3 {
            audit.append_read(event("x")).await.unwrap();
        }
        let error = audit.append_read(event("x")).await.unwrap_err();
        assert_eq!(error.kind, PortErrorKind::Unavailable);
        store.close().await;
        assert_eq!(audit.verify().await.unwrap().events, 3);
    }
}
