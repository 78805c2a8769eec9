//! What a training step computes, in a few numbers: how a checkpoint tells that a step was edited.
//!
//! The step is made once on a batch that is always the same, from weights that are always the same (drawn as PyTorch
//! draws them, from a seed of ours), with an optimizer that notes the gradients and changes nothing. The loss, the norm
//! of each gradient and the learning rate are kept in the key of the checkpoint. Another loss, another architecture's
//! wiring, a gradient multiplied by something: one of these numbers moves.

use std::sync::{Arc, Mutex, PoisonError};

use burn::{
    Tensor,
    module::{Module, ModuleVisitor, Param, ParamGroup},
    optim::{LearningRate, ModuleOptimizer, Optimizer},
    tensor::Device,
};
use serde::{Deserialize, Serialize};

use super::{Descent, Task, exact::Exact};
use crate::{error::Result, french::compact, models::Initialization};

/// Seed of the weights, of the batch and of what the step draws.
pub(super) const SEED: u64 = 0x5eed;

/// Relative difference that other processors and other numbers of threads explain.
const TOLERANCE: f64 = 1e-3;

/// Share of the whole gradient below which one parameter's is rounding noise (a bias before a batch norm).
const NOISE: f64 = 1e-4;

/// What a step computes: names and numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Probe {
    /// Loss, learning rate, and what the task adds.
    numbers: Vec<(String, Exact)>,
    /// Norm of the gradient of each parameter, by its path.
    gradients: Vec<(String, Exact)>,
}

impl Probe {
    /// Makes the step of `task` once, on a copy of `model` with other weights; nothing when the task has no batch
    /// for it.
    pub(super) fn of<M: Module, T: Task<M>>(
        model: &M,
        task: &mut T,
        device: &Device,
        learning_rate: f64,
    ) -> Result<Option<Self>> {
        let Some(batch) = task.probe_batch(device)? else {
            return Ok(None);
        };
        let model = Initialization::Pytorch.redraw(model.clone(), SEED);
        let seen = Arc::new(Mutex::new(Seen::default()));
        let mut descent = Descent::new(note(&model, &seen), None);
        descent.learning_rate = learning_rate;
        device.seed(SEED);
        let mut numbers: Vec<(String, Exact)> = task
            .probe(&model)?
            .into_iter()
            .map(|(name, value)| (name, Exact(value)))
            .collect();
        device.seed(SEED);
        let (_, loss) = task.step(model.train(), &mut descent, &batch)?;
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.insert(0, ("perte sur un lot d'essai".to_owned(), Exact(loss)));
        numbers.push((
            "taux d'apprentissage de l'étape".to_owned(),
            Exact(seen.learning_rate),
        ));
        Ok(Some(Self {
            numbers,
            gradients: seen.gradients.clone(),
        }))
    }

    /// How `self`, the step one wants, differs from `saved`, in French; nothing when it does not.
    pub(super) fn difference(&self, saved: &Self) -> Option<String> {
        let told = |what: &str, here: f64, there: f64| {
            Some(format!(
                "votre étape d'entraînement ne calcule plus la même chose ({what} : {} à l'enregistrement, {} ici)",
                compact(there),
                compact(here)
            ))
        };
        let names = |pairs: &[(String, Exact)]| -> Vec<String> {
            pairs.iter().map(|(name, _)| name.clone()).collect()
        };
        if names(&self.numbers) != names(&saved.numbers)
            || names(&self.gradients) != names(&saved.gradients)
        {
            return told(
                "paramètres qui reçoivent un gradient",
                self.gradients.len() as f64,
                saved.gradients.len() as f64,
            );
        }
        for ((name, here), (_, there)) in self.numbers.iter().zip(&saved.numbers) {
            if !alike(here.0, there.0, 0.0) {
                return told(name, here.0, there.0);
            }
        }
        let noise = NOISE * saved.norm().max(self.norm());
        for ((path, here), (_, there)) in self.gradients.iter().zip(&saved.gradients) {
            if !alike(here.0, there.0, noise) {
                return told(&format!("norme du gradient de « {path} »"), here.0, there.0);
            }
        }
        None
    }

