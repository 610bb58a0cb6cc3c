//! Where the API is, so that nothing, least of all the token, goes anywhere else.

use super::PublishError;
use crate::model::quoted;

/// The API's address: everything is asked below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    scheme: &'static str,
    /// Host and port; the port is left out where it is the scheme's own.
    host: String,
    /// Without a slash at its end; empty for the top.
    path: String,
}

impl Address {
    /// Reads `https://HOST[:PORT][/PATH]`. Plain `http` is taken too: whoever can set the
    /// environment of the job has the token anyway.
    pub(super) fn parse(text: &str) -> Result<Self, PublishError> {
        let parts = split(text).filter(|(.., path)| !path.contains(['?', '#']));
        let (scheme, host, path) = parts.ok_or_else(|| {
            PublishError::Setup(format!(
                "GITHUB_API_URL is {}, which is no address of an API\n  help: such an address is https://api.github.com, or https://HOST/api/v3",
                quoted(text)
            ))
        })?;
        Ok(Self { scheme, host, path: path.trim_end_matches('/').to_owned() })
    }

    /// The whole address of a path that begins with a slash.
    pub(super) fn of(&self, path: &str) -> String {
        format!("{}://{}{}{path}", self.scheme, self.host, self.path)
    }

    /// The path of a link that the API gave, below this address; `None` where it leads elsewhere.
    pub(super) fn path_of(&self, link: &str) -> Option<String> {
        let (scheme, host, path) = split(link)?;
        let below = path.strip_prefix(&self.path).filter(|below| below.starts_with('/'));
        below.filter(|_| scheme == self.scheme && host == self.host).map(str::to_owned)
    }
}

/// Scheme, host and the rest of an address.
fn split(text: &str) -> Option<(&'static str, String, &str)> {
    let (scheme, rest, port) = match text.split_once("://")? {
        ("https", rest) => ("https", rest, ":443"),
        ("http", rest) => ("http", rest, ":80"),
        _ => return None,
    };
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = host.strip_suffix(port).unwrap_or(host).to_ascii_lowercase();
    let of_host = |c: char| c.is_ascii_alphanumeric() || "-.:[]_".contains(c);
    let sound = !host.is_empty() && host.chars().all(of_host);
    (sound && path.bytes().all(|byte| byte.is_ascii_graphic())).then_some((scheme, host, path))
}

/// The address behind `rel="next"` in a `Link` header (RFC 8288).
pub(super) fn next_link(header: &str) -> Option<&str> {
    header.split(',').find_map(|link| {
        let (address, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let next = |one: &str| matches!(one.trim(), "rel=\"next\"" | "rel=next");
        parameters.split(';').any(next).then_some(address)
    })
}

#[cfg(test)]
mod tests {
    use super::{Address, next_link};

    #[test]
    fn only_links_below_the_address_are_followed() {
        let api = Address::parse("https://API.example.com:443/api/v3/").unwrap();
        assert_eq!(api.of("/user"), "https://api.example.com/api/v3/user");
        let path = |link| api.path_of(link);
        assert_eq!(path("https://api.example.com/api/v3/x?page=2").as_deref(), Some("/x?page=2"));
        for foreign in [
            "http://api.example.com/api/v3/x",
            "https://api.example.com:8443/api/v3/x",
            "https://api.example.com.evil.org/api/v3/x",
            "https://api.example.com@evil.org/api/v3/x",
            "https://evil.org/api/v3/x",
            "https://api.example.com/api/v30/x",
            "//evil.org/api/v3/x",
            "/api/v3/x",
            "https://api.example.com\\evil.org/api/v3/x",
        ] {
            assert_eq!(path(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in [
            "",
            "api.github.com",
            "ftp://a",
            "https://",
            "https://a b",
            "https://a/?x",
            "https://u:p@a",
        ] {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(
            Address::parse("http://127.0.0.1:8080").unwrap().of("/a"),
            "http://127.0.0.1:8080/a"
        );
    }

    #[test]
    fn the_next_page_is_found_among_other_links() {
        let header = r#"<https://a/b?page=1>; rel="prev", <https://a/b?page=3>; rel="next""#;
        assert_eq!(next_link(header), Some("https://a/b?page=3"));
        assert_eq!(next_link(r#"<https://a/b?page=1>; rel="first""#), None);
    }
}
