//! What a scraper reads, taken apart.

use std::net::SocketAddr;

pub struct Metrics(String);

impl Metrics {
    pub async fn read(client: &reqwest::Client, address: SocketAddr) -> Self {
        let answer = client.get(format!("http://{address}/metrics")).send().await.unwrap();
        assert_eq!(answer.status(), reqwest::StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
        Self(answer.text().await.unwrap())
    }

    pub fn text(&self) -> &str {
        &self.0
    }

    /// Value of one series, written as it stands there.
    pub fn of(&self, series: &str) -> Option<f64> {
        let line = self.0.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
        Some(line.parse().unwrap())
    }
}
