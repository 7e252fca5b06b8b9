//! Nobody at the screen: it is locked, or the machine sleeps.

use std::time::Duration;

use amberglass_testkit::wait_until;
use amberglass_tests::{
    login::{self, Login},
    portal_window::PortalWindow,
    process::run,
    workplace::{Setting, Workplace},
};

use crate::{TURN, bin_dir};

const LIMIT: Duration = Duration::from_secs(20);

/// A signal of the desktop or of the machine, on the bus of the desk.
fn signal(place: &Workplace, path: &str, name: &str, away: Option<bool>) {
    let value = away.map(|away| format!("boolean:{away}"));
    let mut arguments = vec!["--session", "--type=signal", path, name];
    arguments.extend(value.as_deref());
    run("dbus-send", &arguments, place.desk.environment()).unwrap();
}

#[tokio::test]
async fn a_screen_that_is_locked_and_a_machine_that_sleeps_bring_the_curtain_until_somebody_is_back() {
    let _turn = TURN.lock().await;
    let place = Workplace::open(Setting::usual(&bin_dir())).await.unwrap();
    place.sign_in().await.unwrap();
    place.start_session("1042").await.unwrap();
    let window = PortalWindow::wait_until_open(&place.desk).await.unwrap();
    let covered = async |wanted: bool| {
        let as_wanted = |picture: &_| window.is_covered(picture) == wanted && window.has_frame(picture);
        window.until("the curtain", LIMIT, as_wanted).await;
    };
    let login = Login::on(&place.desk).unwrap();
    let held = || async { (login.held() == 1).then_some(()) };
    wait_until("the console to know the login service", LIMIT, held).await;
    let saver = ("/org/freedesktop/ScreenSaver", "org.freedesktop.ScreenSaver.ActiveChanged");
    let (session, manager) = ("org.freedesktop.login1.Session", "org.freedesktop.login1.Manager");

    signal(&place, saver.0, saver.1, Some(true));
    covered(true).await;
    signal(&place, saver.0, saver.1, Some(false));
    covered(false).await;

    login.sleeps(true).unwrap();
    covered(true).await;
    // Anybody at the machine may say anything on its bus. What came before it has been heard once our own lock has.
    signal(&place, "/org/freedesktop/login1", &format!("{manager}.PrepareForSleep"), Some(false));
    signal(&place, login::OWN_SESSION, &format!("{session}.Unlock"), None);
    login.locks(login::OTHER_SESSION, true).unwrap();
    login.locks(login::OTHER_SESSION, false).unwrap();
    login.locks(login::OWN_SESSION, true).unwrap();
    let heard = || async { place.console_log().unwrap().contains("why=\"Lock\"").then_some(()) };
    wait_until("our own lock to be heard", LIMIT, heard).await;
    let log = place.console_log().unwrap();
    let back = log.lines().filter(|line| line.contains("somebody may be at the screen"));
    assert!(back.clone().all(|line| line.contains("why=\"ActiveChanged\"")), "{:#?}", back.collect::<Vec<_>>());
    covered(true).await;
    login.locks(login::OWN_SESSION, false).unwrap();
    login.sleeps(false).unwrap();
    covered(false).await;

    // Some desktops say that they lock, and never that they are unlocked: whoever is back shows the page.
    login.locks(login::OWN_SESSION, true).unwrap();
    covered(true).await;
    place.desk.key("Return").unwrap();
    covered(false).await;

    let staff = place.at_api().await.unwrap();
    let session = place.running(&staff).await.unwrap().remove(0).id;
    let trail = staff.trail(&session).await.unwrap();
    let drawn = trail.iter().filter(|event| event.record.kind == "curtain_drawn");
    assert_eq!(drawn.filter(|event| event.record.body.contains("away")).count(), 3);
}

#[tokio::test]
async fn the_machine_waits_with_its_sleep_until_the_curtain_stands_and_the_next_time_too() {
    let _turn = TURN.lock().await;
    let place = Workplace::open(Setting::usual(&bin_dir())).await.unwrap();
    let login = Login::on(&place.desk).unwrap();
    place.sign_in().await.unwrap();
    place.start_session("1042").await.unwrap();
    let window = PortalWindow::wait_until_open(&place.desk).await.unwrap();
    let holds = async |wanted: usize| {
        let login = &login;
        wait_until(&format!("{wanted} to hold the machine back"), LIMIT, move || async move {
            (login.held() == wanted).then_some(())
        })
        .await;
    };
    // The service came later than the console.
    holds(1).await;
    for _ in 0..2 {
        login.sleeps(true).unwrap();
        holds(0).await;
        assert!(window.is_covered(&window.picture().unwrap()), "the machine slept before the curtain stood");
        login.sleeps(false).unwrap();
        holds(1).await;
        window.until("the page", LIMIT, |picture| !window.is_covered(picture)).await;
    }
    // A machine that sleeps again before it has answered is not held back for ever either.
    login.sleeps(true).unwrap();
    holds(0).await;
    login.sleeps_when_asked();
    login.sleeps(false).unwrap();
    let was_asked = || async { login.was_asked().then_some(()) };
    wait_until("the console to ask for another hold", LIMIT, was_asked).await;
    holds(0).await;
    assert!(window.is_covered(&window.picture().unwrap()), "the machine slept before the curtain stood");
}
