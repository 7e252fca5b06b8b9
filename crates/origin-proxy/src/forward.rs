//! Passes a judged request on, streaming both ways.

use std::{convert::Infallible, io, sync::Arc};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri, Version,
    header::{self, CONNECTION},
    uri::PathAndQuery,
};
use http_body_util::{BodyExt as _, Empty, combinators::BoxBody};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, sync::OwnedSemaphorePermit};
use tokio_util::sync::DropGuard;

use crate::{
    MAX_HEADER_BYTES, RefusedRequest, Rules,
    judge::{Judgement, judge},
    upstream,
};

/// Headers of one hop (RFC 9110 7.6.1), and the credentials that a client gives to a proxy (11.7).
const HOP_BY_HOP: [&str; 8] = [
    "connection",
    "proxy-connection",
    "keep-alive",
    "te",
    "transfer-encoding",
    "upgrade",
    "proxy-authorization",
    "proxy-authenticate",
];

type Body = BoxBody<Bytes, hyper::Error>;

/// Answers one request; never fails, since a failure is an answer too.
pub(crate) async fn answer(
    request: Request<Incoming>,
    rules: Arc<Rules>,
    slot: Arc<OwnedSemaphorePermit>,
) -> Result<Response<Body>, Infallible> {
    Ok(match judge(&rules.origin, &request) {
        Judgement::Refuse { status, target } => {
            tracing::debug!(%target, "refused a request that does not go to the gateway");
            (rules.refused)(RefusedRequest { target });
            empty(status)
        }
        Judgement::Tunnel => tunnel(request, &rules, slot).await,
        Judgement::Forward(path) => forward(request, path, &rules).await,
    })
}

/// Opens the gateway's side first, so that a 200 means a connection.
async fn tunnel(request: Request<Incoming>, rules: &Rules, slot: Arc<OwnedSemaphorePermit>) -> Response<Body> {
    let mut gateway = match upstream::connect(&rules.origin).await {
        Ok(stream) => stream,
        Err(error) => return unreachable(&error),
    };
    tokio::spawn(rules.stop.clone().run_until_cancelled_owned(async move {
        let _slot = slot;
        let Ok(upgraded) = hyper::upgrade::on(request).await else { return };
        if let Err(error) = tokio::io::copy_bidirectional(&mut TokioIo::new(upgraded), &mut gateway).await {
            tracing::debug!(%error, "a tunnel to the gateway broke");
        }
    }));
    empty(StatusCode::OK)
}

/// Each request gets a connection of its own: plain http is for loopback only, where that costs next to nothing, and no
/// request is ever lost on a connection that the gateway was about to close.
async fn forward(request: Request<Incoming>, path: PathAndQuery, rules: &Rules) -> Response<Body> {
    let stream = match upstream::connect(&rules.origin).await {
        Ok(stream) => stream,
        Err(error) => return unreachable(&error),
    };
    let (mut parts, body) = request.into_parts();
    parts.uri = Uri::from(path);
    parts.version = Version::HTTP_11;
    strip_hop_by_hop(&mut parts.headers);
    // Judged equal to the target, but Connection may have named it; RFC 9112 3.2.2 has it written from the target.
    match HeaderValue::from_str(&host_header(rules)) {
        Ok(host) => parts.headers.insert(header::HOST, host),
        Err(_) => return empty(StatusCode::BAD_GATEWAY),
    };
    match exchange(stream, Request::from_parts(parts, body), rules).await {
        Ok((response, connection)) => passed_back(response, connection),
        Err(error) => {
            tracing::debug!(%error, "the gateway did not answer a forwarded request");
            empty(StatusCode::BAD_GATEWAY)
        }
    }
}

async fn exchange(
    stream: TcpStream,
    request: Request<Incoming>,
    rules: &Rules,
) -> Result<(Response<Incoming>, DropGuard), hyper::Error> {
    // Without the guard a silent stream of the gateway would outlive the page that listened to it.
    let stop = rules.stop.child_token();
    let guard = stop.clone().drop_guard();
    let (mut sender, connection) =
        http1::Builder::new().max_buf_size(MAX_HEADER_BYTES).handshake(TokioIo::new(stream)).await?;
    tokio::spawn(stop.run_until_cancelled_owned(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to the gateway broke");
        }
    }));
    Ok((sender.send_request(request).await?, guard))
}

/// The answer for the page; its body holds the connection it comes from.
fn passed_back(response: Response<Incoming>, connection: DropGuard) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    // 101 was not asked for; 407 would make the webview ask a person for this proxy's credentials.
    if matches!(parts.status, StatusCode::SWITCHING_PROTOCOLS | StatusCode::PROXY_AUTHENTICATION_REQUIRED) {
        return empty(StatusCode::BAD_GATEWAY);
    }
    parts.version = Version::HTTP_11;
    strip_hop_by_hop(&mut parts.headers);
    let body = body.map_frame(move |frame| {
        let _held = &connection;
        frame
    });
    Response::from_parts(parts, body.boxed())
}

/// As a browser writes it: without the port that is the scheme's own.
fn host_header(rules: &Rules) -> String {
    if rules.origin.port() == 80 { rules.origin.host().to_owned() } else { rules.origin.authority() }
}

fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        // Framing is ours to write anew, and a message whose length is unknown can't be passed on.
        .filter(|name| *name != header::CONTENT_LENGTH)
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}

fn unreachable(error: &io::Error) -> Response<Body> {
    tracing::debug!(%error, "the gateway could not be reached");
    empty(if error.kind() == io::ErrorKind::TimedOut { StatusCode::GATEWAY_TIMEOUT } else { StatusCode::BAD_GATEWAY })
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Empty::new().map_err(|never: Infallible| match never {}).boxed());
    *response.status_mut() = status;
    response
}
