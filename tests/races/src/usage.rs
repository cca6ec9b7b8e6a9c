//! What a server's processes use, as Linux tells it in /proc.

use std::fs;
use std::io;
use std::time::Duration;

/// What a process and its children hold, in kB: a page that n processes share counts as 1/n. Linux.
pub fn memory(process: u32) -> io::Result<f64> {
    let own = fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?
        .lines()
        .find_map(|line| {
            line.strip_prefix("Pss:")?
                .trim()
                .trim_end_matches(" kB")
                .parse()
                .ok()
        })
        .ok_or_else(|| io::Error::other("the kernel does not tell the memory of a process"))?;
    // A child that has ended meanwhile holds nothing.
    let children = children(process)?.into_iter();
    Ok(children.fold(own, |sum, child| sum + memory(child).unwrap_or(0.0)))
}

/// The processor time that the present threads of a process and of its children have had. Linux.
pub fn processor(process: u32) -> io::Result<Duration> {
    let mut sum = Duration::ZERO;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        // A thread that has ended meanwhile is not among the present ones.
        let told = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
        let nanoseconds = told.split(' ').next().and_then(|first| first.parse().ok());
        sum += Duration::from_nanos(nanoseconds.unwrap_or(0));
    }
    for child in children(process)? {
        sum += processor(child).unwrap_or_default();
    }
    Ok(sum)
}

fn children(process: u32) -> io::Result<Vec<u32>> {
    let told = fs::read_to_string(format!("/proc/{process}/task/{process}/children"))?;
    let numbers = told.split_whitespace();
    Ok(numbers.filter_map(|number| number.parse().ok()).collect())
}
