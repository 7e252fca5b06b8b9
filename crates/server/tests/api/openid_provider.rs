//! A real OpenID Connect provider as a process, and the browser that goes to it.

use std::{path::PathBuf, process::Stdio, time::Duration};

use amberglass_domain::ports::Clock as _;
use amberglass_server::config::OpenidConnect;
use reqwest::{Client, Response};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};
use url::Url;

use crate::world::{REDIRECT, World};

const CALLBACK: &str = "/v1/oauth/provider/callback";

pub struct Provider {
    pub issuer: String,
    child: Child,
    dir: tempfile::TempDir,
}

impl Provider {
    pub async fn start() -> Self {
        let fixture = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/openid-provider"));
        assert!(fixture.join("node_modules").exists(), "its packages are missing: run `cargo xtask setup`");
        let mut child = Command::new("node")
            .arg(fixture.join("provider.mjs"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(Duration::from_secs(60), lines.next_line()).await.unwrap().unwrap().unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("secret"), "a-secret-of-the-provider\n").unwrap();
        Self { issuer: ready["issuer"].as_str().unwrap().to_owned(), child, dir }
    }

    pub fn config(&self) -> OpenidConnect {
        OpenidConnect {
            issuer: self.issuer.clone(),
            client_id: "amberglass".into(),
            client_secret_file: self.dir.path().join("secret"),
            scopes: vec!["email".into(), "profile".into()],
            allowed_domains: Vec::new(),
            create_accounts: None,
        }
    }

    /// A server that signs in through it, at the time of this machine, which is the provider's.
    pub async fn world(&self, change: impl FnOnce(&mut OpenidConnect)) -> World {
        let mut provider = self.config();
        change(&mut provider);
        let world = World::with(|config| {
            config.demo = false;
            config.openid_connect = Some(provider);
        })
        .await;
        world.clock.set_wall(amberglass_system::SystemClock.now());
        world
    }

    /// Its next tokens are wrong in this way.
    pub async fn fault(&self, world: &World, kind: &str) {
        let url = format!("{}/test/fault/{kind}", self.issuer);
        assert_eq!(world.client.put(url).send().await.unwrap().status(), 204);
    }

    pub async fn stop(mut self) {
        self.child.kill().await.unwrap();
    }
}

/// Keeps the provider's cookies, follows redirects, signs in where it is asked to.
pub struct Browser {
    client: Client,
    /// Path, name, value.
    cookies: Vec<(String, String, String)>,
    /// How often the provider asked who somebody is.
    pub asked: usize,
}

impl Browser {
    pub fn new(world: &World) -> Self {
        Self { client: world.client.clone(), cookies: Vec::new(), asked: 0 }
    }

    /// To the server with what a console asks for, on to the provider, and back; gives the server's answer.
    pub async fn sign_in(&mut self, world: &World, login: &str) -> Response {
        let back = self.until_back(self.departure(world, false).await, login).await;
        world.client.get(back).send().await.unwrap()
    }

    /// The same for a console that wants a fresh sign-in.
    pub async fn sign_in_afresh(&mut self, world: &World, login: &str) -> Response {
        let departure = self.departure(world, true).await;
        let back = self.until_back(departure, login).await;
        world.client.get(back).send().await.unwrap()
    }

    /// Where the server sends the browser.
    pub async fn departure(&self, world: &World, fresh: bool) -> Url {
        let mut query = world.authorize_query(REDIRECT);
        if fresh {
            query.push(("prompt", "login".into()));
        }
        let answer = world.client.get(world.url("/v1/oauth/authorize")).query(&query).send().await.unwrap();
        assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
        answer.headers()["location"].to_str().unwrap().parse().unwrap()
    }

    /// Goes on until the provider sends the browser back to the server.
    pub async fn until_back(&mut self, mut at: Url, login: &str) -> Url {
        for _ in 0..20 {
            let mut answer = self.open(self.client.get(at.clone()), &at).await;
            if answer.status() == 200 {
                let page = answer.text().await.unwrap();
                let form = if page.contains("name=\"login\"") {
                    self.asked += 1;
                    vec![("prompt", "login"), ("login", login), ("password", "any")]
                } else {
                    assert!(page.contains("value=\"consent\""), "{page}");
                    vec![("prompt", "consent")]
                };
                answer = self.open(self.client.post(at.clone()).form(&form), &at).await;
            }
            let location = answer.headers()["location"].to_str().unwrap_or_default().to_owned();
            at = at.join(&location).unwrap();
            if at.path() == CALLBACK {
                return at;
            }
        }
        panic!("the provider goes round in circles: {at}");
    }

    async fn open(&mut self, request: reqwest::RequestBuilder, at: &Url) -> Response {
        let fitting = self.cookies.iter().filter(|(path, ..)| at.path().starts_with(path.as_str()));
        let header = fitting.map(|(_, name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let answer = request.header("cookie", header).send().await.unwrap();
        for cookie in answer.headers().get_all("set-cookie") {
            self.keep(cookie.to_str().unwrap());
        }
        answer
    }

    fn keep(&mut self, cookie: &str) {
        let mut parts = cookie.split(';').map(str::trim);
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        let path = parts
            .find_map(|part| part.split_once('=').filter(|(key, _)| key.eq_ignore_ascii_case("path")))
            .map_or("/", |(_, path)| path);
        self.cookies.retain(|(old_path, old_name, _)| (old_path.as_str(), old_name.as_str()) != (path, name));
        if !value.is_empty() {
            self.cookies.push((path.to_owned(), name.to_owned(), value.to_owned()));
        }
    }
}
