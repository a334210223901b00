//! Tasks starts threads, which all wait on one condition variable, and lets them
//! go on when it is told to. It reads commands from its standard input and answers
//! each with a line; see README.md.

use std::io::stdin;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{Builder, JoinHandle};
use std::time::Instant;

/// What all threads share.
#[derive(Default)]
struct Group {
    state: Mutex<State>,
    all: Condvar,     // all are counted
    release: Condvar, // they may go on
}

#[derive(Default)]
struct State {
    counted: usize,
    expected: usize,
    sum: usize,
    released: bool,
}

/// Has a bit for each thread id there can be: pid_max is at most 1 << 22.
static SEEN: [AtomicU64; (1 << 22) / 64] = [const { AtomicU64::new(0) }; (1 << 22) / 64];

#[cfg(target_os = "linux")]
fn see_thread() {
    extern "C" {
        fn gettid() -> i32;
    }
    let id = unsafe { gettid() } as usize;
    SEEN[id / 64].fetch_or(1 << (id % 64), SeqCst);
}

#[cfg(not(target_os = "linux"))]
fn see_thread() {}

/// The number of threads noted since the last call.
fn threads_seen() -> u32 {
    let noted = SEEN.iter().filter(|word| word.load(SeqCst) != 0);
    noted.map(|word| word.swap(0, SeqCst).count_ones()).sum()
}

fn task(group: &Group) {
    see_thread();
    let mut state = group.state.lock().unwrap();
    state.counted += 1;
    if state.counted == state.expected {
        group.all.notify_one();
    }
    while !state.released {
        state = group.release.wait(state).unwrap();
    }
    state.sum += 1;
}

fn park(group: &Arc<Group>, threads: &mut Vec<JoinHandle<()>>, n: usize) -> String {
    let begin = Instant::now();
    group.state.lock().unwrap().expected += n;
    let mut refused = None;
    let mut made = 0;
    while made < n && refused.is_none() {
        let shared = group.clone();
        match Builder::new().spawn(move || task(&shared)) {
            Ok(thread) => {
                threads.push(thread);
                made += 1;
            }
            Err(error) => refused = Some(error),
        }
    }
    let mut state = group.state.lock().unwrap();
    state.expected -= n - made;
    while state.counted < state.expected {
        state = group.all.wait(state).unwrap();
    }
    let took = begin.elapsed().as_nanos();
    let distinct = threads_seen();
    match refused {
        Some(error) => format!("refused {made} {error}"),
        None => format!("parked {n} {took} {distinct}"),
    }
}

fn wake(group: &Group, threads: &mut Vec<JoinHandle<()>>) -> String {
    let begin = Instant::now();
    group.state.lock().unwrap().released = true;
    group.release.notify_all();
    for thread in threads.drain(..) {
        thread.join().unwrap();
    }
    let sum = std::mem::take(&mut *group.state.lock().unwrap()).sum;
    format!("woken {sum} {}", begin.elapsed().as_nanos())
}

fn start(n: usize) -> String {
    let begin = Instant::now();
    for _ in 0..n {
        std::thread::spawn(|| {}).join().unwrap();
    }
    format!("started {}", begin.elapsed().as_nanos() / n as u128)
}

/// A player waits for its turn and then gives it to the other one.
fn play(n: usize, me: usize, table: &(Mutex<usize>, [Condvar; 2])) {
    let (turn, conds) = table;
    let mut turn = turn.lock().unwrap();
    for _ in 0..n {
        while *turn != me {
            turn = conds[me].wait(turn).unwrap();
        }
        *turn = 1 - me;
        conds[1 - me].notify_one();
    }
}

fn round_trip(n: usize) -> String {
    let table = Arc::new((Mutex::new(0), [Condvar::new(), Condvar::new()]));
    let shared = table.clone();
    let begin = Instant::now();
    let other = std::thread::spawn(move || play(n, 1, &shared));
    play(n, 0, &table);
    other.join().unwrap();
    format!("roundtrip {}", begin.elapsed().as_nanos() / n as u128)
}

fn main() {
    if std::env::args().len() > 1 {
        eprintln!("unknown arguments");
        std::process::exit(2);
    }
    println!("ready {}", std::env::var("RUSTC_VERSION").unwrap_or("Rust".to_string()));
    let group = Arc::new(Group::default());
    let mut threads = Vec::new();
    for line in stdin().lines() {
        let line = line.unwrap();
        let (command, number) = line.split_once(' ').unwrap_or((&line, "0"));
        let n = number.parse().unwrap_or(0);
        let answer = match (command, n) {
            ("wake", _) => wake(&group, &mut threads),
            ("park", 1..) => park(&group, &mut threads, n),
            ("start", 1..) => start(n),
            ("roundtrip", 1..) => round_trip(n),
            _ => "unknown command".to_string(),
        };
        println!("{answer}");
    }
    std::process::exit(0); // though threads may wait
}
