//! What `cargo tp` has done by a program that is linked to the library: training steps for
//! `tp bench pas`, readings for `tp bench images`, checks and preparations for `tp data import`, drawings for `tp data synth`, trainings
//! for `tp bench biais` and `tp bench effets`. Reads one JSON request a line on stdin, answers one JSON line on stdout, ends
//! with its input.

mod age_classes;
mod autoencoder;
mod cacd;
mod detectors;
mod draws;
mod effects;
mod efficientnet;
mod error;
mod formula;
mod gender_age;
mod gender_age_steps;
mod images;
mod labels;
mod profile;
mod protocol;
mod shortcut;
mod study;
mod synth;
mod vae64;
mod workload;
mod young_old;

use std::{
    io::{BufRead, Write},
    process::ExitCode,
    time::Instant,
};

use error::{Error, Result};
use protocol::{Answer, Request, Settings};
use workload::Workload;

fn main() -> ExitCode {
    visages::device::share_this_thread();
    let mut session = Session::default();
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else {
            return ExitCode::from(2);
        };
        if line.trim().is_empty() {
            continue;
        }
        let answer = session
            .answer(&line, &mut output)
            .unwrap_or_else(|error| Answer::Failed {
                ok: false,
                error: error.to_string(),
            });
        let written = serde_json::to_string(&answer)
            .map_err(std::io::Error::other)
            .and_then(|text| writeln!(output, "{text}"))
            .and_then(|()| output.flush());
        if written.is_err() {
            // Whoever asked is gone.
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// What one request leaves for the next.
#[derive(Default)]
struct Session {
    workload: Option<Box<dyn Workload>>,
}

impl Session {
    fn answer(&mut self, line: &str, output: &mut impl Write) -> Result<Answer> {
        match Request::read(line)? {
            Request::Prepare(settings) => self.prepare(&settings),
            Request::Check { steps } => {
                let workload = self.workload()?;
                let losses = (0..steps).map(|_| workload.checked_step());
                Ok(Answer::Losses {
                    ok: true,
                    losses: losses.collect::<Result<_>>()?,
                })
            }
            Request::Time { steps } => {
                let workload = self.workload()?;
                let timed = (0..steps).map(|_| {
                    let start = Instant::now();
                    workload.step()?;
                    Ok(start.elapsed().as_secs_f64() * 1e3)
                });
                Ok(Answer::Times {
                    ok: true,
                    milliseconds: timed.collect::<Result<_>>()?,
                })
            }
            Request::Profile { repeats } => Ok(Answer::Profile {
                ok: true,
                profile: self.workload()?.profile(repeats)?,
            }),
            Request::Synth(drawing) => {
                let report = drawing.write_folder(output)?;
                Ok(Answer::Written {
                    ok: true,
                    files: report.files,
                    resumed: report.resumed,
                    malformed: report.malformed,
                    duplicates: report.duplicates,
                    contradictions: report.contradictions,
                })
            }
            Request::Images(reading) => reading.read(),
            Request::H5 { path } => {
                let (faces, others) = visages::data::count_h5(&path)?;
                Ok(Answer::Counted {
                    ok: true,
                    faces,
                    others,
                })
            }
            Request::Cacd(preparation) => preparation.write(output),
            Request::Study(trial) => Ok(Answer::Studied {
                ok: true,
                outcome: trial.run()?,
            }),
            Request::Effects(trial) => Ok(Answer::Effects {
                ok: true,
                outcome: Box::new(trial.run()?),
            }),
            Request::Labels(reading) => Ok(Answer::Labels {
                ok: true,
                outcome: reading.run()?,
            }),
            Request::Ages(trial) => Ok(Answer::Ages {
                ok: true,
                outcome: Box::new(trial.run()?),
            }),
            Request::AgesPhotographs(trial) => Ok(Answer::AgesPhotographs {
                ok: true,
                outcome: trial.run()?,
            }),
            Request::GenderAge(trial) => Ok(Answer::GenderAge {
                ok: true,
                outcome: Box::new(trial.run()?),
            }),
            Request::Headline(trial) => Ok(Answer::Headline {
                ok: true,
                outcome: Box::new(trial.run()?),
            }),
            Request::Autoencoder(trial) => Ok(Answer::Autoencoder {
                ok: true,
                outcome: Box::new(trial.run()?),
            }),
            Request::Shortcut(reading) => Ok(Answer::Shortcut {
                ok: true,
                outcome: reading.run()?,
            }),
            Request::Sheet(drawing) => {
                drawing.write_sheet()?;
                Ok(Answer::Drawn { ok: true })
            }
        }
    }

    fn prepare(&mut self, settings: &Settings) -> Result<Answer> {
        settings.check()?;
        let workload = workload::build(settings)?;
        let trainable = workload.trainable();
        self.workload = Some(workload);
        Ok(Answer::Prepared {
            ok: true,
            engine: engine(),
            threads: rayon::current_num_threads(),
            trainable,
        })
    }

    fn workload(&mut self) -> Result<&mut dyn Workload> {
        match &mut self.workload {
            Some(workload) => Ok(workload.as_mut()),
            None => Err(Error::NotPrepared),
        }
    }
}

/// Who computes: our kernels, or burn's operations when `TP_OPERATIONS=burn`.
fn engine() -> String {
    let operations = match visages::ops::cpu::enabled() {
        true => "nos noyaux",
        false => "opérations de burn",
    };
    format!("visages {} ({operations})", env!("CARGO_PKG_VERSION"))
}
