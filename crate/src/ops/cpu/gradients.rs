//! The kernels under autodiff: what each operation keeps, and its gradients.

use burn::{
    backend::{
        Autodiff, AutodiffBackend, Flex, TensorMetadata,
        autodiff::{
            NodeId,
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        flex::FlexTensor,
        ops::FloatTensorOps,
        tensor::FloatTensor,
    },
    tensor::TensorData,
};

use super::{
    activate::Activation,
    convolve::{Epilogue, convolve},
    correlate::{correlate, sum_per_channel},
    dense::{DenseShape, input_gradient},
    difference,
    dropout::drop_values,
    extension::{
        LayerKernels, Values, changed, images_of, large_shape, small_shape, tensor, weight_shape,
    },
    normalize::{Planes, normalize_backward},
    pool::{PoolShape, max_pool_backward},
    shape::ConvShape,
    spread::spread,
};

#[derive(Debug)]
struct ActivationBackward;

impl Backward<Flex, 1> for ActivationBackward {
    type State = (Activation, FlexTensor);

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let gradient = gradients.consume::<Flex>(&ops.node);
        let [Some(node)] = ops.parents else { return };
        let (activation, saved) = ops.state;
        let saved = Values::of(&saved);
        let result = changed(gradient, |values| activation.backward(saved.get(), values));
        gradients.register::<Flex>(node.id, result);
    }
}

#[derive(Debug)]
struct PoolBackward;

impl Backward<Flex, 1> for PoolBackward {
    type State = (FlexTensor, PoolShape);

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let gradient = gradients.consume::<Flex>(&ops.node);
        let [Some(node)] = ops.parents else { return };
        let (input, pool) = ops.state;
        let shape = input.shape();
        let [input, gradient] = [&input, &gradient].map(Values::of);
        let result = max_pool_backward(input.get(), gradient.get(), &pool);
        let result = FlexTensor::from_data(TensorData::new(result, shape));
        gradients.register::<Flex>(node.id, result);
    }
}

#[derive(Debug)]
struct DifferenceBackward;

impl Backward<Flex, 2> for DifferenceBackward {
    type State = (FlexTensor, FlexTensor);

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let gradient = Values::of(&gradients.consume::<Flex>(&ops.node));
        let (a, b) = ops.state;
        let (shape, (_, values)) = (a.shape(), images_of(&a));
        let [a, b] = [&a, &b].map(Values::of);
        let sides = [(a.get(), b.get()), (b.get(), a.get())];
        for (parent, (first, second)) in ops.parents.into_iter().zip(sides) {
            let Some(node) = parent else { continue };
            let result = difference::of_first(first, second, gradient.get(), values);
            let result = FlexTensor::from_data(TensorData::new(result, shape.clone()));
            gradients.register::<Flex>(node.id, result);
        }
    }
}

#[derive(Debug)]
struct DropoutBackward;

impl Backward<Flex, 1> for DropoutBackward {
    type State = (f64, u64);

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let gradient = gradients.consume::<Flex>(&ops.node);
        let [Some(node)] = ops.parents else { return };
        let (share, seed) = ops.state;
        // What was done to the values is done to the gradient.
        let result = changed(gradient, |values| drop_values(values, share, seed));
        gradients.register::<Flex>(node.id, result);
    }
}

/// Which of the two sides of a [`ConvShape`] is the input.
#[derive(Clone, Copy, Debug)]
enum Direction {
    /// From the large images to the small ones.
    Convolution,
    /// From the small images to the large ones.
    Transpose,
}

#[derive(Debug)]
struct ConvBackward;

impl Backward<Flex, 3> for ConvBackward {
    type State = (NodeId, NodeId, ConvShape, Direction);

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        gradients: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let [input_node, weight_node, bias_node] = ops.parents;
        let (input, weight, shape, direction) = ops.state;
        let gradient = Values::of(&gradients.consume::<Flex>(&ops.node));
        // Each retrieval counts: both are made whether or not they are used.
        let input = checkpointer.retrieve_node_output::<FlexTensor>(input);
        let weight = checkpointer.retrieve_node_output::<FlexTensor>(weight);

