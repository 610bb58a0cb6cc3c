//! Which of GitHub's operations the stand-in serves, and what each does.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::answers::Answer;
use super::state::{LARGEST_CONTENT, LONGEST_COMMENT, MOST_ANNOTATIONS, State, Token};

/// What a request says.
pub(super) struct Call<'a> {
    pub(super) path: BTreeMap<String, String>,
    pub(super) query: &'a BTreeMap<String, String>,
    pub(super) body: Option<&'a Value>,
    pub(super) token: Token,
}

impl Call<'_> {
    fn text(&self, name: &str) -> &str {
        &self.path[name]
    }

    fn number(&self, name: &str) -> u64 {
        self.path[name].parse().unwrap_or_default()
    }

    fn body(&self) -> Value {
        self.body.cloned().unwrap_or_default()
    }
}

/// An operation that the stand-in serves.
pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) handler: fn(&mut State, &Call<'_>) -> Answer,
}

const fn route(
    method: &'static str,
    path: &'static str,
    handler: fn(&mut State, &Call<'_>) -> Answer,
) -> Route {
    Route { method, path, handler }
}

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/repos/{owner}/{repo}/pulls", pulls),
    route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}", pull),
    route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/files", files),
    route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews", reviews),
    route("GET", "/repos/{owner}/{repo}/issues/{issue_number}/labels", labels),
    route("GET", "/repos/{owner}/{repo}/issues/{issue_number}/comments", comments),
    route("POST", "/repos/{owner}/{repo}/issues/{issue_number}/comments", post_comment),
    route("GET", "/repos/{owner}/{repo}/issues/comments/{comment_id}", comment),
    route("PATCH", "/repos/{owner}/{repo}/issues/comments/{comment_id}", edit_comment),
    route("DELETE", "/repos/{owner}/{repo}/issues/comments/{comment_id}", delete_comment),
    route("POST", "/repos/{owner}/{repo}/check-runs", post_check_run),
    route("GET", "/repos/{owner}/{repo}/check-runs/{check_run_id}", check_run),
    route("PATCH", "/repos/{owner}/{repo}/check-runs/{check_run_id}", edit_check_run),
    route("GET", "/repos/{owner}/{repo}/commits/{ref}/check-runs", check_runs),
    route("GET", "/repos/{owner}/{repo}/commits/{ref}/statuses", statuses),
    route("GET", "/repos/{owner}/{repo}/commits/{ref}/status", combined_status),
    route("POST", "/repos/{owner}/{repo}/statuses/{sha}", post_status),
    route("GET", "/repos/{owner}/{repo}/commits/{ref}", commit),
    route("GET", "/repos/{owner}/{repo}/commits/{commit_sha}/pulls", pulls_of_commit),
    route("GET", "/repos/{owner}/{repo}/contents/{path}", contents),
    route("GET", "/user", user),
    route("GET", "/orgs/{org}/teams/{team_slug}/memberships/{username}", membership),
];

/// The route of a request, with what its path says.
pub(super) fn find(method: &str, path: &str) -> Option<(&'static Route, BTreeMap<String, String>)> {
    let fits = ROUTES.iter().filter(|route| route.method == method);
    fits.filter_map(|route| Some((route, parts(route.path, path)?))).next()
}

pub(super) fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn parts(template: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let (wanted, mut given) = (template.split('/'), path.split('/'));
    let mut found = BTreeMap::new();
    for part in wanted {
        let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        let next = given.next()?;
        match name {
            // The only one that goes over several folders, and the last.
            Some("path") => {
                let rest: Vec<&str> = std::iter::once(next).chain(given.by_ref()).collect();
                found.insert("path".to_owned(), decoded(&rest.join("/")));
            }
            Some(name) => drop(found.insert(name.to_owned(), decoded(next))),
            None if part == next => {}
            None => return None,
        }
    }
    given.next().is_none().then_some(found)
}

/// What a token without the right to do something is told.
fn forbidden() -> Answer {
    Answer::error(403, "Resource not accessible by integration")
}

fn pulls(state: &mut State, call: &Call<'_>) -> Answer {
    let wanted = call.query.get("state").map_or("open", String::as_str);
    let by_base = |pull: &&Value| {
        call.query.get("base").is_none_or(|base| pull["base"]["ref"] == base.as_str())
    };
    let by_state = |pull: &&Value| wanted == "all" || pull["state"] == wanted;
    // The newest first, as GitHub sorts them.
    let found = state.pulls.values().rev().filter(by_state).filter(by_base);
    Answer::list(found.cloned().collect::<Vec<_>>())
}

