//! Questions about many keys: an address carries only so many, so they are asked in parts, a few at the same time.

use std::collections::BTreeSet;

use andon_domain::PortError;
use futures_util::{StreamExt as _, TryStreamExt as _};
use serde::de::DeserializeOwned;

use super::Sap;
use super::filter::{encode, is_same_key, string_literal};
use super::reader::{Query, Rows, Shape};

/// Parts of one question that are read at the same time.
const READS_AT_ONCE: usize = 6;

/// Addresses stay below this; proxies and gateways refuse longer ones.
const LONGEST_ADDRESS: usize = 2_000;

impl Query {
    /// The question for rows with one of these keys, in any spelling.
    pub(super) fn about<K: AsRef<[String]>>(&self, property: &'static str, keys: &[K]) -> Self {
        let spellings: Vec<&String> = keys.iter().flat_map(AsRef::as_ref).collect();
        Self {
            filter: self.filter.clone().one_of(property, &spellings),
            ..self.clone()
        }
    }
}

impl Sap {
    /// The question once for as many of the keys as an address can carry. A key is asked for in all its spellings at once:
    /// a server that takes two of them for the same would give its rows twice.
    pub(super) fn in_chunks<K: AsRef<[String]> + Clone>(
        &self,
        query: &Query,
        property: &'static str,
        keys: &[K],
    ) -> Result<Vec<(Query, Vec<K>)>, PortError> {
        let shape = Shape::of(query, &self.config.names, None);
        let empty = self.page_address(query, &shape, 0, 10_000)?.as_str().len();
        let room = LONGEST_ADDRESS.saturating_sub(empty + 32);
        let name = self
            .config
            .names
            .field(query.service, property)
            .unwrap_or(property);
        let cost = |spelling: &String| encode(&format!("{name} eq {} or ", string_literal(spelling))).len();
        let (mut chunks, mut rest) = (Vec::new(), keys);
        while !rest.is_empty() {
            let mut used = 0;
            let fits = rest.iter().take_while(|key| {
                used += key.as_ref().iter().map(cost).sum::<usize>();
                used <= room
            });
            // One key goes alone, however long the rest of the address is.
            let (chunk, after) = rest.split_at(fits.count().max(1));
            chunks.push((query.about(property, chunk), chunk.to_vec()));
            rest = after;
        }
        Ok(chunks)
    }

    /// Rows with one of these keys, which `key_of` reads from a row, asked for in parts. A system that ignores the condition
    /// gives the same rows for every part; only those of the part count.
    pub(super) async fn rows_about<T: DeserializeOwned>(
        &self,
        query: &Query,
        property: &'static str,
        key_of: fn(&T) -> Option<&str>,
        keys: BTreeSet<String>,
        limit: usize,
    ) -> Result<Rows<T>, PortError> {
        let keys: Vec<[String; 1]> = keys.into_iter().map(|key| [key]).collect();
        let chunks = self.in_chunks(query, property, &keys)?;
        let reads = chunks.into_iter().map(|(query, keys)| async move {
            let mut found = self.rows::<T>(&query, limit).await?.unless_led_on()?;
            let is_asked = |key: &str| keys.iter().flatten().any(|asked| is_same_key(asked, key));
            found.rows.retain(|row| key_of(row).is_some_and(is_asked));
            Ok::<_, PortError>(found)
        });
        let parts: Vec<Rows<T>> = futures_util::stream::iter(reads)
            .buffered(READS_AT_ONCE)
            .try_collect()
            .await?;
        let mut all = Rows::none();
        for part in parts {
            all.rows.extend(part.rows);
            all.is_truncated |= part.is_truncated;
            all.server_time = part.server_time.or(all.server_time);
        }
        all.is_truncated |= all.rows.len() > limit;
        all.rows.truncate(limit);
        Ok(all)
    }
}