        if let Some(node) = input_node {
            let weight = Values::of(&weight);
            let result = match direction {
                Direction::Convolution => tensor(
                    spread(gradient.get(), weight.get(), None, &shape),
                    large_shape(&shape),
                ),
                Direction::Transpose => tensor(
                    convolve(gradient.get(), weight.get(), Epilogue::default(), &shape),
                    small_shape(&shape),
                ),
            };
            gradients.register::<Flex>(node.id, result);
        }
        if let Some(node) = weight_node {
            let input = Values::of(&input);
            let result = match direction {
                Direction::Convolution => correlate(input.get(), gradient.get(), &shape),
                Direction::Transpose => correlate(gradient.get(), input.get(), &shape),
            };
            gradients.register::<Flex>(node.id, tensor(result, weight_shape(&shape)));
        }
        if let Some(node) = bias_node {
            let (channels, pixels) = match direction {
                Direction::Convolution => (shape.channels[1], shape.pixels_out()),
                Direction::Transpose => (shape.channels[0], shape.pixels_in()),
            };
            let result = sum_per_channel(gradient.get(), channels, pixels);
            gradients.register::<Flex>(node.id, tensor(result, [channels]));
        }
    }
}

#[derive(Debug)]
struct LinearBackward;

impl Backward<Flex, 3> for LinearBackward {
    type State = (NodeId, NodeId);

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        gradients: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let [input_node, weight_node, bias_node] = ops.parents;
        let (input, weight) = ops.state;
        let gradient = gradients.consume::<Flex>(&ops.node);
        let input = checkpointer.retrieve_node_output::<FlexTensor>(input);
        let weight = checkpointer.retrieve_node_output::<FlexTensor>(weight);
        let shape = DenseShape::of(&input, &weight);

        if let Some(node) = input_node {
            let [gradient, weight] = [&gradient, &weight].map(Values::of);
            let result = input_gradient(gradient.get(), weight.get(), shape);
            gradients.register::<Flex>(node.id, tensor(result, [shape.batch, shape.inputs]));
        }
        if let Some(node) = bias_node {
            let result = sum_per_channel(Values::of(&gradient).get(), shape.outputs, 1);
            gradients.register::<Flex>(node.id, tensor(result, [shape.outputs]));
        }
        if let Some(node) = weight_node {
            let result = Flex::float_matmul(input.transpose(0, 1), gradient);
            gradients.register::<Flex>(node.id, result);
        }
    }
}

#[derive(Debug)]
struct NormBackward;

impl Backward<Flex, 3> for NormBackward {
    type State = (NodeId, NodeId, FlexTensor, FlexTensor, f64);

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        gradients: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let [input_node, gamma_node, beta_node] = ops.parents;
        let (input, gamma, mean, variance, epsilon) = ops.state;
        let gradient = gradients.consume::<Flex>(&ops.node);
        let input = checkpointer.retrieve_node_output::<FlexTensor>(input);
        let gamma = checkpointer.retrieve_node_output::<FlexTensor>(gamma);
        let shape = input.shape();
        let planes = Planes::of(&shape);
        let [input, gamma, mean, variance] = [&input, &gamma, &mean, &variance].map(Values::of);
        let (mut of_gamma, mut of_beta) = (Vec::new(), Vec::new());
        let of_input = changed(gradient, |gradient| {
            let result = normalize_backward(
                input.get(),
                gamma.get(),
                mean.get(),
                variance.get(),
                epsilon as f32,
                gradient,
                planes,
            );
            (of_gamma, of_beta) = (result.gamma, result.beta);
        });
        if let Some(node) = input_node {
            gradients.register::<Flex>(node.id, of_input);
        }
        if let Some(node) = gamma_node {
            gradients.register::<Flex>(node.id, tensor(of_gamma, [planes.channels]));
        }
        if let Some(node) = beta_node {
            gradients.register::<Flex>(node.id, tensor(of_beta, [planes.channels]));
        }
    }
}

impl<C: CheckpointStrategy> LayerKernels for Autodiff<Flex, C> {
    fn visages_conv2d(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shape: ConvShape,
    ) -> FloatTensor<Self> {
        tracked::<C>(input, weight, bias, shape, Direction::Convolution)
    }

    fn visages_conv_transpose2d(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shape: ConvShape,
    ) -> FloatTensor<Self> {
        tracked::<C>(input, weight, bias, shape, Direction::Transpose)
    }

    fn visages_batch_norm(
        input: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let prepared = NormBackward
            .prepare::<C>([input.node(), gamma.node(), beta.node()])
            .compute_bound()
            .stateful();
        let run = |input: &FloatTensor<Self>| {
            Flex::visages_batch_norm(
                input.primitive().clone(),
                gamma.primitive().clone(),
                beta.primitive().clone(),
                epsilon,
            )
        };
        let (output, mean, variance) = match prepared {
            OpsKind::Tracked(mut prepared) => {
                let (input_state, gamma_state) =
                    (prepared.checkpoint(&input), prepared.checkpoint(&gamma));
                let (output, mean, variance) = run(&input);
                let state = (
                    input_state,
                    gamma_state,
                    mean.clone(),
                    variance.clone(),
                    epsilon,
                );
                (prepared.finish(state, output), mean, variance)
            }
            OpsKind::UnTracked(prepared) => {
                let (output, mean, variance) = run(&input);
                (prepared.finish(output), mean, variance)
            }
        };
        (output, Self::from_inner(mean), Self::from_inner(variance))
    }

