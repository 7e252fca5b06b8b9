//! What the decision looks at.

use crate::content::{self, Node, Unreadable, form_pairs};

/// Longest content that is read to be judged. Rules that look into it block what is longer.
pub const MAX_JUDGED_BYTES: usize = 256 * 1024;
/// The same for forms of several parts, which may hold files.
pub const MAX_UPLOAD_BYTES: usize = 8 * 1024 * 1024;

/// What the decision looks at; the gateway has refused what it could not put into this form.
#[derive(Debug, Clone)]
pub struct JudgedRequest<'a> {
    /// Exactly as received; methods are case-sensitive (RFC 9110, 9.1).
    pub method: &'a str,
    /// Path in the canonical form that will be forwarded.
    pub path: &'a str,
    /// As it will be forwarded, without the question mark.
    pub query: Option<&'a str>,
    /// As [`content::ContentType`] reads the only `Content-Type`; nothing where there are several, or where the content is
    /// packed.
    pub media_type: Option<&'a str>,
    /// Of a form of several parts.
    pub boundary: Option<&'a str>,
    pub content: Content<'a>,
    pub upgrade: Upgrade,
    /// A header or query field that asks the portal to treat the request as another method.
    pub overrides_method: bool,
}

/// Whether a request asks for another protocol on its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upgrade {
    Nothing,
    /// For a WebSocket (RFC 6455, 4.1), and unmistakably.
    Websocket,
    /// For anything else, or for a WebSocket in a way that no browser would.
    Other,
}

/// What follows the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content<'a> {
    Nothing,
    /// There is some, and nobody has read it yet.
    Unread,
    /// All of it, exactly as it will be forwarded.
    Read(&'a [u8]),
    /// More than [`MAX_JUDGED_BYTES`] (or [`MAX_UPLOAD_BYTES`]), or it broke off.
    NotToBeHad,
}

/// The content as one meaning, where it has one.
pub(super) enum Meaning {
    Form(Vec<(String, String)>),
    /// With its leaves, each by the way to it.
    Json(Node, Vec<(String, String)>),
}

/// Why a meaning is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoMeaning {
    /// It was not read yet.
    Unread,
    /// It is not to be had, of a kind that is not read here, or could mean two things.
    Unreadable,
}

impl JudgedRequest<'_> {
    pub(super) fn is_read(&self) -> bool {
        matches!(self.method, "GET" | "HEAD")
    }

    /// Names and values of the query, where it can be read in one way only.
    pub(super) fn query_pairs(&self) -> Result<Vec<(String, String)>, Unreadable> {
        form_pairs(self.query.unwrap_or_default().as_bytes())
    }

    /// The same as the most lenient portal would split it.
    pub(super) fn query_perhaps(&self) -> Vec<(String, String)> {
        let decoded = |text: &str| {
            let text = text.replace('+', " ");
            percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned()
        };
        let fields = self.query.unwrap_or_default().split(['&', ';']).filter(|field| !field.is_empty());
        fields
            .map(|field| field.split_once('=').unwrap_or((field, "")))
            .map(|(n, v)| (decoded(n), decoded(v)))
            .collect()
    }

    pub(super) fn is_form_or_json(&self) -> bool {
        self.media_type.is_some_and(|given| given == content::FORM || is_json(given))
    }

    pub(super) fn is_multipart(&self) -> bool {
        self.media_type == Some(content::MULTIPART)
    }

    pub(super) fn meaning(&self) -> Result<Meaning, NoMeaning> {
        let is_readable = self.is_form_or_json() || (self.is_multipart() && self.boundary.is_some());
        let read = match (is_readable, self.content) {
            (false, _) | (_, Content::Nothing | Content::NotToBeHad) => return Err(NoMeaning::Unreadable),
            (true, Content::Unread) => return Err(NoMeaning::Unread),
            (true, Content::Read(bytes)) if self.media_type == Some(content::FORM) => {
                form_pairs(bytes).map(Meaning::Form)
            }
            (true, Content::Read(bytes)) if self.is_multipart() => {
                content::multipart_pairs(bytes, self.boundary.unwrap_or_default()).map(Meaning::Form)
            }
            (true, Content::Read(bytes)) => {
                Node::parse(bytes).and_then(|node| node.leaves().map(|leaves| Meaning::Json(node, leaves)))
            }
        };
        read.map_err(|Unreadable| NoMeaning::Unreadable)
    }
}

/// Also by a name that says more of it (RFC 6839, 3.1).
pub(super) fn is_json(media_type: &str) -> bool {
    media_type == content::JSON || media_type.ends_with("+json")
}

impl Meaning {
    /// Every value with its name: of a form's field, or the way to it, such as `pet.names[0]`.
    pub(super) fn fields(&self) -> &[(String, String)] {
        match self {
            Self::Form(pairs) | Self::Json(_, pairs) => pairs,
        }
    }

    /// Those that a portal may take from the query as well.
    pub(super) fn outer_names(&self) -> Vec<&str> {
        match self {
            Self::Form(pairs) => pairs.iter().map(|(name, _)| name.as_str()).collect(),
            Self::Json(Node::Map(entries), _) => entries.iter().map(|(name, _)| name.as_str()).collect(),
            Self::Json(Node::List(_) | Node::Text(_) | Node::Literal(_), _) => Vec::new(),
        }
    }

    pub(super) fn names(&self) -> Vec<&str> {
        match self {
            Self::Form(pairs) => pairs.iter().map(|(name, _)| name.as_str()).collect(),
            Self::Json(node, _) => node.names(),
        }
    }
}
