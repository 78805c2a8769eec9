//! How far a reading of many files, or a drawing of many images, is: a bar where the host shows one, else lines.

use std::time::{Duration, Instant};

use super::{check, host};
use crate::{error::Result, french::grouped};

/// A reading that lasts longer than this tells how far it is, where no bar does.
const PROGRESS_EVERY: Duration = Duration::from_secs(2);

/// Follows one reading.
pub trait ReadingWatcher {
    /// Whether progress is shown, so that printed lines would say it twice.
    fn shows(&self) -> bool;

    /// So many files are read.
    fn at(&mut self, done: usize);
}

/// One reading of many files, or one drawing of many images: shows how far it is.
pub(crate) struct Reading {
    what: String,
    /// What each one becomes, in the plural: « fichiers lus ».
    each: &'static str,
    /// What a stop ends, with its article.
    work: String,
    total: usize,
    verbose: bool,
    watcher: Option<Box<dyn ReadingWatcher>>,
    start: Instant,
    last_line: Instant,
    told: bool,
}

impl Reading {
    /// `total` files to read: `what` they are, with its article.
    pub(crate) fn start(what: &str, total: usize, verbose: bool) -> Self {
        let work = format!("la lecture ({what})");
        Self::of(what, ("fichiers lus", &work), total, verbose)
    }

    /// `total` pictures to draw: shown where a host shows readings, silent elsewhere.
    pub(crate) fn drawing(total: usize) -> Self {
        let shown = host().is_some_and(|host| host.reading.is_some());
        let named = ("images dessinées", "le dessin");
        Self::of("Dessin des images", named, total, shown)
    }

    /// `total` images to work on: `what` they become, « Caractéristiques », what each then is, « images calculées », and
    /// the work that a stop ends, with its article.
    pub(crate) fn of(
        what: &str,
        (each, work): (&'static str, &str),
        total: usize,
        verbose: bool,
    ) -> Self {
        let now = Instant::now();
        let maker = host().and_then(|host| host.reading);
        Self {
            what: what.to_owned(),
            each,
            work: work.to_owned(),
            total,
            verbose,
            watcher: maker.map(|maker| maker(what, each, total, verbose)),
            start: now,
            last_line: now,
            told: false,
        }
    }

    /// So many files are read; for a reading that has nothing to return before its end.
    ///
    /// # Errors
    /// [`Error::Stopped`](crate::Error::Stopped) when the reader interrupts it.
    pub(crate) fn at(&mut self, done: usize) -> Result<()> {
        self.show(done);
        match done < self.total {
            true => check(&self.work),
            false => Ok(()),
        }
    }

    /// So many files are read; for a reading that looks itself at the wish to stop.
    pub(crate) fn show(&mut self, done: usize) {
        let mut shown = false;
        if let Some(watcher) = &mut self.watcher {
            watcher.at(done);
            shown = watcher.shows();
        }
        if !self.verbose || shown {
            return;
        }
        let seconds = self.start.elapsed().as_secs_f64();
        if done == self.total && self.told {
            let done = grouped(&done.to_string());
            println!("  {} : {done} {} en {seconds:.0} s", self.what, self.each);
        } else if done < self.total && self.last_line.elapsed() >= PROGRESS_EVERY {
            self.last_line = Instant::now();
            self.told = true;
            let [done, total] = [done, self.total].map(|count| grouped(&count.to_string()));
            println!(
                "  {} : {done} {} sur {total} ({seconds:.0} s)",
                self.what, self.each
            );
        }
    }
}