    fn visages_linear(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let prepared = LinearBackward
            .prepare::<C>([input.node(), weight.node(), bias.node()])
            .compute_bound()
            .stateful();
        let run = |input: FloatTensor<Self>, weight: FloatTensor<Self>, bias: FloatTensor<Self>| {
            Flex::visages_linear(
                input.into_primitive(),
                weight.into_primitive(),
                bias.into_primitive(),
            )
        };
        match prepared {
            OpsKind::Tracked(mut prepared) => {
                let state = (prepared.checkpoint(&input), prepared.checkpoint(&weight));
                prepared.finish(state, run(input, weight, bias))
            }
            OpsKind::UnTracked(prepared) => prepared.finish(run(input, weight, bias)),
        }
    }

    fn visages_activate(input: FloatTensor<Self>, activation: Activation) -> FloatTensor<Self> {
        let prepared = ActivationBackward
            .prepare::<C>([input.node()])
            .compute_bound()
            .stateful();
        let input = input.into_primitive();
        match prepared {
            OpsKind::Tracked(prepared) => {
                let kept = activation.keeps_input().then(|| input.clone());
                let output = Flex::visages_activate(input, activation);
                let saved = kept.unwrap_or_else(|| output.clone());
                prepared.finish((activation, saved), output)
            }
            OpsKind::UnTracked(prepared) => {
                prepared.finish(Flex::visages_activate(input, activation))
            }
        }
    }

    fn visages_max_pool2d(input: FloatTensor<Self>, shape: PoolShape) -> FloatTensor<Self> {
        let prepared = PoolBackward
            .prepare::<C>([input.node()])
            .compute_bound()
            .stateful();
        let input = input.into_primitive();
        match prepared {
            OpsKind::Tracked(prepared) => {
                let output = Flex::visages_max_pool2d(input.clone(), shape);
                prepared.finish((input, shape), output)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(Flex::visages_max_pool2d(input, shape)),
        }
    }

    fn visages_mean_difference(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        let prepared = DifferenceBackward
            .prepare::<C>([a.node(), b.node()])
            .compute_bound()
            .stateful();
        let (a, b) = (a.into_primitive(), b.into_primitive());
        let output = Flex::visages_mean_difference(a.clone(), b.clone());
        match prepared {
            OpsKind::Tracked(prepared) => prepared.finish((a, b), output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }

    fn visages_dropout(input: FloatTensor<Self>, share: f64, seed: u64) -> FloatTensor<Self> {
        let prepared = DropoutBackward
            .prepare::<C>([input.node()])
            .compute_bound()
            .stateful();
        let output = Flex::visages_dropout(input.into_primitive(), share, seed);
        match prepared {
            OpsKind::Tracked(prepared) => prepared.finish((share, seed), output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }
}

/// A convolution or its transpose, recorded when one of its inputs asks for a gradient.
fn tracked<C: CheckpointStrategy>(
    input: FloatTensor<Autodiff<Flex, C>>,
    weight: FloatTensor<Autodiff<Flex, C>>,
    bias: FloatTensor<Autodiff<Flex, C>>,
    shape: ConvShape,
    direction: Direction,
) -> FloatTensor<Autodiff<Flex, C>> {
    let run = |input: FlexTensor, weight: FlexTensor, bias: FlexTensor| match direction {
        Direction::Convolution => Flex::visages_conv2d(input, weight, bias, shape),
        Direction::Transpose => Flex::visages_conv_transpose2d(input, weight, bias, shape),
    };
    match ConvBackward
        .prepare::<C>([input.node(), weight.node(), bias.node()])
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(mut prepared) => {
            let state = (
                prepared.checkpoint(&input),
                prepared.checkpoint(&weight),
                shape,
                direction,
            );
            let output = run(
                input.into_primitive(),
                weight.into_primitive(),
                bias.into_primitive(),
            );
            prepared.finish(state, output)
        }
        OpsKind::UnTracked(prepared) => prepared.finish(run(
            input.into_primitive(),
            weight.into_primitive(),
            bias.into_primitive(),
        )),
    }
}
