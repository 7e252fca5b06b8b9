//! Which of a portal's answers may be kept as files on the agent's disk. They outlive the session, so each is listed, by what it is
//! asked for and by what it says that it is. Whether this person may keep one is the policy's to say, not this file's.

use super::{
    portal_rules::PortalRules,
    request::{Content, JudgedRequest, Upgrade},
    request_rule::{Applies, RequestRule, RuleId},
    rule,
};

/// The most that a rule may let through.
pub const MAX_DOWNLOAD_BYTES: u64 = 64 * 1024 * 1024;
/// Of the ending of a file's name, in characters.
const MAX_EXTENSION: usize = 10;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadRule {
    /// Of GET alone.
    pub request: RequestRule,
    /// Compared exactly, without parameters; one at least.
    pub content_types: Vec<String>,
    /// At most [`MAX_DOWNLOAD_BYTES`].
    pub max_bytes: u64,
}

/// What a portal's answer says of itself when it asks to be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfferedFile<'a> {
    /// All of it, unpacked, and nothing but a plain answer.
    pub is_whole: bool,
    /// As [`crate::content::media_type`] reads the only `Content-Type`.
    pub media_type: Option<&'a str>,
    /// Without it nobody could tell half a file from a whole one: engines take a connection that breaks off for its end.
    pub bytes: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DownloadDecision {
    /// `rule` is the portal's own.
    Pass {
        rule: RuleId,
        bytes: u64,
    },
    Block {
        rule: RuleId,
    },
}

/// The rules that speak of a request, compared exactly. `path` and `query` are in the form that is forwarded.
pub fn downloads<'a>(method: &str, path: &str, query: Option<&str>, rules: &'a PortalRules) -> Vec<&'a DownloadRule> {
    // What else could be in it has been judged before.
    let request = JudgedRequest {
        method,
        path,
        query,
        media_type: None,
        boundary: None,
        content: Content::Nothing,
        upgrade: Upgrade::Nothing,
        overrides_method: false,
    };
    rules.downloads.iter().filter(|download| download.request.is_exactly(&request) == Applies::Yes).collect()
}

/// Whether an answer may be saved, by the first of the rules that names its type. `listed` are those that speak of its request.
pub fn decide_download(file: OfferedFile<'_>, listed: &[&DownloadRule]) -> DownloadDecision {
    let names_it =
        |download: &&&DownloadRule| download.content_types.iter().any(|one| Some(one.as_str()) == file.media_type);
    let listed = listed.iter().find(names_it).filter(|_| file.is_whole);
    match (listed, file.bytes) {
        (Some(download), Some(bytes)) if bytes <= download.max_bytes => {
            DownloadDecision::Pass { rule: download.request.id.clone(), bytes }
        }
        (Some(_), Some(_)) => DownloadDecision::Block { rule: rule::DOWNLOAD_TOO_LONG.into() },
        (Some(_) | None, _) => DownloadDecision::Block { rule: rule::DOWNLOAD_REFUSED.into() },
    }
}

/// The ending of the name that a `Content-Disposition` gives a file; nothing where that is no plain ending.
pub fn extension(disposition: &str) -> Option<String> {
    let names = disposition.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let names =
        names.filter(|(name, _)| ["filename", "filename*"].iter().any(|one| name.trim().eq_ignore_ascii_case(one)));
    let ending = |name: &str| {
        let (_, ending) = name.trim().trim_matches('"').rsplit_once('.')?;
        let is_plain =
            (1..=MAX_EXTENSION).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_plain.then(|| ending.to_ascii_lowercase())
    };
    names.last().and_then(|(_, name)| ending(name))
}
