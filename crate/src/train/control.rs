//! What changes from step to step and from epoch to epoch: the learning rate, and whether to go on.

use burn::lr_scheduler::{
    LrSchedulerConfig,
    module_lr_scheduler::{ModuleLrScheduler, ModuleLrSchedulerConfig},
};
use serde::{Deserialize, Serialize};

use super::{
    EarlyStopping, FitConfig, History, ReduceOnPlateau, ValidationTarget, exact::Exact,
    history::listed,
};
use crate::error::{Error, Result};

/// A learning rate that follows a plan of burn's.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// burn's plan: constant, step, exponential, cosine, linear, noam, composed, sequential.
    pub plan: LrSchedulerConfig,
    /// Whether the plan advances once an epoch rather than once a step.
    pub by_epoch: bool,
}

impl Schedule {
    fn init(&self) -> Result<ModuleLrScheduler> {
        let config = ModuleLrSchedulerConfig::new(self.plan.clone());
        config.init().map_err(|reason| {
            Error::argument(
                "schedule",
                format!("{:?}", self.plan),
                format!("un plan que burn accepte (sa réponse : {reason})"),
            )
        })
    }
}

/// What [`Control`] must find again after an interruption; the schedule is found by its number of steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ControlState {
    /// What the plateau has multiplied the rate by.
    factor: Exact,
    plateau_best: Option<Exact>,
    plateau_wait: u32,
    best: Option<Exact>,
    /// Epoch of `best`.
    pub(super) best_epoch: Option<u32>,
    wait: u32,
}

impl ControlState {
    fn new() -> Self {
        Self {
            factor: Exact(1.0),
            plateau_best: None,
            plateau_wait: 0,
            best: None,
            best_epoch: None,
            wait: 0,
        }
    }
}

/// What an epoch's validation leads to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Judgement {
    /// The weights are the best so far: keep them.
    pub(super) keeps: bool,
    /// The rate from now on, when it has just been reduced.
    pub(super) reduced: Option<f64>,
    /// Nothing improves any more: end.
    pub(super) ends: bool,
}

/// The learning rate, the plateau and early stopping of one training.
pub(super) struct Control {
    base: f64,
    schedule: Option<(ModuleLrScheduler, bool)>,
    plateau: Option<ReduceOnPlateau>,
    stopping: Option<EarlyStopping>,
    state: ControlState,
}

impl Control {
    pub(super) fn new(config: &FitConfig) -> Result<Self> {
        let schedule = match &config.schedule {
            Some(schedule) => Some((schedule.init()?, schedule.by_epoch)),
            None => None,
        };
        Ok(Self {
            base: config.learning_rate,
            schedule,
            plateau: config.plateau,
            stopping: config.early_stopping,
            state: ControlState::new(),
        })
    }

    /// Goes on from a state saved after so many epochs and steps.
    pub(super) fn resume(&mut self, state: ControlState, epochs: u32, steps: usize) {
        self.state = state;
        if let Some((schedule, by_epoch)) = &mut self.schedule {
            let calls = if *by_epoch { epochs as usize } else { steps };
            for _ in 0..calls {
                self.base = schedule.step().base();
            }
        }
    }

    pub(super) fn state(&self) -> &ControlState {
        &self.state
    }

    /// Whether the best weights are kept.
    pub(super) fn keeps_best(&self) -> bool {
        self.stopping.is_some()
    }

    /// Whether it had ended when it was saved.
    pub(super) fn ended(&self) -> bool {
        self.stopping
            .is_some_and(|stopping| self.state.wait >= stopping.patience)
    }

    pub(super) fn begin_epoch(&mut self) {
        if let Some((schedule, true)) = &mut self.schedule {
            self.base = schedule.step().base();
        }
    }

    /// Advances by one step.
    pub(super) fn begin_step(&mut self) {
        if let Some((schedule, false)) = &mut self.schedule {
            self.base = schedule.step().base();
        }
    }

    /// The learning rate now.
    pub(super) fn learning_rate(&self) -> f64 {
        let rate = self.base * self.state.factor.0;
        match self.plateau {
            Some(plateau) if self.state.factor.0 < 1.0 => rate.max(plateau.min_learning_rate),
            _ => rate,
        }
    }

    /// Looks at what the epoch's validation measured.
    ///
    /// # Errors
    /// [`Error::Argument`] when a choice has to be made and nothing was measured to make it by.
    pub(super) fn judge(&mut self, epoch: u32, history: &History) -> Result<Judgement> {
        if self.plateau.is_none() && self.stopping.is_none() {
            return Ok(Judgement::default());
        }
        let Some((metric, target)) = history.chosen() else {
            return Err(no_target(history));
        };
        let value = history
            .points()
            .last()
            .map_or(f64::NAN, |point| point.values[metric]);
        let reduced = self.judge_plateau(value, &target);
        let mut judgement = Judgement {
            reduced,
            ..Judgement::default()
        };
        if let Some(stopping) = self.stopping {
            let best = self.state.best.map(|best| best.0);
            judgement.keeps = target.improves(value, best, stopping.min_delta);
            if judgement.keeps {
                self.state.best = Some(Exact(value));
                self.state.best_epoch = Some(epoch);
                self.state.wait = 0;
            } else {
                self.state.wait += 1;
            }
            judgement.ends = self.state.wait >= stopping.patience;
        }
        Ok(judgement)
    }

    fn judge_plateau(&mut self, value: f64, target: &ValidationTarget) -> Option<f64> {
        let plateau = self.plateau?;
        let before = self.learning_rate();
        let state = &mut self.state;
        let best = state.plateau_best.map(|best| best.0);
        if target.improves(value, best, plateau.min_delta) {
            state.plateau_best = Some(Exact(value));
            state.plateau_wait = 0;
            return None;
        }
        state.plateau_wait += 1;
        if state.plateau_wait < plateau.patience || before <= plateau.min_learning_rate {
            return None;
        }
        state.plateau_wait = 0;
        state.factor = Exact(state.factor.0 * plateau.factor);
        Some(self.learning_rate())
    }
}

fn no_target(history: &History) -> Error {
    match history.metrics() {
        [] => Error::argument(
            "validation",
            "aucune",
            "arrêter l'entraînement ou réduire le taux d'apprentissage selon la validation demande une validation : \
             entraînez avec Trainer::new(…) et ajoutez-la avec .with_validation(…)",
        ),
        metrics => Error::argument(
            "target",
            "aucune mesure choisie",
            format!(
                "la mesure selon laquelle choisir, parmi {} : par exemple \
                 .with_target(ValidationTarget::highest(\"exactitude\"))",
                listed(metrics)
            ),
        ),
    }
}
