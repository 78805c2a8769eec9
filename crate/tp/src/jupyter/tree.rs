//! A process and its descendants (Linux): who they are, how much memory they take. Elsewhere there is no `/proc` and both
//! are empty.

use crate::platform;

/// All processes below `root`, with their start times.
pub(crate) fn descendants(root: u32) -> Vec<(u32, Option<u64>)> {
    let mut found = Vec::new();
    let mut waiting = vec![root];
    while let Some(parent) = waiting.pop() {
        for child in platform::children(parent) {
            found.push((child, start_time(child)));
            waiting.push(child);
        }
    }
    found
}

/// Start of a process in clock ticks since the machine's; `None` where `/proc` is not there.
pub(crate) fn start_time(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?
        .1
        .split_whitespace()
        .nth(19)?
        .parse()
        .ok()
}

/// Kills the processes that are still the listed ones: a start time tells them from later ones of the same number.
pub(crate) fn end(processes: &[(u32, Option<u64>)]) {
    for (pid, started) in processes {
        if started.is_some() && start_time(*pid) == *started {
            platform::kill(*pid);
        }
    }
}

/// Memory of a process and of all its descendants, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TreeMemory {
    /// Resident memory; pages shared by several processes count once each.
    pub resident: u64,
    /// Proportional memory; a page shared by *n* processes counts 1/*n* in each.
    pub proportional: u64,
}

/// Measures a process tree (Linux); `None` where `/proc` is not there.
pub fn tree_memory(root: u32) -> Option<TreeMemory> {
    let mut total = process_memory(root)?;
    for (pid, _) in descendants(root) {
        // A process that ended in between counts for nothing.
        if let Some(memory) = process_memory(pid) {
            total.resident += memory.resident;
            total.proportional += memory.proportional;
        }
    }
    Some(total)
}

fn process_memory(pid: u32) -> Option<TreeMemory> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let field = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace()
            .nth(1)?
            .parse::<u64>()
            .ok()
            .map(|kib| kib * 1024)
    };
    Some(TreeMemory {
        resident: field("Rss:")?,
        proportional: field("Pss:")?,
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::jupyter::KernelCommand;
    use crate::jupyter::process::KernelProcess;
    use std::time::{Duration, Instant};

    #[test]
    fn memory_of_a_tree_counts_the_children() {
        let process = KernelProcess::start(&KernelCommand::new([
            "sh",
            "-c",
            "sleep 60 & sleep 60 & wait",
        ]))
        .unwrap();
        let start = Instant::now();
        while platform::children(process.id()).len() < 2 && start.elapsed() < Duration::from_secs(5)
        {
            std::thread::sleep(Duration::from_millis(20));
        }
        let alone = process_memory(process.id()).unwrap();
        let tree = tree_memory(process.id()).unwrap();
        assert!(tree.resident > alone.resident && tree.proportional > alone.proportional);
        assert!(tree.proportional <= tree.resident);
    }
}
