//! How long the parts of a step take.
//!
//! Two views: the phases of a real step (forward, loss, backward, optimizer), and every layer alone
//! on an input of its real size. A layer's backward pass is a difference: that of the sum of its
//! output, weighted, less that of the same sum over a leaf.

use std::time::{Duration, Instant};

use serde::Serialize;
use visages::{
    burn::{
        module::Module,
        optim::{GradientsParams, ModuleOptimizer},
        prelude::*,
    },
    data::{DetectionLoader, ImageStore},
};

use crate::{
    error::{Error, Result},
    formula,
};

/// Names and times of the parts of a step.
#[derive(Debug, Default, Serialize)]
pub struct Profile {
    /// Parts of a real step, in order, then what surrounds it.
    pub phases: Vec<Phase>,
    /// Layers alone, in the order of the forward pass.
    pub layers: Vec<Layer>,
}

/// One part of a step.
#[derive(Debug, Serialize)]
pub struct Phase {
    /// In French, as `tp` shows it.
    pub name: &'static str,
    pub milliseconds: f64,
}

/// One layer alone.
#[derive(Debug, Serialize)]
pub struct Layer {
    /// « conv1 », in the words of the model's code.
    pub name: String,
    /// Shape of its output.
    pub output: Vec<usize>,
    pub forward: f64,
    /// Gradients of its parameters and, unless it reads the images, of its input.
    pub backward: f64,
}

/// Times the phases of several steps and keeps the median of each.
pub struct Phases {
    names: Vec<&'static str>,
    times: Vec<Vec<f64>>,
}

impl Phases {
    /// Runs `step` `repeats` times, after one for nothing.
    pub fn measure(
        repeats: usize,
        mut step: impl FnMut(&mut Clock) -> Result<()>,
    ) -> Result<Vec<Phase>> {
        let mut phases = Self {
            names: Vec::new(),
            times: Vec::new(),
        };
        for repeat in 0..=repeats {
            let mut clock = Clock::start();
            step(&mut clock)?;
            if repeat > 0 {
                phases.add(clock.laps);
            }
        }
        let medians = phases.times.into_iter().map(median);
        Ok(phases
            .names
            .into_iter()
            .zip(medians)
            .map(|(name, milliseconds)| Phase { name, milliseconds })
            .collect())
    }

    fn add(&mut self, laps: Vec<(&'static str, Duration)>) {
        for (index, (name, elapsed)) in laps.into_iter().enumerate() {
            if index == self.names.len() {
                self.names.push(name);
                self.times.push(Vec::new());
            }
            self.times[index].push(milliseconds(elapsed));
        }
    }
}

/// A stopwatch with named laps.
pub struct Clock {
    last: Instant,
    laps: Vec<(&'static str, Duration)>,
}

impl Clock {
    fn start() -> Self {
        Self {
            last: Instant::now(),
            laps: Vec::new(),
        }
    }

    /// Ends the phase `name`, which began with the end of the phase before.
    pub fn lap(&mut self, name: &'static str) {
        self.laps.push((name, self.last.elapsed()));
        self.last = Instant::now();
    }

    /// The end of every training step: loss read, backward pass, update of the model.
    pub fn finish<M: Module>(
        &mut self,
        model: M,
        loss: Tensor<1>,
        optimizer: &mut ModuleOptimizer,
        learning_rate: f64,
    ) -> Result<M> {
        let value = loss.clone().try_into_scalar::<f32>().map_err(execution)?;
        self.lap("lecture de la perte");
        if !value.is_finite() {
            return Err(Error::Execution("la perte n'est plus un nombre".to_owned()));
        }
        let gradients = loss.backward();
        self.lap("rétropropagation");
        let gradients = GradientsParams::from_grads(gradients, &model);
        let model = optimizer.step(learning_rate, model, gradients);
        self.lap("optimiseur (Adam)");
        Ok(model)
    }
}

/// How long a batch takes to be drawn and put on the device, by the labs' loader.
pub fn loading(batch: usize, side: usize, repeats: usize) -> Result<Phase> {
    // Enough of each kind for a batch once some are held out.
    let count = 2 * batch + 32;
    let store = |first: usize| -> Result<ImageStore> {
        let mut store = ImageStore::new(side, side);
        for image in first..first + count {
            // Squares make every image another one: the loader splits by content.
            let pixel = |i: usize| ((i * i + image * image * 7 + image) % 251) as u8;
            store.push(&(0..side * side * 3).map(pixel).collect::<Vec<u8>>())?;
        }
        Ok(store)
    };
    let loader = DetectionLoader::new(&store(0)?, &store(count)?, 0.2, 1)?;
    let device = Device::flex();
    let mut times = Vec::new();
    for seed in 0..repeats as u64 {
        let mut batches = loader.batches(batch, seed, &device)?;
        let start = Instant::now();
        let drawn = batches.next().transpose()?;
        times.push(milliseconds(start.elapsed()));
        drop(drawn);
    }
    Ok(Phase {
        name: "tirage d'un lot (hors du pas)",
        milliseconds: median(times),
    })
}

/// Times layers one after the other, each on an input as large as the last one's output.
pub struct Layers {
    repeats: usize,
    layers: Vec<Layer>,
}

impl Layers {
    pub fn new(repeats: usize) -> Self {
        Self {
            repeats,
            layers: Vec::new(),
        }
    }

