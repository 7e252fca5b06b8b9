//! The console's UI over HTTP, as any browser can show it: the same pages on a host stand-in with sample data.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Result, ensure};
use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use tokio::{net::TcpListener, task::JoinSet};

/// Serves until it is dropped.
pub struct UiPages {
    address: String,
    _serving: JoinSet<()>,
}

impl UiPages {
    /// `folder` is what `npm run gallery` has built.
    pub async fn serve(folder: PathBuf) -> Result<Self> {
        ensure!(folder.join("console.html").is_file(), "{} holds no console.html", folder.display());
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}", listener.local_addr()?);
        let router = Router::new().fallback(file).with_state(Arc::new(folder));
        let mut serving = JoinSet::new();
        serving.spawn(async move { drop(axum::serve(listener, router).await) });
        Ok(Self { address, _serving: serving })
    }

    /// The console while a session runs.
    pub fn console(&self) -> String {
        format!("{}/console.html?scene=live", self.address)
    }

    /// The console as it stands when an agent is signed in and has done nothing yet.
    pub fn find(&self) -> String {
        format!("{}/console.html?scene=find-new", self.address)
    }
}

async fn file(State(folder): State<Arc<PathBuf>>, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let kind = match path.rsplit_once('.').map(|(_, kind)| kind) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("woff2") => "font/woff2",
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    if path.split('/').any(|part| part == "..") {
        return StatusCode::NOT_FOUND.into_response();
    }
    match std::fs::read(folder.join(path)) {
        Ok(bytes) => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}
