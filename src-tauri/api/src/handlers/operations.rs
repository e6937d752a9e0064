//! The table of operations, running one, and looking at the records of a read.

use andon_domain::operations::{self, Effect, Operation};
use andon_engine::approve::{self, Asked};
use andon_engine::dispatch::{self, About, Browsed, Exported, Look, Page, ReadResult};

use super::{Context, approvals};
use crate::error::ApiError;
use crate::wire::{
    BrowseAnswer, Empty, FieldClassView, OperationAnswer, OperationBrowseRequest, OperationList,
    OperationRunRequest, OperationView, QueryExport, ReadAnswer,
};

type Answer<T> = Result<T, ApiError>;

pub(crate) async fn list(_: &Context<'_>, _: Empty) -> Answer<OperationList> {
    Ok(OperationList {
        operations: operations::table().iter().map(view).collect(),
    })
}

fn view(operation: &Operation) -> OperationView {
    let fields = operation.fields.iter();
    OperationView {
        name: operation.name.to_owned(),
        tool: operation.tool_name(),
        effect: operation.effect,
        system: operation.system,
        risk: operation.risk,
        class: operation.class,
        fields: fields
            .map(|field| FieldClassView {
                field: field.path.to_owned(),
                class: field.class,
            })
            .collect(),
        sentence: operation.sentence.to_owned(),
        schema: (operation.schema)(),
    }
}

pub(crate) async fn run(context: &Context<'_>, request: OperationRunRequest) -> Answer<OperationAnswer> {
    let (engine, caller) = (context.engine(), &context.caller);
    let is_write = operations::find(&request.name).is_some_and(|operation| operation.effect == Effect::Write);
    if is_write {
        let asked = Asked {
            rationale: request.rationale,
            on_behalf_of: None,
            idempotency_key: request.idempotency_key,
        };
        let taken = approve::request(engine, caller, &request.name, &request.parameters, asked).await;
        let taken = taken.map_err(|e| context.fail(e))?;
        let item = Box::new(approvals::item(context, &taken.row));
        return Ok(OperationAnswer::Requested {
            item,
            is_joined: taken.is_joined,
        });
    }
    let page = Page {
        limit: request.limit,
        cursor: request.cursor,
    };
    let read = dispatch::read(engine, caller, &request.name, &request.parameters, &page).await;
    Ok(OperationAnswer::Read(read.map_err(|e| context.fail(e))?.into()))
}

pub(crate) async fn browse(context: &Context<'_>, request: OperationBrowseRequest) -> Answer<BrowseAnswer> {
    let (name, parameters, look) = look(request);
    let browsed = dispatch::browse(context.engine(), &context.caller, &name, &parameters, &look).await;
    Ok(browsed.map_err(|e| context.fail(e))?.into())
}

pub(crate) async fn export(context: &Context<'_>, request: OperationBrowseRequest) -> Answer<QueryExport> {
    let (name, parameters, look) = look(request);
    let exported = dispatch::export(context.engine(), &context.caller, &name, &parameters, &look).await;
    let Exported {
        text,
        class,
        records: _,
    } = exported.map_err(|e| context.fail(e))?;
    let at: String = context.engine().clock().now().to_string();
    let at: String = at.chars().filter(char::is_ascii_alphanumeric).take(15).collect();
    // The operation was found, so its name is one of the table and fit for a file.
    let what = name.replace(['.', '_'], "-");
    Ok(QueryExport {
        file_name: format!("andon-{what}-{at}-{}.csv", class.as_str()),
        text,
    })
}

/// Parameters left out are none.
fn look(request: OperationBrowseRequest) -> (String, serde_json::Value, Look) {
    let OperationBrowseRequest {
        name,
        parameters,
        sort,
        search,
        offset,
        limit,
        is_anew,
    } = request;
    let parameters = if parameters.is_null() {
        serde_json::json!({})
    } else {
        parameters
    };
    let look = Look {
        is_descending: sort.as_ref().and_then(|sort| sort.is_descending).unwrap_or(false),
        sort: sort.map(|sort| sort.field),
        search,
        offset: offset.unwrap_or(0),
        limit,
        is_anew: is_anew.unwrap_or(false),
    };
    (name, parameters, look)
}

impl From<ReadResult> for ReadAnswer {
    fn from(read: ReadResult) -> Self {
        let ReadResult {
            records,
            next_cursor,
            total,
            about,
        } = read;
        let About {
            operation: _,
            is_truncated,
            source_total: _,
            class,
            source,
            fetched_at,
            observed_at,
            age_ms,
            from_cache,
            is_stale,
            warnings,
            hidden,
        } = about;
        Self {
            records,
            next_cursor,
            total,
            is_truncated,
            class,
            source,
            fetched_at,
            observed_at,
            age_ms,
            from_cache,
            is_stale,
            warnings,
            hidden_fields: u32::try_from(hidden.len()).unwrap_or(u32::MAX),
            hidden,
        }
    }
}

impl From<Browsed> for BrowseAnswer {
    fn from(browsed: Browsed) -> Self {
        let Browsed {
            records,
            total,
            fetched,
            offset,
            about,
        } = browsed;
        let About {
            operation: _,
            is_truncated,
            source_total,
            class,
            source,
            fetched_at,
            observed_at,
            age_ms,
            from_cache,
            is_stale,
            warnings,
            hidden,
        } = about;
        Self {
            records,
            total,
            fetched,
            source_total,
            offset,
            is_truncated,
            class,
            source,
            fetched_at,
            observed_at,
            age_ms,
            from_cache,
            is_stale,
            warnings,
            hidden_fields: u32::try_from(hidden.len()).unwrap_or(u32::MAX),
            hidden,
        }
    }
}
