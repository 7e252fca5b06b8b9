//! A trail into a file of the person's choice.

use std::path::PathBuf;

use amberglass_app::{
    Command,
    host::{HostEvent, WantedFile},
    view::{ConsoleErrorCode, ExportView, TrailView, UiErrorCode},
};
use amberglass_wire::{
    audit::{Attempt, ChainedRecord, EventBody, EventDetail, TrailFormat},
    export::ExportLine,
};

use crate::{host::is_on_disk, world::World};

/// The trail of a session that has ended is open.
async fn open_trail() -> World {
    let world = World::in_session().await;
    let recorder = world.host.recorder();
    let download = move || recorder.refused(Attempt::Download, Some("=HYPERLINK(1)"));
    tokio::task::spawn_blocking(download).await.unwrap();
    world.handle.command(Command::EndSession {});
    world.until("ended", |view| view.ended.is_some() && view.queue.waiting == 0).await;
    world.handle.command(Command::OpenTrail { session: world.session() });
    world.until("the trail", |view| view.trail.as_ref().is_some_and(|trail| !trail.events.is_empty())).await;
    world
}

async fn asked(world: &World, format: TrailFormat) -> WantedFile {
    let before = world.host.wanted.lock().unwrap().len();
    world.handle.command(Command::ExportTrail { format });
    world.until_true("the question", || world.host.wanted.lock().unwrap().len() > before).await;
    world.host.wanted.lock().unwrap().last().cloned().unwrap()
}

fn choose(world: &World, wanted: &WantedFile, file: Option<PathBuf>) {
    world.handle.host_event(HostEvent::FileChosen { number: wanted.number, file });
}

async fn until_export(world: &World, what: &str, condition: impl Fn(&ExportView) -> bool) -> TrailView {
    world.until(what, |view| view.trail.as_ref().is_some_and(|trail| condition(&trail.export))).await.trail.unwrap()
}

async fn until_failed(world: &World) -> UiErrorCode {
    let trail = until_export(world, "it fails", |export| matches!(export, ExportView::Failed { .. })).await;
    match trail.export {
        ExportView::Failed { error } => error.code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_trail_goes_byte_for_byte_into_a_file_after_that_is_on_record() {
    let world = open_trail().await;
    let shown: Vec<ChainedRecord> = world.server.with(|state| {
        state.delivered.iter().filter(|record| record.session == Some(world.session())).cloned().collect()
    });
    let wanted = asked(&world, TrailFormat::JsonLines).await;
    assert_eq!(wanted.suggested_name, "amberglass-AG-7K3Q1.jsonl");
    assert!(!is_on_disk(world.data_dir(), "trail_exported"));
    let file = world.data_dir().join("out.jsonl");
    choose(&world, &wanted, Some(file.clone()));
    let done = |export: &ExportView| matches!(export, ExportView::Done { .. });
    until_export(&world, "done", done).await;
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<ChainedRecord> = text
        .lines()
        .map(|line| match serde_json::from_str(line).unwrap() {
            ExportLine::Record(record) => record,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(lines, shown);
    let recorded = |record: &ChainedRecord| record.kind == "trail_exported";
    world.until_true("the record", || world.server.with(|state| state.delivered.iter().any(recorded))).await;
    let record = world.server.with(|state| state.delivered.iter().find(|record| recorded(record)).cloned()).unwrap();
    let body: EventBody = serde_json::from_str(&record.body).unwrap();
    assert_eq!(body.detail, EventDetail::TrailExported { format: TrailFormat::JsonLines });
    assert_eq!(record.session, Some(world.session()));
    assert_eq!(body.subject.customer.unwrap().as_str(), "c1");
    // It is a line of the trail that was taken along.
    let has_line = |trail: &TrailView| trail.events.iter().any(|event| event.kind == "trail_exported");
    world.until("the line", |view| view.trail.as_ref().is_some_and(has_line)).await;
}

#[tokio::test]
async fn a_table_for_reading_has_a_line_for_each_event() {
    let world = open_trail().await;
    let events = world.host.view().trail.unwrap().events;
    let wanted = asked(&world, TrailFormat::Csv).await;
    let file = world.data_dir().join("out.csv");
    choose(&world, &wanted, Some(file.clone()));
    until_export(&world, "done", |export| matches!(export, ExportView::Done { .. })).await;
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<_> = text.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), events.len() + 1);
    let refused = lines.iter().find(|line| line.contains("\"attempt_refused\"")).unwrap();
    assert!(refused.contains("\"'=HYPERLINK(1)\",\"download\",\"yes\""), "{refused}");
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_exported() {
    let world = open_trail().await;
    let wanted = asked(&world, TrailFormat::Csv).await;
    let _lock = world.lock_journal().await;
    let file = world.data_dir().join("out.csv");
    choose(&world, &wanted, Some(file.clone()));
    assert_eq!(until_failed(&world).await, UiErrorCode::Console(ConsoleErrorCode::ExportNotRecorded));
    assert!(!file.exists());
}

#[tokio::test]
async fn a_file_that_is_there_already_is_never_written_over_and_a_person_may_think_better_of_it() {
    let world = open_trail().await;
    let file = world.data_dir().join("mine.csv");
    std::fs::write(&file, "mine").unwrap();
    let wanted = asked(&world, TrailFormat::Csv).await;
    choose(&world, &wanted, Some(file.clone()));
    assert_eq!(until_failed(&world).await, UiErrorCode::Console(ConsoleErrorCode::ExportExists));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    let wanted = asked(&world, TrailFormat::Csv).await;
    choose(&world, &wanted, None);
    until_export(&world, "nothing", |export| *export == ExportView::Idle {}).await;
    // An answer that comes twice, or to a question that is over, writes nothing.
    let late = world.data_dir().join("late.csv");
    choose(&world, &wanted, Some(late.clone()));
    asked(&world, TrailFormat::Csv).await;
    assert!(!late.exists());
}
