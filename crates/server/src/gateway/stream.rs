//! An answer's body that ends the moment its session may no longer be viewed.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::metrics::OpenAnswer;

type Cut = Pin<Box<WaitForCancellationFutureOwned>>;

/// Passes chunks on as they come. When cut, it breaks off with an error, so that half an answer never looks like a whole
/// one, and drops the connection to the portal.
pub(super) struct CutBody {
    inner: Option<Incoming>,
    cut: Cut,
    open: OpenAnswer,
}

impl CutBody {
    pub fn new(inner: Incoming, cut: CancellationToken, open: OpenAnswer) -> Self {
        Self { inner: Some(inner), cut: Box::pin(cut.cancelled_owned()), open }
    }
}

impl Body for CutBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.cut.as_mut().poll(context).is_ready() {
            return match self.inner.take() {
                Some(_) => {
                    Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the session is over"))))
                }
                None => Poll::Ready(None),
            };
        }
        let this = &mut *self;
        let Some(inner) = &mut this.inner else { return Poll::Ready(None) };
        loop {
            return match Pin::new(&mut *inner).poll_frame(context) {
                // Trailers belong to the connection to the portal (RFC 9110, 6.5).
                Poll::Ready(Some(Ok(frame))) if frame.is_trailers() => continue,
                Poll::Ready(Some(Ok(frame))) => {
                    this.open.passed(frame.data_ref().map_or(0, Bytes::len));
                    Poll::Ready(Some(Ok(frame)))
                }
                Poll::Ready(Some(Err(error))) => {
                    this.inner = None;
                    Poll::Ready(Some(Err(io::Error::other(error))))
                }
                Poll::Ready(None) => {
                    this.inner = None;
                    Poll::Ready(None)
                }
                Poll::Pending => Poll::Pending,
            };
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Incoming::is_end_stream)
    }

    /// Left open on purpose: the length stands in `Content-Length` or nowhere, and an answer to HEAD has one without
    /// having a body.
    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

/// Takes in what a refused request still sends, up to `limit` bytes: whoever is cut off while sending may never see the
/// answer.
pub(super) async fn drain(body: axum::body::Body, limit: usize) {
    let mut body = std::pin::pin!(body);
    let mut taken = 0_usize;
    while let Some(Ok(frame)) = body.frame().await {
        taken = taken.saturating_add(frame.data_ref().map_or(0, Bytes::len));
        if taken > limit {
            return;
        }
    }
}

/// The whole content, if it is no longer than `limit` bytes and comes as it should; what is left of it stays to be drained.
pub(super) async fn read_within(body: &mut axum::body::Body, limit: usize) -> Result<Vec<u8>, TooLong> {
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| TooLong::Broken)?;
        let data = frame.data_ref().map_or(&[][..], |data| data.as_ref());
        if read.len().saturating_add(data.len()) > limit {
            return Err(TooLong::Longer);
        }
        read.extend_from_slice(data);
    }
    Ok(read)
}

/// Why there is no content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TooLong {
    Longer,
    Broken,
}
