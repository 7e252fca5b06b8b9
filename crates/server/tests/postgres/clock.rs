//! The server's clock beside PostgreSQL's.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use amberglass_domain::ports::{BoxFuture, Clock};
use amberglass_server::{ServerConfig, ServerError, store::StoreError};
use amberglass_system::{OsEntropy, SystemClock};
use amberglass_testkit::{ManualClock, wait_until};
use amberglass_wire::{UnixMillis, problem::ErrorCode};
use reqwest::StatusCode;

use crate::{LIMIT, database, world::problem};

/// The machine's wall time, so many milliseconds off; what waits, waits for a test to go on.
#[derive(Clone, Default)]
struct OffClock {
    off_millis: Arc<AtomicI64>,
    waits: ManualClock,
}

impl Clock for OffClock {
    fn now(&self) -> UnixMillis {
        SystemClock.now().plus_millis(self.off_millis.load(Ordering::Relaxed))
    }

    fn monotonic_millis(&self) -> i64 {
        self.waits.monotonic_millis()
    }

    fn sleep_until(&self, at: i64) -> BoxFuture<'_, ()> {
        self.waits.sleep_until(at)
    }
}

fn config(dir: &tempfile::TempDir, url: &str) -> ServerConfig {
    ServerConfig {
        listen_api: amberglass_testkit::address_of_its_own(),
        listen_gateway: amberglass_testkit::address_of_its_own(),
        listen_metrics: None,
        data_dir: dir.path().into(),
        database_url: url.into(),
        ..ServerConfig::default()
    }
}

#[tokio::test]
async fn a_server_whose_clock_is_off_does_not_start() {
    let (dir, database) = (tempfile::tempdir().unwrap(), database());
    for off_millis in [-1500, 1500] {
        let clock = OffClock::default();
        clock.off_millis.store(off_millis, Ordering::Relaxed);
        let started =
            amberglass_server::serve(config(&dir, database.url()), Arc::new(clock), Arc::new(OsEntropy)).await;
        let Err(refused @ ServerError::Store(StoreError::ClocksDiffer { millis })) = started else {
            panic!("{off_millis} ms off, and it starts");
        };
        assert!((1000..=1500).contains(&millis), "{refused}");
        assert!(refused.to_string().contains("clocks"), "{refused}");
    }
}

#[tokio::test]
async fn a_server_whose_clock_goes_off_is_not_ready_any_more() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (dir, database, clock) = (tempfile::tempdir().unwrap(), database(), OffClock::default());
    let server =
        amberglass_server::serve(config(&dir, database.url()), Arc::new(clock.clone()), Arc::new(OsEntropy)).await;
    let server = server.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = async || client.get(format!("http://{}/v1/ready", server.api)).send().await.unwrap();
    let ready = ask().await;
    assert_eq!((ready.status(), ready.text().await.unwrap().as_str()), (StatusCode::OK, r#"{"ready":true}"#));
    clock.off_millis.store(3_600_000, Ordering::Relaxed);
    clock.waits.advance_seconds(30);
    let answer = wait_until("the look at the clocks", LIMIT, || async {
        let answer = ask().await;
        (answer.status() != StatusCode::OK).then_some(answer)
    })
    .await;
    let problem = problem(answer, StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Unavailable).await;
    assert!(problem.detail.unwrap().contains("clocks"));
    server.stop().await;
}
