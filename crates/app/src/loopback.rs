//! The redirect's end on this machine (RFC 8252, 7.3): one request on 127.0.0.1, then nothing listens any more.

use std::{
    convert::Infallible,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, task::JoinSet};

const PATH: &str = "/callback";
/// Browsers open connections that they never use; a few of them may wait.
const MAX_CONNECTIONS: usize = 8;
const MAX_HEADER_WAIT: Duration = Duration::from_secs(10);
const MAX_HEADER_BYTES: usize = 16 * 1024;

/// What the browser brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Code(String),
    /// The person, or the server, declined.
    Declined,
    /// Not the answer to our question: the state is another one.
    Foreign,
}

pub(crate) struct Loopback {
    listener: TcpListener,
    pub redirect_uri: String,
}

impl Loopback {
    /// # Errors
    /// When nothing can listen on 127.0.0.1.
    pub async fn bind() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let redirect_uri = format!("http://{}{PATH}", listener.local_addr()?);
        Ok(Self { listener, redirect_uri })
    }

    /// Waits for the one request that counts. Other paths are refused and waited out; after the first request to our path
    /// nothing listens, whatever it brought.
    pub async fn answer(self, state: &str) -> Answer {
        let taken = Arc::new(AtomicBool::new(false));
        let mut connections: JoinSet<Option<Answer>> = JoinSet::new();
        let mut listener = Some(self.listener);
        loop {
            let accept = async {
                match &listener {
                    Some(listener) if !taken.load(Ordering::SeqCst) => listener.accept().await,
                    Some(_) | None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(finished) = connections.join_next() => {
                    if let Ok(Some(answer)) = finished {
                        return answer;
                    }
                }
                accepted = accept => match accepted {
                    Ok((stream, _)) if connections.len() < MAX_CONNECTIONS => {
                        connections.spawn(serve(TokioIo::new(stream), state.to_owned(), taken.clone()));
                    }
                    Ok(_) => {}
                    // Nothing can come any more; whoever waits has a limit of time.
                    Err(error) => {
                        tracing::warn!(%error, "the loopback listener failed");
                        listener = None;
                    }
                },
            }
        }
    }
}

/// Serves one connection to its end, so that the page has left before anything goes on.
async fn serve(stream: TokioIo<tokio::net::TcpStream>, state: String, taken: Arc<AtomicBool>) -> Option<Answer> {
    let answer = Arc::new(std::sync::Mutex::new(None));
    let service = service_fn(|request: Request<Incoming>| {
        let (state, taken, answer) = (state.clone(), taken.clone(), answer.clone());
        async move {
            let (response, found) = judge(&request, &state, &taken);
            if let (Some(found), Ok(mut answer)) = (found, answer.lock()) {
                *answer = Some(found);
            }
            Ok::<_, Infallible>(response)
        }
    });
    let served = http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(MAX_HEADER_WAIT)
        .max_buf_size(MAX_HEADER_BYTES)
        .serve_connection(stream, service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a loopback connection broke");
    }
    answer.lock().ok()?.take()
}

fn judge(request: &Request<Incoming>, state: &str, taken: &AtomicBool) -> (Response<Full<Bytes>>, Option<Answer>) {
    if request.uri().path() != PATH || request.method() != Method::GET {
        return (
            page(StatusCode::NOT_FOUND, "There is nothing here. Nothing was changed. You can close this tab."),
            None,
        );
    }
    if taken.swap(true, Ordering::SeqCst) {
        return (
            page(
                StatusCode::GONE,
                "This sign-in has already been answered. You can close this tab and go back to Amberglass.",
            ),
            None,
        );
    }
    let answer = read_answer(request.uri().query().unwrap_or_default(), state);
    let response = match &answer {
        Answer::Code(_) => page(StatusCode::OK, "You can close this tab and go back to Amberglass."),
        Answer::Declined => page(
            StatusCode::OK,
            "You were not signed in. Close this tab, and sign in again in Amberglass when you are ready.",
        ),
        Answer::Foreign => page(
            StatusCode::BAD_REQUEST,
            "This does not belong to the sign-in that Amberglass began, so nobody was signed in. Close this tab and try again in Amberglass.",
        ),
    };
    (response, Some(answer))
}

/// Pure: reads the redirect's query (RFC 6749, 4.1.2). A name that stands twice is nobody's answer.
fn read_answer(query: &str, state: &str) -> Answer {
    let values = |name: &str| -> Vec<String> {
        url::form_urlencoded::parse(query.as_bytes())
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
            .collect()
    };
    if values("state") != [state] {
        return Answer::Foreign;
    }
    match (values("code").as_slice(), values("error").is_empty()) {
        ([code], true) if !code.is_empty() => Answer::Code(code.clone()),
        ([], false) => Answer::Declined,
        _ => Answer::Foreign,
    }
}

fn page(status: StatusCode, words: &str) -> Response<Full<Bytes>> {
    let body = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Amberglass</title><style>:root{{color-scheme:light dark}}body{{font:16px/1.5 system-ui,sans-serif;\
         display:grid;place-items:center;min-height:90vh;margin:0;padding:1rem}}main{{max-width:32rem}}</style>\
         <main><h1>Amberglass</h1><p>{words}</p></main></html>"
    );
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, header::HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_answer_to_our_own_question_counts() {
        let table = [
            ("state=s1&code=c1", Answer::Code("c1".into())),
            ("code=a%2Fb&state=s1&iss=x", Answer::Code("a/b".into())),
            ("state=s1&error=access_denied", Answer::Declined),
            ("state=s2&code=c1", Answer::Foreign),
            ("code=c1", Answer::Foreign),
            ("", Answer::Foreign),
            ("state=s1&state=s1&code=c1", Answer::Foreign),
            ("state=s1&code=c1&code=c2", Answer::Foreign),
            ("state=s1&code=c1&error=access_denied", Answer::Foreign),
            ("state=s1&code=", Answer::Foreign),
        ];
        for (query, expected) in table {
            assert_eq!(read_answer(query, "s1"), expected, "{query}");
        }
    }
}
