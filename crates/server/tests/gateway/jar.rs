//! The portal's cookies that no page may read, wherever the session's next request arrives.

use amberglass_server::{RunningServer, gateway::cookie_name};
use amberglass_testkit::{Engine, wait_until};
use reqwest::{Method, header};

use crate::stage::{PATIENCE, Session, Stage};

const SIGNED_IN: (&str, &str) = ("set-cookie", "sid=secret; HttpOnly; Path=/");

/// What the portal got of the page's request for `path`, which carried these cookies beside the session's own.
async fn portal_got(stage: &Stage, server: &RunningServer, session: &Session, path: &str, beside: &str) -> String {
    let request = stage.client.request(Method::GET, format!("http://{}{path}", server.gateway));
    let answer = request
        .header(header::HOST, format!("{}:{}", crate::stage::HOST, server.gateway.port()))
        .header(header::COOKIE, format!("{}={}{beside}", cookie_name(false), session.cookie))
        .header("sec-fetch-site", "same-origin")
        .send();
    assert!(answer.await.unwrap().status().is_success());
    let seen = stage.upstream.seen();
    let cookies = seen.last().unwrap().headers.get(header::COOKIE);
    cookies.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

#[tokio::test]
async fn a_session_goes_on_with_its_cookies_after_a_restart() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    stage.upstream.will_answer(200, &[SIGNED_IN]);
    let answer = stage.get(&session, "/answer").send().await.unwrap();
    assert_eq!(answer.headers()[header::SET_COOKIE], "amberglass-jar=1; Path=/; HttpOnly; SameSite=Strict");
    let mut database = stage.database().await;
    let sealed: String = sqlx::query_scalar("SELECT sealed FROM cookie_jars").fetch_one(&mut database).await.unwrap();
    assert!(!sealed.contains("secret") && !sealed.contains("sid"), "{sealed}");

    let stage = stage.restarted().await;
    let got = portal_got(&stage, &stage.server, &session, "/next", "; amberglass-jar=1; theme=dark").await;
    assert_eq!(got, "theme=dark; sid=secret");

    stage.end(&session).await;
    let left: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM cookie_jars").fetch_one(&mut database).await.unwrap();
    assert_eq!(left, 0, "a jar goes with its session");
}

#[tokio::test]
async fn a_page_that_makes_up_the_version_of_its_jar_gets_the_jar_as_it_is() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    stage.upstream.will_answer(200, &[SIGNED_IN]);
    stage.get(&session, "/answer").send().await.unwrap();
    for version in ["9223372036854775807", "-1", "x", "", "1; amberglass-jar=7"] {
        let beside = format!("; amberglass-jar={version}");
        assert_eq!(portal_got(&stage, &stage.server, &session, "/next", &beside).await, "sid=secret", "{version}");
    }
}

#[tokio::test]
async fn a_session_that_moves_between_servers_in_mid_page_keeps_its_cookies() {
    let stage = Stage::new().await;
    if stage.engine() == Engine::Sqlite {
        // Which serves one server alone.
        return;
    }
    let second = stage.second_server().await;
    let session = stage.session().await;
    assert_eq!(portal_got(&stage, &stage.server, &session, "/a", "").await, "");
    assert_eq!(portal_got(&stage, &second, &session, "/b", "").await, "");
    // Both have looked at the jar before; the page says that it is newer than that.
    stage.upstream.will_answer(200, &[SIGNED_IN]);
    portal_got(&stage, &stage.server, &session, "/answer", "").await;
    assert_eq!(portal_got(&stage, &second, &session, "/c", "; amberglass-jar=1").await, "sid=secret");
    // Set at both, neither is lost.
    stage.upstream.will_answer(200, &[("set-cookie", "cart=7; HttpOnly; Path=/")]);
    portal_got(&stage, &second, &session, "/answer", "; amberglass-jar=1").await;
    stage.upstream.will_answer(200, &[("set-cookie", "seen=1; HttpOnly; Path=/")]);
    portal_got(&stage, &stage.server, &session, "/answer", "; amberglass-jar=1").await;
    let got = portal_got(&stage, &second, &session, "/d", "; amberglass-jar=3").await;
    assert_eq!(got, "sid=secret; cart=7; seen=1");
    // Ended at one, over at the other within the second that is promised.
    stage.end(&session).await;
    wait_until("the session to be over at the other server", PATIENCE, async || {
        stage.clock.advance_millis(100);
        let request = stage.client.get(format!("http://{}/e", second.gateway));
        let request = request
            .header(header::HOST, format!("{}:{}", crate::stage::HOST, second.gateway.port()))
            .header(header::COOKIE, format!("{}={}", cookie_name(false), session.cookie));
        (!request.send().await.unwrap().status().is_success()).then_some(())
    })
    .await;
    second.stop().await;
}