    pub fn into_vec(self) -> Vec<Layer> {
        self.layers
    }

    /// Times `layer` on an input of shape `input`, on an autodiff device; returns its output's shape.
    ///
    /// `is_first`: the input is the images, whose gradient nobody needs.
    pub fn time<const I: usize, const O: usize>(
        &mut self,
        name: impl Into<String>,
        input: [usize; I],
        is_first: bool,
        layer: impl Fn(Tensor<I>) -> Tensor<O>,
    ) -> [usize; O] {
        let device = Device::flex();
        let input = values(input, &device).autodiff();
        let (mut forward, mut backward, mut shape) = (Vec::new(), Vec::new(), [0; O]);
        let mut weights: Option<Tensor<O>> = None;
        for repeat in 0..=self.repeats {
            let leaf = input.clone().detach();
            let leaf = if is_first { leaf } else { leaf.require_grad() };
            let start = Instant::now();
            let output = layer(leaf);
            let spent = start.elapsed();
            shape = output.dims();
            let weights = weights.get_or_insert_with(|| {
                formula::wave(shape, &device, |i| f64::cos(7.7 * i)).autodiff()
            });
            let plain = output.clone().detach().require_grad();
            let whole = backward_time(output, weights);
            let sum = backward_time(plain, weights);
            if repeat > 0 {
                forward.push(milliseconds(spent));
                backward.push(whole - sum);
            }
        }
        self.layers.push(Layer {
            name: name.into(),
            output: shape.to_vec(),
            forward: median(forward),
            backward: median(backward).max(0.0),
        });
        shape
    }

    /// Times `layer` without autodiff, on an input of shape `input`; returns its output's shape.
    pub fn time_forward<const I: usize, const O: usize>(
        &mut self,
        name: impl Into<String>,
        input: [usize; I],
        layer: impl Fn(Tensor<I>) -> Tensor<O>,
    ) -> [usize; O] {
        let input = values(input, &Device::flex());
        let (mut forward, mut shape) = (Vec::new(), [0; O]);
        for repeat in 0..=self.repeats {
            let input = input.clone();
            let start = Instant::now();
            let output = layer(input);
            if repeat > 0 {
                forward.push(milliseconds(start.elapsed()));
            }
            shape = output.dims();
        }
        self.layers.push(Layer {
            name: name.into(),
            output: shape.to_vec(),
            forward: median(forward),
            backward: 0.0,
        });
        shape
    }
}

/// Neither of one sign only nor sorted: a ReLU must meet what it meets in a network.
fn values<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    formula::wave(shape, device, |i| f64::sin(12.9898 * i + 0.5))
}

/// Milliseconds of the backward pass of the weighted sum of `output`; 0 when nothing is tracked.
fn backward_time<const D: usize>(output: Tensor<D>, weights: &Tensor<D>) -> f64 {
    let loss = (output * weights.clone()).sum();
    if !loss.is_tracked() {
        return 0.0;
    }
    let start = Instant::now();
    let gradients = loss.backward();
    let spent = milliseconds(start.elapsed());
    drop(gradients);
    spent
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// The middle value, 0 without values.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.len().saturating_sub(1) / 2, values.len() / 2);
    match (values.get(low), values.get(high)) {
        (Some(low), Some(high)) => (low + high) / 2.0,
        _ => 0.0,
    }
}

/// burn's failures in our words.
pub fn execution(error: impl std::fmt::Display) -> Error {
    Error::Execution(error.to_string())
}
