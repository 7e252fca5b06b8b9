//! Answers that the portal offers as files: whether the agent may keep one, and how it is marked for the window, which saves nothing
//! that is not.

use amberglass_domain::{
    content,
    read_only::{DownloadDecision, DownloadRule, OfferedFile, RuleId, decide_download, extension, rule},
};
use amberglass_wire::{
    audit::{EventDetail, EventSubject},
    session::PolicyAnswer,
};
use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, response::Parts};
use hyper::body::Incoming;
use tokio_util::sync::CancellationToken;

use super::{
    pipeline::{Gateway, subject},
    stream::CutBody,
};
use crate::{
    policy::{Circumstances, Download, Principal, Target},
    sessions::GatewaySession,
};

/// Only the gateway says it: a portal's headers of this prefix are taken off. Its value is the rule that lists the file.
pub const DOWNLOAD_HEADER: HeaderName = HeaderName::from_static("amberglass-download");

const HOUR_SECONDS: i64 = 60 * 60;

/// A file that may go out once it is on record.
pub(super) struct Granted {
    rule: RuleId,
    content_type: String,
    extension: Option<String>,
    bytes: u64,
    /// Of the policy that lets it.
    policy_hash: String,
}

/// As much as the engine sends only part of a file, or packs it, nobody knows how long it is.
pub(super) fn ask_whole(headers: &mut HeaderMap) {
    for name in [header::RANGE, header::IF_RANGE, header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE] {
        headers.remove(name);
    }
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
}

/// What the portal says of the file, as far as it can be read in one way.
fn offered(answer: &Parts) -> (bool, Option<String>, Option<u64>) {
    let only = |name: HeaderName| {
        let mut values = answer.headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none()).and_then(|value| value.to_str().ok())
    };
    let disposition = only(header::CONTENT_DISPOSITION).and_then(|value| value.split(';').next());
    let is_attachment = disposition.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("attachment"));
    let is_packed = answer.headers.get_all(header::CONTENT_ENCODING).iter().any(|value| value != "identity");
    let is_whole = answer.status == StatusCode::OK && is_attachment && !is_packed;
    let bytes = only(header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    (is_whole, only(header::CONTENT_TYPE).and_then(content::media_type), bytes)
}

impl Gateway {
    /// Whether an answer that asks to be saved may be; else the rule that keeps it back. By the portal's rules first, then by the
    /// policy in force now.
    pub(super) async fn judge_file(
        &self,
        session: &GatewaySession,
        path: &str,
        answer: &Parts,
        listed: &[&DownloadRule],
    ) -> Result<Granted, RuleId> {
        let (is_whole, media_type, bytes) = offered(answer);
        let file = OfferedFile { is_whole, media_type: media_type.as_deref(), bytes };
        let (rule, bytes) = match decide_download(file, listed) {
            DownloadDecision::Pass { rule, bytes } => (rule, bytes),
            DownloadDecision::Block { rule } => return Err(rule),
        };
        let policy_hash = self.permitted(session, Download { path, rule: &rule }).await;
        let policy_hash = policy_hash.ok_or(RuleId::Borrowed(rule::DOWNLOAD_NOT_PERMITTED))?;
        let disposition = answer.headers.get(header::CONTENT_DISPOSITION).and_then(|value| value.to_str().ok());
        Ok(Granted {
            rule,
            content_type: media_type.unwrap_or_default(),
            extension: disposition.and_then(extension),
            bytes,
            policy_hash,
        })
    }

    /// The hash of the policy that lets it; nothing where it does not, or nobody can tell.
    async fn permitted(&self, session: &GatewaySession, file: Download<'_>) -> Option<String> {
        // An emergency is a reason to look, not to take along.
        if session.is_break_glass {
            return None;
        }
        let failed = |error: &(dyn std::error::Error + 'static)| {
            tracing::error!(session = %session.id, error, "whether a file may be kept can't be decided; it may not");
        };
        let asked = async {
            let Some(row) = self.state.sessions.get(&session.id).await? else { return Ok(None) };
            let staff_role = self.state.store.staff_by_email(&row.customer.email).await?.map(|staff| staff.role);
            let now = self.state.clock.now();
            let begun = self.state.store.sessions_begun_since(&row.staff, now.plus_seconds(-HOUR_SECONDS)).await?;
            let within_working_hours = self.state.config.working_hours.include(now);
            Ok::<_, crate::store::StoreError>(Some((row, staff_role, within_working_hours, begun)))
        };
        let (row, staff_role, within_working_hours, sessions_last_hour) =
            asked.await.inspect_err(|error| failed(error)).ok()??;
        let whom = Target {
            customer: &row.customer,
            // Else the session would not have been admitted.
            portal_active: true,
            staff_role: staff_role.as_deref(),
            circumstances: Circumstances { within_working_hours, sessions_last_hour },
        };
        let who = Principal { id: &row.staff, email: &row.staff_email, role: &row.staff_role };
        let policy = self.state.policy.now();
        let said = policy.download(&who, &whom, row.mode, file).inspect_err(|error| failed(error)).ok()?;
        (said.answer == PolicyAnswer::Allowed).then(|| policy.hash().to_owned())
    }

    /// The file on its way, marked for the window. It is on record.
    pub(super) fn hand_out(
        &self,
        granted: &Granted,
        mut answer: Parts,
        body: Incoming,
        session: &GatewaySession,
        cut: &CancellationToken,
    ) -> Response {
        // Ids of rules are letters, digits and hyphens.
        if let Ok(rule) = HeaderValue::from_str(&granted.rule) {
            answer.headers.insert(DOWNLOAD_HEADER, rule);
        }
        answer.headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let open = self.state.metrics.gateway.open_answer(&session.portal);
        let body = CutBody::new(body, cut.clone(), open);
        Response::from_parts(answer, Body::new(body))
    }
}

impl Granted {
    /// Whom its record names; the policy is the one that lets it, not the one by which the session began.
    pub fn subject(&self, session: &GatewaySession) -> EventSubject {
        EventSubject { policy_hash: Some(self.policy_hash.clone()), ..subject(session) }
    }

    pub fn detail(&self, path: &str) -> EventDetail {
        EventDetail::FileDownloaded {
            method: "GET".to_owned(),
            path: path.to_owned(),
            rule: self.rule.to_string(),
            content_type: self.content_type.clone(),
            extension: self.extension.clone(),
            bytes: self.bytes,
        }
    }
}
