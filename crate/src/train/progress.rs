//! Progress lines: an estimate after ten steps, then one whole line a tenth of the steps or a minute.

use std::time::{Duration, Instant};

use crate::french::{compact, decimal, duration};

/// Least time between two lines.
const PERIOD: Duration = Duration::from_secs(2);

/// Time after which a line is due wherever the loop is.
const SILENCE: Duration = Duration::from_secs(60);

/// Parts of a loop that end in a line.
const PARTS: usize = 10;

/// Steps after which the total duration is announced.
const WARM_UP: usize = 10;

/// Steps whose mean loss closes the report.
const LAST: usize = 20;

/// Follows a loop of a known number of steps and says what to print.
pub(super) struct Progress {
    epochs: u32,
    total: usize,
    /// Steps made before the start, by the training that this one goes on with.
    before: usize,
    start: Instant,
    last_line: Instant,
    /// Part of the loop that the last line was about.
    last_part: usize,
    last_step: Instant,
    /// Epoch of the last step.
    epoch: u32,
    /// Seconds of the first steps.
    paces: Vec<f64>,
    /// Seconds of the first step of each epoch, which is prepared for (resampling, shuffling) before.
    openings: Vec<f64>,
}

impl Progress {
    /// A loop of `total` steps over `epochs` epochs that starts now.
    pub(super) fn start(epochs: u32, total: usize) -> Self {
        let now = Instant::now();
        Self {
            epochs,
            total,
            before: 0,
            start: now,
            last_line: now,
            last_part: 0,
            last_step: now,
            epoch: 0,
            paces: Vec::with_capacity(WARM_UP),
            openings: Vec::new(),
        }
    }

    /// The same loop, `before` of whose steps were made in an earlier run.
    pub(super) fn after(self, before: usize) -> Self {
        Self { before, ..self }
    }

    /// Seconds since the start.
    pub(super) fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    /// The line to print after step number `step` (from 1, over all runs), if one is due.
    pub(super) fn after_step(&mut self, epoch: u32, step: usize, loss: f64) -> Option<String> {
        let now = Instant::now();
        let seconds = now.duration_since(self.last_step).as_secs_f64();
        self.last_step = now;
        self.record(epoch, seconds);
        let to_make = self.total.saturating_sub(self.before);
        let made = step - self.before;
        if made == WARM_UP && to_make > WARM_UP {
            self.last_line = now;
            return Some(self.estimate(to_make));
        }
        let part = PARTS * made / to_make.max(1);
        let silence = now.duration_since(self.last_line);
        let due = part > self.last_part && silence >= PERIOD || silence >= SILENCE;
        if step == self.total || made < WARM_UP || !due {
            return None;
        }
        (self.last_line, self.last_part) = (now, part);
        Some(self.line(epoch, step, loss, self.seconds()))
    }

    /// Takes note of how long a step took, with what came before it.
    fn record(&mut self, epoch: u32, seconds: f64) {
        if self.epoch != epoch {
            self.epoch = epoch;
            self.openings.push(seconds);
        }
        if self.paces.len() < WARM_UP {
            self.paces.push(seconds);
        }
    }

    /// Seconds of one step: the median of the first ones, of which one had an epoch to prepare.
    fn pace(&self) -> f64 {
        let mut paces = self.paces.clone();
        paces.sort_by(f64::total_cmp);
        paces.get(paces.len() / 2).copied().unwrap_or_default()
    }

    /// Seconds that preparing all epochs so far took.
    fn preparation(&self) -> f64 {
        let pace = self.pace();
        let extra = self.openings.iter().map(|opening| opening - pace);
        extra.map(|extra| extra.max(0.0)).sum()
    }

    /// What is announced after the first steps.
    fn estimate(&self, to_make: usize) -> String {
        let pace = self.pace();
        let epochs = (to_make * self.epochs as usize).div_ceil(self.total.max(1));
        let whole = pace * to_make as f64 + self.preparation() * epochs as f64;
        format!(
            "{to_make} pas · {} ms par pas · durée estimée : {}",
            decimal(1000.0 * pace, 0),
            duration(whole),
        )
    }

