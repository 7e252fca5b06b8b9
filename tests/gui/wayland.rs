//! The session window on Wayland, and where several pixels of the screen make one of a page's.

use std::{path::PathBuf, time::Duration};

use amberglass_domain::ports::Backend as _;
use amberglass_testkit::wait_until;
use amberglass_tests::{
    main_job::seen_at_server,
    picture::Picture,
    process::run,
    staff::Staff,
    wayland::{Place, SeenPortal, Shown},
    workplace::sample,
};
use amberglass_wire::{SessionId, auth::Role, session::EndSessionRequest};

use crate::{TURN, bin_dir};

const LIMIT: Duration = Duration::from_secs(20);
const MAGENTA: [u8; 3] = [0xff, 0x00, 0xff];
/// Logical width of the window as it opens.
const WIDTH: i32 = 1280;
/// Where links of the portal's strip of test pages stand, from the frame's corner.
const COVER: (i32, i32) = (26, 16);
const ATTACKS: (i32, i32) = (298, 16);

/// Beside the built programs.
fn keep(picture: &Picture, name: &str) {
    let folder: PathBuf = bin_dir().parent().unwrap().join("wayland");
    std::fs::create_dir_all(&folder).unwrap();
    picture.save(&folder.join(name)).unwrap();
}

async fn staff(place: &Place, role: Role) -> Staff {
    let staff = sample(role).unwrap();
    Staff::sign_in(&place.stack.api, staff.email, staff.password).await.unwrap()
}

async fn running(staff: &Staff) -> SessionId {
    staff.sessions().await.unwrap().into_iter().find(|session| session.state.is_running()).unwrap().id
}

async fn records(staff: &Staff, session: &SessionId, kind: &str, part: &str) -> usize {
    let trail = staff.trail(session).await.unwrap();
    trail.iter().filter(|event| event.record.kind == kind && event.record.body.contains(part)).count()
}

fn screen_is_locked(place: &Place, locked: bool) {
    let signal = ["--session", "--type=signal", "/org/freedesktop/ScreenSaver"];
    let value = format!("boolean:{locked}");
    let arguments = [&signal[..], &["org.freedesktop.ScreenSaver.ActiveChanged", &value]].concat();
    run("dbus-send", &arguments, place.desk.environment()).unwrap();
}

/// The page is magenta all over, and the host's marks lie over it.
fn shows_marked_magenta(portal: &SeenPortal<'_>, picture: &Picture) -> bool {
    let untouched = portal.share(picture, MAGENTA, 0);
    portal.share(picture, MAGENTA, 60) >= 950 && (500..998).contains(&untouched) && portal.has_frame(picture)
}

/// From the start to the end that somebody else brings, with pointer and eyes alone.
async fn a_session_is_shown(shown: Shown, name: &str) {
    let place = Place::open(&bin_dir(), shown).await.unwrap();
    let portal = place.start_session("1042").await.unwrap();
    assert_eq!(portal.area.2, WIDTH * shown.scale(), "{:?}", portal.area);
    let stands = |picture: &Picture| portal.has_countdown(picture) && portal.has_links(picture);
    let picture = portal.until("the countdown and the page", stands).await;
    keep(&picture, &format!("{name}-session.png"));
    let (agent, lead) = (staff(&place, Role::Agent).await, staff(&place, Role::Lead).await);
    let session = running(&agent).await;

    // The curtain takes what is meant for the page, and its own button is where it is seen.
    screen_is_locked(&place, true);
    let covered = |picture: &Picture| portal.is_covered(picture) && portal.has_frame(picture);
    let picture = portal.until("the curtain", covered).await;
    keep(&picture, &format!("{name}-curtain.png"));
    portal.click(COVER).unwrap();
    portal.click_last_button(&picture).unwrap();
    portal.until("the page", |picture| !portal.is_covered(picture) && portal.has_frame(picture)).await;
    assert_eq!(records(&agent, &session, "page_viewed", "/hostile/cover").await, 0, "the curtain lets clicks through");

    // Without it a click goes through the overlay; a page that covers all it can stays below.
    portal.click(COVER).unwrap();
    seen_at_server(&agent, &session, "page_viewed", "/hostile/cover").await;
    let picture = portal.until("magenta with marks", |picture| shows_marked_magenta(&portal, picture)).await;
    keep(&picture, &format!("{name}-covering-page.png"));

    let request = EndSessionRequest { note: None, reason: Some("Please call me".to_owned()) };
    lead.backend.end_session(&lead.access, &session, request).await.unwrap();
    // The page is gone at once: the window is covered, or closed already.
    let picture = portal.until("the page to go", |picture| portal.share(picture, MAGENTA, 60) == 0).await;
    keep(&picture, &format!("{name}-ended.png"));
    place.console.see("end-screen").await;
    portal.until("the window to go", |picture| !portal.is_covered(picture) && !portal.has_frame(picture)).await;
}

