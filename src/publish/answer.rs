//! What the API answers, and what is said of it.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::PublishError;
use super::retry::Again;
use crate::model::{clipped, printable};

/// Characters shown of what the API says, at most.
const MAX_WORDS: usize = 500;

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
    pub(super) again: Again,
    pub(super) next: Option<String>,
}

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
    Patch,
}

impl Method {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
        }
    }
}

/// An answer, or why there is none.
pub(super) fn judge(
    method: Method,
    path: &str,
    answer: Result<Answer, String>,
) -> Result<Answer, PublishError> {
    let request = request(method, path);
    let answer = match answer {
        Ok(answer) => answer,
        Err(message) => {
            let message = clipped(&message, MAX_WORDS);
            return Err(PublishError::Unreachable { request, message });
        }
    };
    let Answer { status, ref body, .. } = answer;
    let message = words(body);
    match status {
        200..=299 => Ok(answer),
        _ if matches!(answer.again, Again::Limited(_)) => {
            Err(PublishError::RateLimited { request, message })
        }
        404 if method == Method::Get => Err(PublishError::NotFound { request }),
        401 | 403 | 404 => Err(PublishError::NotAllowed { request, status, message }),
        _ => Err(PublishError::Refused { request, status, message }),
    }
}

/// What the API says of an error: its message, and what it finds wrong in the request.
fn words(body: &str) -> String {
    let Ok(error) = serde_json::from_str::<Value>(body) else {
        return clipped(body.trim(), MAX_WORDS);
    };
    let message = error.get("message").and_then(Value::as_str).unwrap_or("it gives no reason");
    let more = error.get("errors").filter(|errors| !errors.is_null());
    let more = more.map(|errors| format!(" {errors}")).unwrap_or_default();
    clipped(&format!("{message}{more}"), MAX_WORDS)
}

fn request(method: Method, path: &str) -> String {
    format!("{} {}", method.name(), printable(path))
}

pub(super) fn unreadable(method: Method, path: &str, message: &str) -> PublishError {
    PublishError::Unreadable {
        request: request(method, path),
        message: clipped(message, MAX_WORDS),
    }
}

/// An answer without a body is null.
pub(super) fn parse<T: DeserializeOwned>(body: &str) -> Result<T, String> {
    let body = if body.trim().is_empty() { "null" } else { body };
    serde_json::from_str(body).map_err(|error| error.to_string())
}