    fn line(&self, epoch: u32, step: usize, loss: f64, seconds: f64) -> String {
        let preparation = self.preparation();
        let pace = (seconds - preparation).max(0.0) / (step - self.before) as f64;
        let each = preparation / self.openings.len().max(1) as f64;
        let rest = pace * self.total.saturating_sub(step) as f64
            + each * f64::from(self.epochs.saturating_sub(epoch));
        format!(
            "époque {epoch}/{} · pas {step}/{} · perte {} · temps écoulé {} · reste environ {}",
            self.epochs,
            self.total,
            compact(loss),
            duration(seconds),
            duration(rest),
        )
    }

    /// The last line, after steps with these losses.
    ///
    /// It gives the mean of the last ones: one batch alone is noisy, and a smoothed loss still
    /// remembers the first steps.
    pub(super) fn end(&self, losses: &[f64], stopped: bool) -> String {
        let what = if stopped { "arrêté" } else { "terminé" };
        let last = &losses[losses.len().saturating_sub(LAST)..];
        let loss = match last.len() {
            0 => String::new(),
            count => {
                let mean = last.iter().sum::<f64>() / count as f64;
                format!(
                    " · perte moyenne des {count} derniers pas : {}",
                    compact(mean)
                )
            }
        };
        let (steps, time) = (losses.len() - self.before, duration(self.seconds()));
        format!("{what} : {steps} pas en {time}{loss}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_french_and_estimate_the_rest() {
        let progress = Progress::start(2, 150);
        // 40 steps in 12 s: 110 steps remain, 33 s.
        assert_eq!(
            progress.line(1, 40, 0.4212, 12.0),
            "époque 1/2 · pas 40/150 · perte 0,421 · temps écoulé 00:12 · reste environ 00:33"
        );
        assert_eq!(
            progress.end(
                &[vec![9.0; 130], vec![0.1; 10], vec![0.2; 10]].concat(),
                false
            ),
            "terminé : 150 pas en 00:00 · perte moyenne des 20 derniers pas : 0,15"
        );
        assert_eq!(progress.end(&[], true), "arrêté : 0 pas en 00:00");
        // More steps than were announced.
        let late = progress.line(2, 160, 0.4, 12.0);
        assert!(late.ends_with("reste environ 00:00"), "{late}");
    }

    #[test]
    fn the_estimate_comes_after_ten_steps_and_lines_are_spaced() {
        let mut progress = Progress::start(1, 100);
        for step in 1..10 {
            assert_eq!(progress.after_step(1, step, 1.0), None);
        }
        let estimate = progress.after_step(1, 10, 1.0);
        assert!(estimate.is_some_and(|line| line.contains("durée estimée")));
        // A tenth further, but at once; then in time.
        assert_eq!(progress.after_step(1, 20, 1.0), None);
        progress.last_line -= PERIOD;
        assert!(progress.after_step(1, 21, 1.0).is_some());
        // In time, but no tenth further; then after a long silence.
        progress.last_line -= PERIOD;
        assert_eq!(progress.after_step(1, 22, 1.0), None);
        progress.last_line -= SILENCE;
        assert!(progress.after_step(1, 23, 1.0).is_some());
        // The last step leaves the word to the closing line.
        progress.last_line -= SILENCE;
        assert_eq!(progress.after_step(1, 100, 1.0), None);
    }

    #[test]
    fn preparing_an_epoch_is_not_taken_for_a_slow_step() {
        // Six epochs of 280 steps of 0.2 s, 5 s to prepare each: 366 s in all.
        let mut progress = Progress::start(6, 1680);
        progress.record(1, 5.2);
        for _ in 1..10 {
            progress.record(1, 0.2);
        }
        assert_eq!(
            progress.estimate(1680),
            "1680 pas · 200 ms par pas · durée estimée : 06:06"
        );
        // After 7 s and ten steps: 1670 steps and five preparations remain.
        assert!(
            progress
                .line(1, 10, 0.5, 7.0)
                .ends_with("temps écoulé 00:07 · reste environ 05:59")
        );
        // Half of it resumed: three epochs.
        assert!(
            Progress {
                before: 840,
                ..progress
            }
            .estimate(840)
            .ends_with("03:03")
        );
    }
}