fn pull(state: &mut State, call: &Call<'_>) -> Answer {
    let found = state.pulls.get(&call.number("pull_number"));
    found.map_or_else(Answer::missing, |pull| Answer::json(200, pull.clone()))
}

fn files(state: &mut State, call: &Call<'_>) -> Answer {
    Answer::list(state.files.get(&call.number("pull_number")).cloned().unwrap_or_default())
}

fn reviews(state: &mut State, call: &Call<'_>) -> Answer {
    Answer::list(state.reviews.get(&call.number("pull_number")).cloned().unwrap_or_default())
}

fn labels(state: &mut State, call: &Call<'_>) -> Answer {
    let pull = state.pulls.get(&call.number("issue_number"));
    let labels = pull.and_then(|pull| pull["labels"].as_array().cloned());
    labels.map_or_else(Answer::missing, Answer::list)
}

fn comments(state: &mut State, call: &Call<'_>) -> Answer {
    let number = call.number("issue_number");
    let own = state.comments.iter().filter(|(issue, _)| *issue == number);
    Answer::list(own.map(|(_, comment)| comment.clone()).collect::<Vec<_>>())
}

fn post_comment(state: &mut State, call: &Call<'_>) -> Answer {
    let number = call.number("issue_number");
    if call.token == Token::ReadOnly {
        return forbidden();
    }
    if !state.pulls.contains_key(&number) {
        return Answer::missing();
    }
    let body = call.body();
    let text = body["body"].as_str().unwrap_or_default();
    if text.chars().count() > LONGEST_COMMENT {
        return Answer::error(422, "Body is too long (maximum is 65536 characters)");
    }
    let author = if call.token == Token::NoChecks { State::PERSON } else { State::BOT };
    let id = state.comment(number, author, text);
    Answer::json(201, state.comments.iter().find(|(_, c)| c["id"] == id).unwrap().1.clone())
}

fn known_comment<'a>(state: &'a mut State, call: &Call<'_>) -> Option<&'a mut Value> {
    let id = call.number("comment_id");
    state.comments.iter_mut().map(|(_, comment)| comment).find(|comment| comment["id"] == id)
}

fn comment(state: &mut State, call: &Call<'_>) -> Answer {
    let found = known_comment(state, call);
    found.map_or_else(Answer::missing, |comment| Answer::json(200, comment.clone()))
}

fn edit_comment(state: &mut State, call: &Call<'_>) -> Answer {
    if call.token == Token::ReadOnly {
        return forbidden();
    }
    let body = call.body();
    if body["body"].as_str().is_some_and(|text| text.chars().count() > LONGEST_COMMENT) {
        return Answer::error(422, "Body is too long (maximum is 65536 characters)");
    }
    let Some(comment) = known_comment(state, call) else { return Answer::missing() };
    comment["body"] = body["body"].clone();
    Answer::json(200, comment.clone())
}

fn delete_comment(state: &mut State, call: &Call<'_>) -> Answer {
    if call.token == Token::ReadOnly {
        return forbidden();
    }
    let id = call.number("comment_id");
    state.comments.retain(|(_, comment)| comment["id"] != id);
    Answer::nothing()
}

/// Why a check run's body is refused.
fn refused_check_run(body: &Value) -> Option<Answer> {
    let annotations = body["output"]["annotations"].as_array().map_or(0, Vec::len);
    if annotations > MOST_ANNOTATIONS {
        return Some(Answer::error(422, "No more than 50 items are allowed."));
    }
    let concludes = body["status"] != "completed" || body["conclusion"].is_string();
    (!concludes).then(|| Answer::error(422, "conclusion is required for a completed check run"))
}

fn post_check_run(state: &mut State, call: &Call<'_>) -> Answer {
    let body = call.body();
    if matches!(call.token, Token::ReadOnly | Token::NoChecks) {
        return forbidden();
    }
    if let Some(refused) = refused_check_run(&body) {
        return refused;
    }
    let sha = body["head_sha"].as_str().unwrap_or_default().to_owned();
    if !state.commits.contains_key(&sha) {
        return Answer::error(422, &format!("No commit found for SHA: {sha}"));
    }
    let id = state.next_id();
    let app = json!({ "id": State::APP, "slug": "github-actions" });
    state.check_runs.push(json!({
        "id": id, "name": body["name"], "head_sha": sha, "status": "queued", "conclusion": null,
        "app": app, "output": { "title": null, "summary": null, "text": null },
    }));
    state.write_check_run(id, &body);
    Answer::json(201, state.known_check_run(id).unwrap().clone())
}

fn check_run(state: &mut State, call: &Call<'_>) -> Answer {
    let found = state.known_check_run(call.number("check_run_id"));
    found.map_or_else(Answer::missing, |run| Answer::json(200, run.clone()))
}