#[tokio::test]
async fn on_wayland_frame_marks_and_curtain_lie_over_the_page_and_clicks_go_where_they_should() {
    let _turn = TURN.lock().await;
    a_session_is_shown(Shown::Wayland { scale: 1 }, "wayland").await;
}

#[tokio::test]
async fn on_wayland_with_two_pixels_for_one_all_of_it_is_as_sharp_and_as_large_as_it_has_to_be() {
    let _turn = TURN.lock().await;
    a_session_is_shown(Shown::Wayland { scale: 2 }, "wayland-2").await;
}

#[tokio::test]
async fn on_x11_with_two_pixels_for_one_all_of_it_is_as_sharp_and_as_large_as_it_has_to_be() {
    let _turn = TURN.lock().await;
    a_session_is_shown(Shown::X11 { scale: 2 }, "x11-2").await;
}

#[tokio::test]
async fn larger_text_of_the_desktop_gives_the_bar_and_the_countdown_the_room_they_need() {
    let _turn = TURN.lock().await;
    let place = Place::open_with_larger_text(&bin_dir()).await.unwrap();
    let portal = place.start_session("1042").await.unwrap();
    place.console.to_bar().await.unwrap();
    let end = "const end = document.querySelector('[data-testid=end-session]')?.getBoundingClientRect();
        return innerHeight === 64 && end?.bottom < innerHeight - 4;";
    wait_until("a bar of which nothing is cut off", LIMIT, || async {
        (place.console.client().execute(end, vec![]).await.ok()? == true).then_some(())
    })
    .await;
    let grown = |picture: &Picture| portal.has_countdown(picture) && portal.countdown_is_tall(picture, 38);
    let picture = portal.until("the larger countdown", grown).await;
    keep(&picture, "larger-text.png");
}

/// Pastes in the bar, to which the driver gives the keyboard; a letter typed behind it says that all of it is there.
async fn pasted(place: &Place) -> String {
    const FIELD: &str = "let field = document.getElementById('pasted');
        if (!field) {
            field = document.createElement('textarea');
            field.id = 'pasted';
            field.style.cssText = 'position:fixed;inset:0 auto auto 400px;width:200px;height:60px';
            document.body.append(field);
        }";
    let execute = async |script: &str| {
        place.console.client().execute(&format!("{FIELD} {script}"), vec![]).await.unwrap().as_str().unwrap().to_owned()
    };
    place.console.to_bar().await.unwrap();
    wait_until("the bar to have the keyboard", LIMIT, || async {
        let script = "field.value = ''; field.focus(); return document.hasFocus() ? 'yes' : 'no'";
        (execute(script).await == "yes").then_some(())
    })
    .await;
    place.desk.key("ctrl+v").unwrap();
    place.desk.key("z").unwrap();
    let whole = async || execute("return field.value").await.strip_suffix('z').map(str::to_owned);
    wait_until("what was pasted", LIMIT, whole).await
}

#[tokio::test]
async fn on_wayland_too_only_the_persons_own_key_puts_something_on_the_clipboard() {
    let _turn = TURN.lock().await;
    let place = Place::open(&bin_dir(), Shown::Wayland { scale: 1 }).await.unwrap();
    let portal = place.start_session("1042").await.unwrap();
    let agent = staff(&place, Role::Agent).await;
    let session = running(&agent).await;
    let step = async |attack: &'static str, step: &'static str| {
        let place = &place;
        wait_until(&format!("{attack}, {step}"), LIMIT, move || async move {
            let reports = place.stack.hostile_reports().await.ok()?;
            reports.iter().any(|report| report["attack"] == attack && report["step"] == step).then_some(())
        })
        .await;
    };
    portal.until("the page", |picture| portal.has_links(picture)).await;
    portal.click(ATTACKS).unwrap();
    step("rest", "ready").await;

    // On a busy machine a copy may take longer than a key counts: then the person presses it again.
    wait_until("the person's own copy", LIMIT, || async {
        portal.click_middle().ok()?;
        place.desk.key("ctrl+a").ok()?;
        place.desk.key("ctrl+c").ok()?;
        pasted(&place).await.contains("waits for what to do").then_some(())
    })
    .await;
    let refused = async || records(&agent, &session, "attempt_refused", "\"clipboard\"").await;
    let before = refused().await;

    place.stack.order_attack("copy").await.unwrap();
    step("copy", "ready").await;
    portal.click_middle().unwrap();
    step("copy", "done").await;
    wait_until("the attempt on record", LIMIT, || async { (refused().await > before).then_some(()) }).await;
    assert_eq!(pasted(&place).await, "");
}
