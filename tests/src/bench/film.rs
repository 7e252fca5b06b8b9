//! The screen as a person sees it, filmed: a thread reads a grid of its points again and again.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError, mpsc},
    time::Duration,
};

use amberglass_domain::ports::Clock as _;
use amberglass_system::SystemClock;
use amberglass_testkit::wait_until;
use anyhow::Result;

use crate::picture::{Area, Screen};

/// Pixels between two points of the grid, in both directions.
const STEP: usize = 8;
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);
/// A picture stands when it has hardly changed for so long: clocks on it tick on.
const REST_MILLIS: i64 = 500;
const BETWEEN_COMPARISONS_MILLIS: i64 = 300;
const LIMIT: Duration = Duration::from_secs(15);

/// The grid's colours, row after row.
pub type Points = Vec<[u8; 3]>;

/// A picture and when it first stood there.
#[derive(Clone)]
struct Frame {
    at: i64,
    points: Arc<Points>,
}

/// A running film; only changes are kept.
pub struct Film {
    frames: Arc<Mutex<Vec<Frame>>>,
    columns: usize,
    _stop: mpsc::Sender<()>,
}

impl Film {
    /// Films what the X server keeps in `file`, until the value is dropped.
    pub fn start(file: &Path) -> Result<Self> {
        let screen = Screen::open(file)?;
        let columns = screen.width.div_ceil(STEP);
        let frames = Arc::new(Mutex::new(Vec::<Frame>::new()));
        let (stop, stopped) = mpsc::channel::<()>();
        let kept = Arc::clone(&frames);
        std::thread::spawn(move || {
            while stopped.recv_timeout(BETWEEN_LOOKS) == Err(mpsc::RecvTimeoutError::Timeout) {
                let Ok(points) = screen.points(STEP) else { return };
                let at = SystemClock.monotonic_millis();
                let mut frames = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if frames.last().is_none_or(|last| *last.points != points) {
                    frames.push(Frame { at, points: Arc::new(points) });
                }
            }
        });
        Ok(Self { frames, columns, _stop: stop })
    }