    /// Norm of the whole gradient.
    fn norm(&self) -> f64 {
        let squares = self.gradients.iter().map(|(_, norm)| norm.0.powi(2));
        squares.sum::<f64>().sqrt()
    }
}

/// Whether two numbers differ by no more than another processor would make them.
fn alike(a: f64, b: f64, noise: f64) -> bool {
    // Infinities and what is no number are alike when they are the same.
    a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= TOLERANCE * a.abs().max(b.abs()) + noise
}

/// What the noting optimizer saw.
#[derive(Default)]
struct Seen {
    learning_rate: f64,
    gradients: Vec<(String, Exact)>,
}

/// An optimizer that notes the norm of every gradient in `seen`, and changes nothing.
fn note<M: Module>(model: &M, seen: &Arc<Mutex<Seen>>) -> ModuleOptimizer {
    struct Paths(Vec<String>, Vec<String>);

    impl ModuleVisitor for Paths {
        fn enter_module(&mut self, name: &str, _container: &str) {
            self.0.push(name.to_owned());
        }

        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.0.pop();
        }

        fn visit_float<const D: usize>(&mut self, _param: &Param<Tensor<D>>) {
            self.1.push(self.0.join("."));
        }
    }

    let mut paths = Paths(Vec::new(), Vec::new());
    model.visit(&mut paths);
    let noter = |path: &str| Noter {
        path: path.to_owned(),
        seen: Arc::clone(seen),
    };
    paths
        .1
        .iter()
        .fold(ModuleOptimizer::from(noter("?")), |optimizer, path| {
            optimizer.with_group(ParamGroup::from_path(path.as_str()), noter(path), None)
        })
}

#[derive(Clone)]
struct Noter {
    path: String,
    seen: Arc<Mutex<Seen>>,
}

impl Optimizer for Noter {
    type State<const D: usize> = ();

    fn step<const D: usize>(
        &self,
        learning_rate: LearningRate,
        parameter: Tensor<D>,
        gradient: Tensor<D>,
        _state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let square = gradient.square().sum().try_into_scalar::<f32>();
        let norm = square.map_or(f64::NAN, |square| f64::from(square).sqrt());
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.learning_rate = learning_rate;
        seen.gradients.push((self.path.clone(), Exact(norm)));
        (parameter, None)
    }

    fn to_device<const D: usize>(state: Self::State<D>, _device: &Device) -> Self::State<D> {
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(loss: f64, gradients: &[(&str, f64)]) -> Probe {
        Probe {
            numbers: vec![("perte sur un lot d'essai".to_owned(), Exact(loss))],
            gradients: gradients
                .iter()
                .map(|(path, norm)| ((*path).to_owned(), Exact(*norm)))
                .collect(),
        }
    }

    #[test]
    fn rounding_is_no_difference_and_an_edit_is() {
        let saved = probe(0.7, &[("a", 2.0), ("b", 1e-9)]);
        // Another processor: a few units of the last digits, and a bias whose gradient is noise.
        assert_eq!(
            probe(0.700_01, &[("a", 2.000_1), ("b", 3e-9)]).difference(&saved),
            None
        );
        let loss = probe(0.71, &[("a", 2.0), ("b", 1e-9)]).difference(&saved);
        assert!(loss.is_some_and(|text| text.contains("0,7 à l'enregistrement, 0,71 ici")));
        let gradient = probe(0.7, &[("a", 2.1), ("b", 1e-9)]).difference(&saved);
        assert!(gradient.is_some_and(|text| text.contains("gradient de « a »")));
        let fewer = probe(0.7, &[("a", 2.0)]).difference(&saved);
        assert!(fewer.is_some_and(|text| text.contains("2 à l'enregistrement, 1 ici")));
        let nothing = probe(f64::NAN, &[]);
        assert_eq!(nothing.difference(&nothing.clone()), None);
    }
}
