//! Progress lines: one whole line every two seconds, and an estimate after ten steps.

use std::time::{Duration, Instant};

use crate::french::{decimal, duration};

/// Seconds between two lines.
const PERIOD: Duration = Duration::from_secs(2);

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
        let seconds = self.seconds();
        let (made, to_make) = (step - self.before, self.total - self.before);
        if made == WARM_UP && to_make > WARM_UP {
            self.last_line = Instant::now();
            let whole = seconds / made as f64 * to_make as f64;
            return Some(format!(
                "{to_make} pas · {} ms par pas · durée estimée : {}",
                decimal(1000.0 * seconds / made as f64, 0),
                duration(whole),
            ));
        }
        if step == self.total || self.last_line.elapsed() < PERIOD {
            return None;
        }
        self.last_line = Instant::now();
        Some(self.line(epoch, step, loss, seconds))
    }

    fn line(&self, epoch: u32, step: usize, loss: f64, seconds: f64) -> String {
        let rest = seconds / (step - self.before) as f64 * (self.total - step) as f64;
        format!(
            "époque {epoch}/{} · pas {step}/{} · perte {} · {} écoulé · ~{} restant",
            self.epochs,
            self.total,
            decimal(loss, 3),
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
                    decimal(mean, 3)
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
            "époque 1/2 · pas 40/150 · perte 0,421 · 00:12 écoulé · ~00:33 restant"
        );
        assert_eq!(
            progress.end(
                &[vec![9.0; 130], vec![0.1; 10], vec![0.2; 10]].concat(),
                false
            ),
            "terminé : 150 pas en 00:00 · perte moyenne des 20 derniers pas : 0,150"
        );
        assert_eq!(progress.end(&[], true), "arrêté : 0 pas en 00:00");
    }

    #[test]
    fn the_estimate_comes_after_ten_steps_and_lines_are_spaced() {
        let mut progress = Progress::start(1, 100);
        for step in 1..10 {
            assert_eq!(progress.after_step(1, step, 1.0), None);
        }
        let estimate = progress.after_step(1, 10, 1.0);
        assert!(estimate.is_some_and(|line| line.contains("durée estimée")));
        assert_eq!(progress.after_step(1, 11, 1.0), None);
        progress.last_line -= PERIOD;
        assert!(progress.after_step(1, 12, 1.0).is_some());
        // The last step leaves the word to the closing line.
        progress.last_line -= PERIOD;
        assert_eq!(progress.after_step(1, 100, 1.0), None);
    }
}