    fn frames(&self) -> Vec<Frame> {
        self.frames.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Since when the area has looked as it does at rest; `covered` says of a colour that it only hides what is to be
    /// seen, so that a picture made of it mostly is none to wait for.
    ///
    /// Counted are the points that stand out from the ground, and nine out of ten of them suffice: clocks tick on.
    pub async fn stands_since(&self, area: Area, covered: &[[u8; 3]]) -> i64 {
        wait_until("the picture to stand", LIMIT, || async {
            // Comparing costs time that the windows need to get there.
            SystemClock.sleep_until(SystemClock.monotonic_millis() + BETWEEN_COMPARISONS_MILLIS).await;
            let now = SystemClock.monotonic_millis();
            let cut: Vec<Cut> =
                self.frames().iter().map(|frame| Cut { at: frame.at, points: self.cut(&frame.points, area) }).collect();
            stood_since(&cut, now, covered)
        })
        .await
    }

    /// What the area looks like now.
    pub fn looks(&self, area: Area) -> Points {
        self.frames().last().map(|last| self.cut(&last.points, area)).unwrap_or_default()
    }

    /// When the area first looked otherwise than at the beginning.
    pub fn first_change(&self, area: Area) -> Option<i64> {
        let frames = self.frames();
        let first = self.cut(&frames.first()?.points, area);
        frames.iter().find(|frame| self.cut(&frame.points, area) != first).map(|frame| frame.at)
    }

    /// Waits until the area looks like `wanted`, and answers since when it does. Counted as in [`Film::stands_since`].
    pub async fn looks_like_since(&self, area: Area, wanted: &Points) -> i64 {
        wait_until("the wanted picture", LIMIT, || async {
            SystemClock.sleep_until(SystemClock.monotonic_millis() + BETWEEN_COMPARISONS_MILLIS).await;
            let cut: Vec<Cut> =
                self.frames().iter().map(|frame| Cut { at: frame.at, points: self.cut(&frame.points, area) }).collect();
            like_since(&cut, wanted)
        })
        .await
    }

    fn cut(&self, points: &Points, area: Area) -> Points {
        let place = |pixel: i32| usize::try_from(pixel).unwrap_or_default() / STEP;
        let (x, y, width, height) = area;
        let rows = points.chunks(self.columns).skip(place(y) + 1).take(place(height).saturating_sub(1));
        rows.flat_map(|row| row.iter().skip(place(x) + 1).take(place(width).saturating_sub(1)).copied()).collect()
    }
}

struct Cut {
    at: i64,
    points: Points,
}

fn stood_since(frames: &[Cut], now: i64, covered: &[[u8; 3]]) -> Option<i64> {
    let last = frames.last()?;
    let hidden = last.points.iter().filter(|point| covered.contains(point)).count();
    if hidden * 2 >= last.points.len() {
        return None;
    }
    let before = frames.iter().rev().find(|frame| frame.at <= now - REST_MILLIS)?;
    if !alike(&before.points, &last.points, |_| true, 99) {
        return None;
    }
    like_since(frames, &last.points)
}

/// `None` when the last frame does not look like `wanted`.
fn like_since(frames: &[Cut], wanted: &Points) -> Option<i64> {
    let other = frames.iter().rev().find(|frame| !shows(&frame.points, wanted));
    match other {
        Some(other) => frames.iter().find(|frame| frame.at > other.at).map(|frame| frame.at),
        None => frames.first().map(|frame| frame.at),
    }
}

/// Whether nine out of ten of the points of `wanted` that stand out from its ground are the same in `found`.
pub fn shows(found: &Points, wanted: &Points) -> bool {
    let Some(ground) = most_frequent(wanted) else { return false };
    found.len() == wanted.len() && alike(found, wanted, |point| *point != ground, 90)
}

/// How many in a hundred of the points stand out from the ground.
pub fn ink_percent(points: &Points) -> usize {
    let Some(ground) = most_frequent(points) else { return 0 };
    points.iter().filter(|point| **point != ground).count() * 100 / points.len().max(1)
}

/// Whether so many in a hundred of the counted points of `wanted` are the same in `found`.
fn alike(found: &Points, wanted: &Points, counts: impl Fn(&[u8; 3]) -> bool, percent: usize) -> bool {
    let counted: Vec<bool> =
        found.iter().zip(wanted).filter(|(_, wanted)| counts(wanted)).map(|(found, wanted)| found == wanted).collect();
    counted.iter().filter(|same| **same).count() * 100 >= counted.len() * percent
}

fn most_frequent(points: &Points) -> Option<[u8; 3]> {
    let mut counts = std::collections::HashMap::new();
    for point in points {
        *counts.entry(*point).or_insert(0_usize) += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(point, _)| point)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUND: [u8; 3] = [250; 3];
    const INK: [u8; 3] = [10; 3];
    const GREY: [u8; 3] = [200; 3];

    fn cut(at: i64, ink: usize, ground: [u8; 3]) -> Cut {
        let points = (0..200).map(|index| if index < ink { INK } else { ground }).collect();
        Cut { at, points }
    }

    #[test]
    fn a_page_stands_from_the_frame_in_which_its_ink_is_there() {
        let frames = [cut(0, 0, GREY), cut(100, 0, GROUND), cut(140, 40, GROUND), cut(180, 41, GROUND)];
        assert_eq!(stood_since(&frames, 2000, &[GREY]), Some(140));
    }

    #[test]
    fn what_looks_otherwise_in_the_end_is_waited_for() {
        let wanted = cut(0, 40, GROUND).points;
        let frames = [cut(0, 0, GROUND), cut(100, 20, GROUND), cut(140, 38, GROUND), cut(180, 40, GROUND)];
        assert_eq!(like_since(&frames, &wanted), Some(140));
        assert_eq!(like_since(&frames[..2], &wanted), None);
        assert_eq!(like_since(&[], &wanted), None);
    }

    #[test]
    fn a_picture_that_still_changes_or_only_hides_is_not_waited_for_in_vain() {
        let frames = [cut(0, 0, GREY), cut(100, 40, GROUND)];
        assert_eq!(stood_since(&frames, 300, &[GREY]), None);
        assert_eq!(stood_since(&[cut(0, 5, GREY)], 2000, &[GREY]), None);
    }
}
