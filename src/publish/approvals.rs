//! Who agreed to a pull request: its reviews, the teams of the reviewers, and its labels.

use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::{Client, PublishError, PullRequest, Target, User, identity};
use crate::model::{Approval, printable};

/// What was found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreed {
    /// The teams that agreed.
    pub teams: Vec<String>,
    /// What could not be read, in words.
    pub unread: Vec<String>,
}

impl Agreed {
    /// Nothing could be read.
    fn unread(why: &str) -> Self {
        Self { teams: Vec::new(), unread: vec![format!("approvals cannot be read: {why}")] }
    }
}

#[derive(Deserialize)]
struct Pull {
    head: Head,
    user: Option<User>,
    #[serde(default)]
    labels: Vec<Label>,
}

#[derive(Deserialize)]
struct Head {
    sha: String,
}

#[derive(Deserialize)]
struct Label {
    name: String,
}

#[derive(Deserialize)]
struct Review {
    user: Option<User>,
    state: String,
    commit_id: Option<String>,
}

#[derive(Deserialize)]
struct Membership {
    state: String,
}

/// Which of the teams agreed to the target's pull request: an active member approved its head, or
/// the label that stands for the team is set. In a merge queue that is the pull request whose head
/// the queue's commit merges, where it is known to merge nothing else.
///
/// # Errors
/// Where the pull request or its reviews cannot be read. That a team's members cannot be is told
/// in [`Agreed::unread`].
pub fn agreed(
    client: &Client,
    target: &Target,
    asked: &[&Approval],
) -> Result<Agreed, PublishError> {
    let number = match (&target.pull_request, &target.queued) {
        (PullRequest::Number(number), _) => *number,
        (_, Some(queued)) => queued.number,
        _ => return Ok(Agreed::unread("the event is about no pull request")),
    };
    let path = target.repository.path(format_args!("pulls/{number}"));
    let pull: Pull = client.get(&path)?;
    let head = match &target.queued {
        None => target.head.as_str(),
        Some(queued) if identity::merges(client, target, &queued.base, &pull.head.sha)? => {
            &pull.head.sha
        }
        Some(_) => {
            return Ok(Agreed::unread(
                "the merge queue's commit is not known to be the merge of one pull request's head, so nobody is known to have approved of it",
            ));
        }
    };
    let reviews: Vec<Review> = client.pages(&format!("{path}/reviews"))?;
    let approvers = approvers(&reviews, head, pull.user.as_ref());
    let mut agreed = Agreed::default();
    for approval in asked {
        let team = &approval.team.value;
        let is_set = |label: &str| pull.labels.iter().any(|set| set.name == label);
        if approval.label.as_ref().is_some_and(|label| is_set(&label.value)) {
            agreed.teams.push(team.clone());
            continue;
        }
        match has_member(client, target, team, &approvers) {
            Ok(true) => agreed.teams.push(team.clone()),
            Ok(false) => {}
            Err(error) if error.is_not_allowed() => agreed.unread.push(format!(
                "the token may not read who is in the team {}, so no review counts as its approval",
                printable(team)
            )),
            Err(error) => return Err(error),
        }
    }
    agreed.unread.sort();
    agreed.unread.dedup();
    Ok(agreed)
}

/// Those whose last word is that they approve of the head. A comment takes nothing back; GitHub
/// turns a dismissed review into one of the state DISMISSED.
fn approvers<'a>(reviews: &'a [Review], head: &str, author: Option<&User>) -> Vec<&'a str> {
    let mut last: BTreeMap<&str, &Review> = BTreeMap::new();
    // They come in the order in which they were submitted.
    for review in reviews {
        let is_a_word =
            matches!(review.state.as_str(), "APPROVED" | "CHANGES_REQUESTED" | "DISMISSED");
        if let (true, Some(user)) = (is_a_word, &review.user) {
            last.insert(&user.login, review);
        }
    }
    let approves =
        |review: &Review| review.state == "APPROVED" && review.commit_id.as_deref() == Some(head);
    let is_author = |login: &str| author.is_none_or(|author| author.login == login);
    let approving = last.iter().filter(|(login, review)| approves(review) && !is_author(login));
    approving.map(|(login, _)| *login).collect()
}

/// Whether one of them is an active member of the team.
fn has_member(
    client: &Client,
    target: &Target,
    team: &str,
    logins: &[&str],
) -> Result<bool, PublishError> {
    let repository = target.repository.to_string();
    let owner = repository.split('/').next().unwrap_or_default();
    let (organisation, slug) = team.split_once('/').unwrap_or((owner, team));
    for login in logins {
        let [organisation, slug, login] =
            [organisation, slug, login].map(|part| utf8_percent_encode(part, NON_ALPHANUMERIC));
        let path = format!("/orgs/{organisation}/teams/{slug}/memberships/{login}");
        match client.get::<Membership>(&path) {
            Ok(found) if found.state == "active" => return Ok(true),
            // Invited, or none of the team.
            Ok(_) | Err(PublishError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::{Review, User, approvers};

    const HEAD: &str = "1111111111111111111111111111111111111111";
    const OLD: &str = "2222222222222222222222222222222222222222";

    fn said(words: &[(&str, &str, &str)]) -> Vec<String> {
        let reviews: Vec<Review> = words
            .iter()
            .map(|(login, state, commit)| Review {
                user: Some(User { login: (*login).into() }),
                state: (*state).into(),
                commit_id: Some((*commit).into()),
            })
            .collect();
        let author = User { login: "author".into() };
        let found = approvers(&reviews, HEAD, Some(&author));
        found.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn only_the_last_word_on_the_head_counts() {
        assert_eq!(said(&[("ann", "APPROVED", HEAD)]), ["ann"]);
        assert_eq!(said(&[("ann", "APPROVED", HEAD), ("ann", "COMMENTED", HEAD)]), ["ann"]);
        let taken_back = [("ann", "APPROVED", HEAD), ("ann", "CHANGES_REQUESTED", HEAD)];
        for none in [
            &taken_back[..],
            &[("ann", "DISMISSED", HEAD)],
            &[("ann", "APPROVED", OLD)],
            &[("ann", "COMMENTED", HEAD)],
            &[("author", "APPROVED", HEAD)],
            &[("ann", "APPROVED", HEAD), ("ann", "APPROVED", OLD)],
        ] {
            assert_eq!(said(none), Vec::<String>::new());
        }
    }
}
