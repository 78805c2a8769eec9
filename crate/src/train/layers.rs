//! The layers of a model by their names: which parameters a penalty weighs on, which ones are frozen.
//!
//! The name of a layer is the path of struct fields that leads to it: `hidden`, `encoder.conv1`, `blocks.2.conv`. A
//! name stands for all that is under it.

use std::collections::BTreeMap;

use burn::{
    Tensor,
    module::{Flag, Module, ModuleVisitor, Param, ParamGroup},
};

use super::history::listed;
use crate::error::{Error, Result};

/// Name of the field that holds a layer's kernel, in burn's layers and ours.
const KERNEL: &str = "weight";

/// The penalty `λ‖w‖²` on the kernels of some layers: Keras' `kernel_regularizer=l2(λ)`.
///
/// It is added to the loss, hence `2λw` to the gradient of each kernel; biases and normalisations have none. (The
/// `weight_decay` of an optimizer is another thing: it adds `λw` to the gradient of every parameter.)
///
/// ```
/// use visages::train::{FitConfig, Penalty};
/// let config = FitConfig::new().with_penalty(Penalty::l2(1e-4).on(["hidden", "output"]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Penalty {
    /// λ.
    pub l2: f64,
    /// Names of the layers, every layer when there is none.
    pub layers: Vec<String>,
}

impl Penalty {
    /// The penalty `l2 · ‖w‖²` on the kernel of every layer.
    pub fn l2(l2: f64) -> Self {
        Self {
            l2,
            layers: Vec::new(),
        }
    }

    /// Limits it to these layers, and to what is under them.
    pub fn on<S: Into<String>>(mut self, layers: impl IntoIterator<Item = S>) -> Self {
        self.layers = layers.into_iter().map(Into::into).collect();
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        match self.l2.is_finite() && self.l2 >= 0.0 {
            true => Ok(()),
            false => Err(Error::argument(
                "l2",
                self.l2,
                "un nombre positif ou nul, par exemple 1e-4",
            )),
        }
    }
}

/// Stops the training of these layers and of what is under them: no gradient is computed for them, their batch norms
/// keep their statistics and use them, their dropouts let everything through.
///
/// ```
/// # use visages::{burn::prelude::*, models::StandardCnnConfig, train::freeze_layers};
/// let model = StandardCnnConfig::new().init(&Device::flex());
/// let model = freeze_layers(model, ["conv1", "norm1"])?;
/// # Ok::<(), visages::Error>(())
/// ```
///
/// # Errors
/// [`Error::Argument`] for a name that leads to nothing, with the names there are.
pub fn freeze_layers<M: Module>(
    model: M,
    layers: impl IntoIterator<Item = impl Into<String>>,
) -> Result<M> {
    let group = group(&model, layers)?;
    Ok(model.freeze_group(group))
}

/// Has these layers, and what is under them, train again; see [`freeze_layers`].
///
/// # Errors
/// [`Error::Argument`] for a name that leads to nothing, with the names there are.
pub fn unfreeze_layers<M: Module>(
    model: M,
    layers: impl IntoIterator<Item = impl Into<String>>,
) -> Result<M> {
    let group = group(&model, layers)?;
    Ok(model.unfreeze_group(group))
}

fn group<M: Module>(
    model: &M,
    layers: impl IntoIterator<Item = impl Into<String>>,
) -> Result<ParamGroup> {
    let layers: Vec<String> = layers.into_iter().map(Into::into).collect();
    let paths = Paths::of(model);
    Ok(ParamGroup::from_paths(paths.under(
        &layers,
        &paths.all,
        "aucun paramètre",
    )?))
}

/// The paths of what a model holds.
pub(super) struct Paths {
    /// Parameters, statistics and flags.
    all: Vec<String>,
    /// Kernels.
    kernels: Vec<String>,
}

impl Paths {
    pub(super) fn of<M: Module>(model: &M) -> Self {
        let mut collect = Collect {
            path: Vec::new(),
            paths: Self {
                all: Vec::new(),
                kernels: Vec::new(),
            },
        };
        model.visit(&mut collect);
        collect.paths
    }

