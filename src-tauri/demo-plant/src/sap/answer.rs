//! What SAP Gateway's answers look like: error bodies with inner errors, JSON with its version header,
//! the logon page. The codes are those that clients tell cases apart by.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};

/// A refusal in SAP's shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SapError {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    pub(crate) text: String,
    pub(crate) details: Vec<Message>,
}

/// One business message of an error or a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) code: String,
    pub(crate) text: String,
    pub(crate) property: String,
    pub(crate) severity: &'static str,
}

impl Message {
    pub(crate) fn error(code: &str, property: &str, text: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            text: text.into(),
            property: property.to_owned(),
            severity: "error",
        }
    }

    pub(crate) fn warning(code: &str, property: &str, text: impl Into<String>) -> Self {
        Self {
            severity: "warning",
            ..Self::error(code, property, text)
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "code": self.code, "message": self.text, "propertyref": self.property,
            "severity": self.severity, "target": self.property,
        })
    }
}

impl SapError {
    pub(crate) fn new(status: StatusCode, code: &str, text: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            text: text.into(),
            details: Vec::new(),
        }
    }

    pub(crate) fn bad_request(code: &str, text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, text)
    }

    /// A key that no record has.
    pub(crate) fn not_found(type_name: &str, key: &str) -> Self {
        let text = format!("Resource not found for key '{key}' of entity type '{type_name}'.");
        Self::new(StatusCode::NOT_FOUND, "/IWBEP/CM_MGW_RT/020", text)
    }

    /// A path segment that names nothing in the service.
    pub(crate) fn unknown_segment(segment: &str) -> Self {
        let text = format!("Resource not found for the segment '{segment}'.");
        Self::new(StatusCode::NOT_FOUND, "005056A509B11EE1B9A8FEC11C21578E", text)
    }

    pub(crate) fn unknown_service(service: &str) -> Self {
        let text = format!("No service found for namespace '', name '{service}', version '0001'");
        Self::new(StatusCode::NOT_FOUND, "/IWFND/MED/170", text)
    }

    /// The user lacks the authorization for a service.
    pub(crate) fn no_permission(service: &str) -> Self {
        let text = format!("No authorization to access service '{service}'");
        Self::new(StatusCode::FORBIDDEN, "/IWFND/CM_BEC/026", text)
    }

    /// The backend gave up, as after a short dump.
    pub(crate) fn backend() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "SY/530",
            "An exception was raised in the backend",
        )
    }

    pub(crate) fn not_allowed(method: &str) -> Self {
        let text = format!("Method '{method}' not allowed for this resource");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "/IWFND/CM_BEC/005", text)
    }

    /// Several business messages; the first one is the headline.
    pub(crate) fn business(messages: Vec<Message>) -> Self {
        let (code, text) = messages.first().map_or_else(
            || {
                (
                    "/IWBEP/CM_MGW_RT/022".to_owned(),
                    "An exception was raised".to_owned(),
                )
            },
            |first| (first.code.clone(), first.text.clone()),
        );
        Self {
            status: StatusCode::BAD_REQUEST,
            code,
            text,
            details: messages,
        }
    }
}

impl IntoResponse for SapError {
    fn into_response(self) -> Response {
        let transaction = uuid::Uuid::new_v4().simple().to_string().to_uppercase();
        let details: Vec<Value> = self.details.iter().map(Message::to_json).collect();
        let body = json!({"error": {
            "code": self.code,
            "message": {"lang": "en", "value": self.text},
            "innererror": {
                "application": {"component_id": "MM-PUR", "service_namespace": "/SAP/", "service_version": "0001"},
                "transactionid": transaction,
                "timestamp": jiff::Timestamp::now().strftime("%Y%m%d%H%M%S.%6f0").to_string(),
                "Error_Resolution": {
                    "SAP_Transaction": "For backend administrators: use ADT feed reader \"SAP Gateway Error Log\"",
                },
                "errordetails": details,
            },
        }});
        let mut response = json_response(self.status, &body);
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            response
                .headers_mut()
                .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        response
    }
}

/// The envelope of every JSON answer.
#[derive(Serialize)]
pub(crate) struct Enveloped<T> {
    pub(crate) d: T,
}

/// A page of a collection.
#[derive(Serialize)]
pub(crate) struct Collection<T> {
    pub(crate) results: Vec<T>,
    #[serde(rename = "__count", skip_serializing_if = "Option::is_none")]
    pub(crate) count: Option<String>,
    #[serde(rename = "__next", skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// JSON as the gateway sends it.
pub(crate) fn json_response(status: StatusCode, body: &impl Serialize) -> Response {
    let body = match serde_json::to_vec(body) {
        Ok(body) => body,
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json;charset=utf-8"),
    );
    headers.insert("dataserviceversion", HeaderValue::from_static("2.0"));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-store, no-cache"),
    );
    response
}

fn page(status: StatusCode, content_type: &'static str, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
}

/// An XML document such as `$metadata`.
pub(crate) fn xml(body: String) -> Response {
    let mut response = page(StatusCode::OK, "application/xml;charset=utf-8", body);
    response
        .headers_mut()
        .insert("dataserviceversion", HeaderValue::from_static("2.0"));
    response
}

/// Plain text, the form of `$count`.
pub(crate) fn text(body: String) -> Response {
    page(StatusCode::OK, "text/plain;charset=utf-8", body)
}

/// The logon failure: an HTML page, whatever was asked for, as the web dispatcher answers.
pub(crate) fn logon_failed() -> Response {
    let body = "<html><head><title>Logon Error Message</title></head><body><h1>Logon failed</h1>\
                <p>Anmeldung fehlgeschlagen. Client, name or password is not correct.</p></body></html>";
    let mut response = page(
        StatusCode::UNAUTHORIZED,
        "text/html;charset=utf-8",
        body.to_owned(),
    );
    response.headers_mut().insert(
        header::WWW_AUTHENTICATE,
        HeaderValue::from_static("Basic realm=\"SAP NetWeaver Application Server [DMO/100]\""),
    );
    response
}

/// A login form with status 200: what a misrouted single sign-on sends.
pub(crate) fn login_form() -> Response {
    let body = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>\
                <form action=\"/saml2/login\" method=\"post\"></form></body></html>";
    page(StatusCode::OK, "text/html;charset=utf-8", body.to_owned())
}

/// The system has no free work process.
pub(crate) fn busy() -> Response {
    let body =
        "<html><head><title>Service Unavailable</title></head><body>503 Service Unavailable</body></html>";
    let mut response = page(StatusCode::SERVICE_UNAVAILABLE, "text/html", body.to_owned());
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    response
}

/// The CSRF refusal, with the header that asks for a new token.
pub(crate) fn csrf_required() -> Response {
    let mut response = page(
        StatusCode::FORBIDDEN,
        "text/plain",
        "CSRF token validation failed".to_owned(),
    );
    response
        .headers_mut()
        .insert("x-csrf-token", HeaderValue::from_static("Required"));
    response
}

/// The `sap-message` header of a success with warnings; `None` when it cannot be a header value.
pub(crate) fn sap_message(warnings: &[Message]) -> Option<HeaderValue> {
    let (first, rest) = warnings.split_first()?;
    let mut body = first.to_json();
    body["details"] = rest.iter().map(Message::to_json).collect();
    HeaderValue::from_str(&body.to_string()).ok()
}
