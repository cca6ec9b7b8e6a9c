//! Thirty objects three ways: the figures of the book's page, and its pictures, which are drawn only when asked:
//! `NETLAB_PICTURES=$PWD/book/src/pictures cargo test -p sol15 pictures`

extern crate http2_solution as http2;

mod page;
mod picture;

use netlab::lab;
use netlab::sim::{Kind, nth};
use page::{How, Run, ms};

const WAYS: [How; 3] = [How::Http1(1), How::Http1(6), How::Http2];
const LOSS: f64 = 0.02;
/// An odd number, so that one of them is in the middle.
const SEEDS: u64 = 51;

/// Milliseconds, as the page has them. Without loss; with loss the run in the middle, and the one that nine of ten are not
/// slower than.
const ROWS: [[u128; 3]; 3] = [[2087, 5607, 7502], [622, 1156, 1543], [711, 3341, 4308]];
/// With one segment lost: the time of the page, and how many objects are under way when it is lost.
const ONE_LOST: [(u128, usize); 2] = [(720, 6), (1162, 30)];
/// The longest time in which nothing comes, in the drawn run of HTTP/2.
const PAUSE: u128 = 251;

/// All runs with loss, the fastest first.
fn by_time(how: How) -> Vec<Run> {
    let mut runs: Vec<Run> = (0..SEEDS)
        .map(|seed| page::with_loss(how, LOSS, seed))
        .collect();
    runs.sort_by_key(Run::end);
    runs
}

#[test]
fn the_figures_of_the_page() {
    let rows = WAYS.map(|how| {
        let none = page::with_loss(how, 0.0, 0);
        let lossy = by_time(how);
        let [middle, slow] = [5, 9].map(|tenths| &lossy[lossy.len() * tenths / 10]);
        if how == How::Http2 {
            assert_eq!(ms(middle.longest_pause()), PAUSE);
        }
        [&none, middle, slow].map(|run| ms(run.end()))
    });
    assert_eq!(rows, ROWS);
}

/// One segment of the server's is lost, in the middle of the page.
#[test]
fn one_lost_segment_stops_all_streams() {
    let rows = [How::Http1(6), How::Http2].map(|how| {
        let run = page::without(how, nth(200, Kind::Data));
        (ms(run.end()), run.under_way(run.losses[0]))
    });
    assert_eq!(rows, ONE_LOST);
}

#[test]
fn pictures_of_the_waterfall() {
    if std::env::var_os("NETLAB_PICTURES").is_none() {
        return;
    }
    lab(|lab| {
        let none: Vec<(How, Run)> = WAYS.map(|how| (how, page::with_loss(how, 0.0, 0))).into();
        lab.draws(
            "15-waterfall",
            picture::draw("Thirty objects, no loss", &none),
        );
        let middle = WAYS.map(|how| {
            let mut runs = by_time(how);
            (how, runs.swap_remove(runs.len() / 2))
        });
        let title = "Thirty objects, two of a hundred segments are lost";
        lab.draws("15-waterfall-loss", picture::draw(title, &middle));
    });
}