fn edit_check_run(state: &mut State, call: &Call<'_>) -> Answer {
    let (id, body) = (call.number("check_run_id"), call.body());
    if matches!(call.token, Token::ReadOnly | Token::NoChecks) {
        return forbidden();
    }
    if let Some(refused) = refused_check_run(&body) {
        return refused;
    }
    state.write_check_run(id, &body);
    check_run(state, call)
}

fn check_runs(state: &mut State, call: &Call<'_>) -> Answer {
    let (sha, name) = (call.text("ref"), call.query.get("check_name"));
    let is_asked = |run: &&Value| {
        run["head_sha"] == sha && name.is_none_or(|name| run["name"] == name.as_str())
    };
    let app = call.query.get("app_id").and_then(|id| id.parse::<u64>().ok());
    let is_of_app = |run: &&Value| app.is_none_or(|app| run["app"]["id"] == app);
    // The newest first, as GitHub sorts them.
    let found = state.check_runs.iter().rev().filter(is_asked).filter(is_of_app);
    Answer::counted("check_runs", found.cloned())
}

fn statuses(state: &mut State, call: &Call<'_>) -> Answer {
    let sha = call.text("ref");
    let found = state.statuses.iter().rev().filter(|(of, _)| of == sha);
    Answer::list(found.map(|(_, status)| status.clone()).collect::<Vec<_>>())
}

fn combined_status(state: &mut State, call: &Call<'_>) -> Answer {
    let sha = call.text("ref");
    let mut latest: BTreeMap<String, Value> = BTreeMap::new();
    for (_, status) in state.statuses.iter().filter(|(of, _)| of == sha) {
        latest.insert(status["context"].to_string(), status.clone());
    }
    Answer::counted("statuses", latest.into_values())
}

fn post_status(state: &mut State, call: &Call<'_>) -> Answer {
    let (sha, mut status) = (call.text("sha").to_owned(), call.body());
    if call.token == Token::ReadOnly {
        return forbidden();
    }
    if !state.commits.contains_key(&sha) {
        return Answer::error(422, &format!("No commit found for SHA: {sha}"));
    }
    if status["description"].as_str().is_some_and(|text| text.chars().count() > 140) {
        return Answer::error(422, "description is too long (maximum is 140 characters)");
    }
    status["id"] = json!(state.next_id());
    status["creator"] = json!({ "login": State::BOT, "type": "Bot" });
    state.statuses.push((sha, status.clone()));
    Answer::json(201, status)
}

fn commit(state: &mut State, call: &Call<'_>) -> Answer {
    let sha = call.text("ref");
    let Some(parents) = state.commits.get(sha) else {
        return Answer::error(422, &format!("No commit found for SHA: {sha}"));
    };
    let parents: Vec<Value> = parents.iter().map(|sha| json!({ "sha": sha })).collect();
    Answer::json(200, json!({ "sha": sha, "parents": parents }))
}

fn pulls_of_commit(state: &mut State, call: &Call<'_>) -> Answer {
    let sha = call.text("commit_sha");
    let found = state.pulls.values().filter(|pull| pull["head"]["sha"] == sha);
    Answer::list(found.cloned().collect::<Vec<_>>())
}

fn contents(state: &mut State, call: &Call<'_>) -> Answer {
    let at = call.query.get("ref").cloned().unwrap_or_default();
    let path = call.text("path").to_owned();
    if state.folders.contains(&path) {
        return Answer::json(200, json!([]));
    }
    let Some(bytes) = state.contents.get(&(at, path.clone())) else { return Answer::missing() };
    let small = bytes.len() <= LARGEST_CONTENT;
    let (encoding, content) = match small {
        true => ("base64", STANDARD.encode(bytes)),
        false => ("none", String::new()),
    };
    let size = bytes.len();
    Answer::json(
        200,
        json!({
            "type": "file", "path": path, "size": size, "encoding": encoding, "content": content,
        }),
    )
}

fn user(_: &mut State, call: &Call<'_>) -> Answer {
    match call.token {
        Token::NoChecks => Answer::json(200, json!({ "login": State::PERSON, "type": "User" })),
        _ => forbidden(),
    }
}

fn membership(state: &mut State, call: &Call<'_>) -> Answer {
    // The token of a workflow never may.
    if call.token != Token::Organisation {
        return forbidden();
    }
    let member = (call.text("team_slug").to_owned(), call.text("username").to_owned());
    match state.members.get(&member) {
        Some(known) => Answer::json(200, json!({ "state": known, "role": "member" })),
        None => Answer::missing(),
    }
}
