//! What the stand-in says: JSON, pages of it, and errors.

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub(super) enum Body {
    Json(Value),
    Nothing,
}

/// An answer on its way out.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Body,
    pub(super) headers: Vec<(&'static str, String)>,
    /// Where the items to be paged stand: the body itself or a member of it.
    paged: Option<Option<&'static str>>,
}

impl Answer {
    fn new(status: u16, body: Body) -> Self {
        Self { status, body, headers: Vec::new(), paged: None }
    }

    pub(super) fn json(status: u16, value: Value) -> Self {
        let headers = vec![("content-type", "application/json; charset=utf-8".to_owned())];
        Self { headers, ..Self::new(status, Body::Json(value)) }
    }

    pub(super) fn nothing() -> Self {
        Self::new(204, Body::Nothing)
    }

    pub(super) fn error(status: u16, message: &str) -> Self {
        let help = "https://docs.github.com/rest";
        let status_text = status.to_string();
        Self::json(
            status,
            json!({ "message": message, "documentation_url": help, "status": status_text }),
        )
    }

    pub(super) fn missing() -> Self {
        Self::error(404, "Not Found")
    }

    /// All items; the request says which page of them.
    pub(super) fn list(items: impl IntoIterator<Item = Value>) -> Self {
        let items = items.into_iter().collect();
        Self { paged: Some(None), ..Self::json(200, Value::Array(items)) }
    }

    /// The same below a name, with their count.
    pub(super) fn counted(name: &'static str, items: impl IntoIterator<Item = Value>) -> Self {
        let items: Vec<Value> = items.into_iter().collect();
        let body = json!({ "total_count": items.len(), name: items });
        Self { paged: Some(Some(name)), ..Self::json(200, body) }
    }

    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// The page asked for, with links to the others.
    pub(super) fn page(mut self, url: &str, query: &BTreeMap<String, String>) -> Self {
        let (Some(place), Body::Json(body)) = (self.paged, &mut self.body) else { return self };
        let items = match place {
            None => Some(body),
            Some(name) => body.get_mut(name),
        };
        let Some(Value::Array(items)) = items else { return self };
        let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
        let (size, page) = (number("per_page").unwrap_or(30), number("page").unwrap_or(1).max(1));
        let last = items.len().div_ceil(size).max(1);
        *items = items.iter().skip((page - 1) * size).take(size).cloned().collect();
        let link = |page: usize, name: &str| {
            let kept = query.iter().filter(|(name, _)| *name != "page");
            let kept: String = kept.map(|(name, value)| format!("{name}={value}&")).collect();
            format!("<{url}?{kept}page={page}>; rel=\"{name}\"")
        };
        let mut links = Vec::new();
        if page > 1 {
            links.push(link(page - 1, "prev"));
        }
        if page < last {
            links.push(link(page + 1, "next"));
            links.push(link(last, "last"));
        }
        if links.is_empty() { self } else { self.with("link", &links.join(", ")) }
    }
}
