//! Settings of a tenant: small JSON values by name.

use std::sync::Arc;

use andon_domain::audit::AuditEvent;
use andon_domain::ports::Settings;
use andon_domain::{PortError, TenantId};
use async_trait::async_trait;
use rusqlite::{OptionalExtension, params};
use serde_json::Value;

use crate::audit::chain::append_event;
use crate::problem::damaged;
use crate::store::Journal;

/// [`Settings`] over the journal.
pub(crate) struct TenantSettings {
    pub(crate) journal: Arc<Journal>,
}

#[async_trait]
impl Settings for TenantSettings {
    async fn get(&self, tenant: &TenantId, name: &str) -> Result<Option<Value>, PortError> {
        let (tenant, name) = (tenant.clone(), name.to_owned());
        self.journal
            .readers
            .read(move |tx| {
                let text: Option<String> = tx
                    .prepare_cached("SELECT value FROM settings WHERE tenant = ?1 AND name = ?2")?
                    .query_row(params![tenant.as_str(), name], |row| row.get(0))
                    .optional()?;
                let read =
                    |text: String| serde_json::from_str(&text).map_err(|e| damaged("settings", &name, e));
                Ok(text.map(read).transpose()?)
            })
            .await
    }

    async fn set(
        &self,
        tenant: &TenantId,
        name: &str,
        value: &Value,
        audit: AuditEvent,
    ) -> Result<(), PortError> {
        let (tenant, name, text) = (tenant.clone(), name.to_owned(), value.to_string());
        self.journal
            .writer
            .write(move |tx| {
                tx.prepare_cached(
                    "INSERT INTO settings (tenant, name, value) VALUES (?1, ?2, ?3) \
                     ON CONFLICT (tenant, name) DO UPDATE SET value = excluded.value",
                )?
                .execute(params![tenant.as_str(), name, text])?;
                append_event(tx, &audit)
            })
            .await
    }
}
