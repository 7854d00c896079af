//! What processes use, and where they run.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_setaffinity};

/// Above this share of one core by strangers, a measurement is taken again.
const DISTURBED: f64 = 0.12;
const ATTEMPTS: usize = 5;

/// What some processes used over a while.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Use {
    /// Of one core: 1.0 is all of it.
    pub(crate) cpu: f64,
    /// Resident memory at the end.
    pub(crate) memory_kib: u64,
    /// What all that is not part of this benchmark used of one core meanwhile.
    pub(crate) foreign: f64,
}

/// Measures a process and its children over `time`, again while strangers disturb.
pub(crate) async fn measure(process: u32, time: Duration) -> Use {
    let mut best: Option<Use> = None;
    for _ in 0..ATTEMPTS {
        let now = once(process, time).await;
        if best.is_none_or(|best| now.foreign < best.foreign) {
            best = Some(now);
        }
        if now.foreign <= DISTURBED {
            break;
        }
        println!(
            "  (disturbed: others used {:.0} % of a core)",
            now.foreign * 100.0
        );
    }
    best.expect("there is at least one attempt")
}

async fn once(process: u32, time: Duration) -> Use {
    let (watched, ours, all) = (Cpu::of(process), Cpu::of(std::process::id()), busy());
    let begun = Instant::now();
    tokio::time::sleep(time).await;
    let seconds = begun.elapsed().as_secs_f64();
    let used = Cpu::of(process).since(&watched) / seconds;
    let ours = Cpu::of(std::process::id()).since(&ours) / seconds;
    Use {
        cpu: used,
        memory_kib: memory_kib(process),
        foreign: ((busy() - all) / seconds - ours).max(0.0),
    }
}

/// The CPU time of each thread of a process and of its children: nanoseconds by thread.
struct Cpu(HashMap<u32, u64>);

impl Cpu {
    fn of(process: u32) -> Self {
        let mut threads = HashMap::new();
        for process in family(process) {
            let Ok(tasks) = fs::read_dir(format!("/proc/{process}/task")) else {
                continue;
            };
            for task in tasks.flatten() {
                let Some(id) = number(&task.file_name().to_string_lossy()) else {
                    continue;
                };
                let stat = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
                let first = stat.split_whitespace().next();
                threads.insert(id, first.and_then(|text| text.parse().ok()).unwrap_or(0));
            }
        }
        Self(threads)
    }

    /// Seconds since then. A thread that has ended meanwhile is not counted.
    fn since(&self, earlier: &Self) -> f64 {
        let used = |(id, now): (&u32, &u64)| {
            let before = earlier.0.get(id).copied().unwrap_or(0);
            Duration::from_nanos(now.saturating_sub(before)).as_secs_f64()
        };
        self.0.iter().map(used).sum()
    }
}

/// Seconds that all cores together have been busy.
fn busy() -> f64 {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = stat.lines().next().unwrap_or_default();
    let ticks: Vec<f64> = line
        .split_whitespace()
        .skip(1)
        .filter_map(|text| text.parse().ok())
        .collect();
    // user, nice, system; then idle and iowait; irq, softirq.
    let at = |index: usize| ticks.get(index).copied().unwrap_or(0.0);
    (at(0) + at(1) + at(2) + at(5) + at(6)) / 100.0
}

/// Resident memory of a process and its children.
pub(crate) fn memory_kib(process: u32) -> u64 {
    let of = |process| {
        let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line?.split_whitespace().next()?.parse::<u64>().ok()
    };
    family(process).into_iter().filter_map(of).sum()
}

/// A process and all that it started.
fn family(first: u32) -> HashSet<u32> {
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let id = number(&entry.file_name().to_string_lossy())?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            let (_, rest) = stat.rsplit_once(')')?;
            Some((id, number(rest.split_whitespace().nth(1)?)?))
        })
        .collect();
    let mut family = HashSet::from([first]);
    loop {
        let known = family.len();
        for (id, parent) in &parents {
            if family.contains(parent) {
                family.insert(*id);
            }
        }
        if family.len() == known {
            return family;
        }
    }
}

fn number(text: &str) -> Option<u32> {
    text.parse().ok()
}

/// Lets this thread, and what it starts from now on, run on this core only.
pub(crate) fn pin(core: usize) -> io::Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    Ok(sched_setaffinity(None, &cores)?)
}

/// Lets this thread, and what it starts from now on, run everywhere.
pub(crate) fn unpin() -> io::Result<()> {
    let mut cores = CpuSet::new();
    for core in 0..CpuSet::MAX_CPU {
        cores.set(core);
    }
    Ok(sched_setaffinity(None, &cores)?)
}