    /// λ of every kernel with a penalty; several on one kernel add up.
    pub(super) fn penalties(&self, penalties: &[Penalty]) -> Result<BTreeMap<String, f64>> {
        let mut found = BTreeMap::new();
        for penalty in penalties {
            penalty.check()?;
            let paths = match penalty.layers.is_empty() {
                true => self.kernels.clone(),
                false => self.under(&penalty.layers, &self.kernels, "aucun noyau")?,
            };
            for path in paths {
                *found.entry(path).or_insert(0.0) += penalty.l2;
            }
        }
        found.retain(|_, l2| *l2 > 0.0);
        Ok(found)
    }

    /// Those of `paths` that lie under `layers`; `nothing` says what a name without any leads to.
    fn under(&self, layers: &[String], paths: &[String], nothing: &str) -> Result<Vec<String>> {
        let mut found = Vec::new();
        for layer in layers {
            let before = found.len();
            let inside = paths.iter().filter(|path| is_under(path, layer));
            found.extend(inside.cloned());
            if found.len() == before {
                return Err(Error::argument(
                    "layers",
                    format!("« {layer} », qui ne mène à {nothing}"),
                    format!(
                        "le nom d'une couche de ce modèle : {}",
                        listed(&self.layers())
                    ),
                ));
            }
        }
        Ok(found)
    }

    /// Names of the layers, at most twenty.
    fn layers(&self) -> Vec<&str> {
        const SHOWN: usize = 20;
        let mut names: Vec<&str> = Vec::new();
        for path in &self.all {
            let layer = path
                .rsplit_once('.')
                .map_or(path.as_str(), |(layer, _)| layer);
            if !names.contains(&layer) {
                names.push(layer);
            }
        }
        if names.len() > SHOWN {
            names.truncate(SHOWN);
            names.push("…");
        }
        names
    }
}

fn is_under(path: &str, layer: &str) -> bool {
    path.strip_prefix(layer)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

struct Collect {
    path: Vec<String>,
    paths: Paths,
}

impl ModuleVisitor for Collect {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, _param: &Param<Tensor<D>>) {
        let path = self.path.join(".");
        if self.path.last().is_some_and(|name| name == KERNEL) && D > 1 {
            self.paths.kernels.push(path.clone());
        }
        self.paths.all.push(path);
    }

    fn visit_flag(&mut self, _flag: &Param<Flag>) {
        self.paths.all.push(self.path.join("."));
    }
}

/// `Σ λ‖w‖²` of a model.
pub(super) fn penalty_value<M: Module>(
    model: &M,
    penalties: &BTreeMap<String, f64>,
) -> Result<f64> {
    struct Sum<'a> {
        penalties: &'a BTreeMap<String, f64>,
        path: Vec<String>,
        sum: Result<f64>,
    }

    impl ModuleVisitor for Sum<'_> {
        fn enter_module(&mut self, name: &str, _container: &str) {
            self.path.push(name.to_owned());
        }

        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.path.pop();
        }

        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(l2) = self.penalties.get(&self.path.join("."))
                && let Ok(sum) = &mut self.sum
            {
                let squares = param.val().without_autodiff().square().sum();
                match squares.try_into_scalar::<f32>() {
                    Ok(squares) => *sum += l2 * f64::from(squares),
                    Err(error) => self.sum = Err(error.into()),
                }
            }
        }
    }

    let mut sum = Sum {
        penalties,
        path: Vec::new(),
        sum: Ok(0.0),
    };
    model.visit(&mut sum);
    sum.sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_what_is_under_it_and_nothing_else() {
        assert!(is_under("conv1.weight", "conv1"));
        assert!(is_under("encoder.conv1.weight", "encoder"));
        assert!(is_under("encoder.conv1.weight", "encoder.conv1"));
        assert!(is_under("conv1.weight", "conv1.weight"));
        assert!(!is_under("conv10.weight", "conv1"));
        assert!(!is_under("encoder.conv1.weight", "conv1"));
    }
}
