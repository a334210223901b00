//! Tasks starts tokio tasks, which all wait for one notification, and lets them go
//! on when it is told to. It reads commands from its standard input and answers
//! each with a line; see README.md.

use std::io::stdin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::Arc;
use std::time::Instant;
use tokio::runtime::Runtime;
use tokio::sync::Notify;

/// What all tasks share.
#[derive(Default)]
struct Group {
    counted: AtomicUsize,
    sum: AtomicUsize,
    all: Notify,     // all are counted, or all have added
    release: Notify, // they may go on
}

async fn task(group: Arc<Group>, want: usize) {
    let released = group.release.notified(); // from here on it cannot be missed
    if group.counted.fetch_add(1, SeqCst) + 1 == want {
        group.all.notify_one();
    }
    released.await;
    if group.sum.fetch_add(1, SeqCst) + 1 == group.counted.load(SeqCst) {
        group.all.notify_one();
    }
}

async fn park(group: Arc<Group>, n: usize) -> String {
    let begin = Instant::now();
    let want = group.counted.load(SeqCst) + n;
    for _ in 0..n {
        tokio::spawn(task(group.clone(), want));
    }
    group.all.notified().await;
    format!("parked {n} {} 0", begin.elapsed().as_nanos())
}

async fn wake(group: Arc<Group>) -> String {
    let begin = Instant::now();
    if group.counted.load(SeqCst) > 0 {
        group.release.notify_waiters();
        group.all.notified().await;
    }
    group.counted.store(0, SeqCst);
    let sum = group.sum.swap(0, SeqCst);
    format!("woken {sum} {}", begin.elapsed().as_nanos())
}

async fn start(n: usize) -> String {
    let begin = Instant::now();
    for _ in 0..n {
        tokio::spawn(async {}).await.unwrap();
    }
    format!("started {}", begin.elapsed().as_nanos() / n as u128)
}

async fn round_trip(n: usize) -> String {
    let (there, back) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (asked, answer) = (there.clone(), back.clone());
    let other = tokio::spawn(async move {
        for _ in 0..n {
            asked.notified().await;
            answer.notify_one();
        }
    });
    let begin = Instant::now();
    for _ in 0..n {
        there.notify_one();
        back.notified().await;
    }
    let took = begin.elapsed();
    other.await.unwrap();
    format!("roundtrip {}", took.as_nanos() / n as u128)
}

fn main() {
    if std::env::args().len() > 1 {
        eprintln!("unknown arguments");
        std::process::exit(2);
    }
    let runtime = Runtime::new().unwrap();
    let group = Arc::new(Group::default());
    println!("ready {}", std::env::var("TOKIO_VERSION").unwrap_or("tokio".to_string()));
    for line in stdin().lines() {
        let line = line.unwrap();
        let (command, number) = line.split_once(' ').unwrap_or((&line, "0"));
        let (n, group) = (number.parse().unwrap_or(0), group.clone());
        // Each on a task, so that it runs as what it measures.
        let answer = match (command, n) {
            ("wake", _) => runtime.spawn(wake(group)),
            ("park", 1..) => runtime.spawn(park(group, n)),
            ("start", 1..) => runtime.spawn(start(n)),
            ("roundtrip", 1..) => runtime.spawn(round_trip(n)),
            _ => runtime.spawn(async { "unknown command".to_string() }),
        };
        println!("{}", runtime.block_on(answer).unwrap());
    }
    runtime.shutdown_background();
}
