"""TensorFlow's side of « cargo tp bench pas --pair tensorflow ».

Reads one JSON request a line on stdin, answers one JSON line on stdout. Networks are written with Keras' layers and
trained in a tf.function, on the processor, oneDNN on. Two variants:

- « tensorflow », the fastest that TensorFlow offers without XLA: batch norm and Adam by their fused kernels;
- « keras », what a Keras user gets: Keras' own BatchNormalization and Adam, made of elementary operations.

Both compute Adam as its paper does. Keras adds epsilon to the root of the *uncorrected* second moment, thirty times
larger an epsilon at the first step: after 50 steps of the DB-VAE, the losses would differ by 20 %.

Weights, images and noise come from formulas, the same as in crate/src/bin/visages-worker/formula.rs: with
s = sin(0.37 * j**2 + number), j = i mod 9973, i the index of a value in burn's layout and `number` that of the tensor, a
kernel is s * sqrt(2 / fan), a bias s / 20, gamma 1 + s / 5, beta and the running mean s / 10, the running variance
1 + 0.3 * s.
"""

import json
import math
import os
import sys
import time

os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

# The answers keep stdout for themselves: whatever a library prints goes to stderr.
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)

import numpy as np
import tensorflow as tf

SIDE, LATENT, FILTERS = 64, 100, 12
KL_WEIGHT = 0.0005
SIZES = [(3, FILTERS, 5), (FILTERS, 2 * FILTERS, 5), (2 * FILTERS, 4 * FILTERS, 3), (4 * FILTERS, 6 * FILTERS, 3)]
MAPS = (6 * FILTERS, 4, 4)
FLAT = math.prod(MAPS)
VAE_LATENT = 4


def wave(shape, number, step):
    return np.sin(step * np.arange(math.prod(shape), dtype=np.float64) + number).reshape(shape)


def images(batch, side):
    """[n, h, w, c], from values laid out [n, c, h, w]."""
    values = 0.5 + 0.5 * wave((batch, 3, side, side), 0, 0.013)
    return tf.constant(np.ascontiguousarray(values.transpose(0, 2, 3, 1)), tf.float32)


def alternating_labels(batch):
    return 1.0 - np.arange(batch) % 2


def formula_noise(batch, latent):
    return tf.constant(wave((batch, latent), 5, 1.7), tf.float32)


class Numbered:
    """Hands out values tensor after tensor, in burn's order and layout."""

    def __init__(self):
        self.next = 0

    def take(self, shape):
        index = np.arange(math.prod(shape)) % 9973
        values = np.sin(0.37 * (index * index).astype(np.float64) + self.next).reshape(shape)
        self.next += 1
        return values

    def kernel(self, shape):
        fan = math.prod(shape[1:]) if len(shape) == 4 else shape[0]
        return self.take(shape) * math.sqrt(2.0 / fan)

    def bias(self, size):
        return self.take((size,)) / 20

    def conv(self, layer, channels_in, channels_out, side):
        """burn [out, in, h, w] → Keras [h, w, in, out]"""
        kernel = self.kernel((channels_out, channels_in, side, side)).transpose(2, 3, 1, 0)
        layer.set_weights([kernel, self.bias(channels_out)] if layer.use_bias else [kernel])

    def depthwise(self, layer, channels, side):
        """burn [channels, 1, h, w] → Keras [h, w, channels, 1]"""
        layer.set_weights([self.kernel((channels, 1, side, side)).transpose(2, 3, 0, 1)])

    def transpose(self, layer, channels_in, channels_out, side):
        """burn [in, out, h, w] → Keras [h, w, out, in]"""
        kernel = self.kernel((channels_in, channels_out, side, side))
        layer.set_weights([kernel.transpose(2, 3, 1, 0), self.bias(channels_out)])

    def norm(self, layer, size):
        gamma, beta = 1 + self.take((size,)) / 5, self.take((size,)) / 10
        mean, variance = self.take((size,)) / 10, 1 + 0.3 * self.take((size,))
        layer.set_weights([gamma, beta, mean, variance])

    def dense(self, layer, size_in, size_out, maps_in=None, maps_out=None):
        """`maps_*` is [channels, side, side] when that end is flattened feature maps: burn flattens
        them channels first, Keras channels last."""
        kernel, bias = self.kernel((size_in, size_out)), self.bias(size_out)
        if maps_in:
            kernel = kernel.reshape(*maps_in, size_out).transpose(1, 2, 0, 3).reshape(size_in, size_out)
        if maps_out:
            kernel = kernel.reshape(size_in, *maps_out).transpose(0, 2, 3, 1).reshape(size_in, size_out)
            bias = bias.reshape(maps_out).transpose(1, 2, 0).reshape(size_out)
        layer.set_weights([kernel, bias])


class FusedBatchNorm(tf.keras.layers.Layer):
    """Batch norm of a training step by TensorFlow's own kernel."""

    def __init__(self, epsilon, momentum):
        super().__init__()
        self.epsilon, self.momentum = epsilon, momentum

    def build(self, shape):
        size = (shape[-1],)
        self.gamma = self.add_weight(shape=size, initializer="ones")
        self.beta = self.add_weight(shape=size, initializer="zeros")
        self.mean = self.add_weight(shape=size, initializer="zeros", trainable=False)
        self.variance = self.add_weight(shape=size, initializer="ones", trainable=False)

    def call(self, x, training=False):
        gamma, beta = tf.convert_to_tensor(self.gamma), tf.convert_to_tensor(self.beta)
        y, mean, variance = tf.compat.v1.nn.fused_batch_norm(x, gamma, beta, epsilon=self.epsilon, is_training=True)
        for running, current in ((self.mean, mean), (self.variance, variance)):
            running.assign(running * self.momentum + current * (1 - self.momentum))
        return y


class FusedAdam:
    """Adam of its paper by TensorFlow's own kernel, whose epsilon stands beside the uncorrected moment."""

    def __init__(self, learning_rate, epsilon):
        self.learning_rate, self.epsilon = learning_rate, epsilon

    def build(self, variables):
        self.step = tf.Variable(0.0)
        self.moments = [(tf.Variable(tf.zeros(v.shape)), tf.Variable(tf.zeros(v.shape))) for v in variables]

    def apply_gradients(self, pairs):
        step = self.step.assign_add(1.0)
        beta1_power, beta2_power = tf.pow(0.9, step), tf.pow(0.999, step)
        epsilon = self.epsilon * tf.sqrt(1 - beta2_power)
        for (gradient, variable), (first, second) in zip(pairs, self.moments):
            tf.raw_ops.ResourceApplyAdam(
                var=variable.value.handle, m=first.handle, v=second.handle, beta1_power=beta1_power,
                beta2_power=beta2_power, lr=self.learning_rate, beta1=0.9, beta2=0.999, epsilon=epsilon, grad=gradient)


class KerasAdam(tf.keras.optimizers.Adam):
    """Keras' Adam with the epsilon of the paper."""

    def __init__(self, learning_rate, epsilon):
        super().__init__(learning_rate, epsilon=epsilon)
        self.paper_epsilon = epsilon

    def update_step(self, gradient, variable, learning_rate):
        step = tf.cast(self.iterations + 1, tf.float32)
        self.epsilon = self.paper_epsilon * tf.sqrt(1 - tf.pow(self.beta_2, step))
        super().update_step(gradient, variable, learning_rate)


VARIANTS = {
    "tensorflow": (FusedBatchNorm, FusedAdam),
    "keras": (tf.keras.layers.BatchNormalization, KerasAdam),
}
BatchNorm, Adam = VARIANTS[sys.argv[1]]


def standard_classifier(n_outputs, numbers):
    layers = [tf.keras.Input((SIDE, SIDE, 3))]
    for _, channels_out, side in SIZES:
        layers.append(tf.keras.layers.Conv2D(channels_out, side, strides=2, padding="same", activation="relu"))
        layers.append(BatchNorm(epsilon=1e-3, momentum=0.9))
    layers += [
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(512, activation="relu"),
        tf.keras.layers.Dense(n_outputs),
    ]
    model = tf.keras.Sequential(layers)
    built = model.layers
    for index, (channels_in, channels_out, side) in enumerate(SIZES):
        numbers.conv(built[2 * index], channels_in, channels_out, side)
        numbers.norm(built[2 * index + 1], channels_out)
    numbers.dense(built[-2], FLAT, 512, maps_in=MAPS)
    numbers.dense(built[-1], 512, n_outputs)
    return model


def face_decoder(numbers):
    def up(channels, side, activation="relu"):
        return tf.keras.layers.Conv2DTranspose(channels, side, strides=2, padding="same", activation=activation)

    model = tf.keras.Sequential([
        tf.keras.Input((LATENT,)),
        tf.keras.layers.Dense(FLAT, activation="relu"),
        tf.keras.layers.Reshape((4, 4, 6 * FILTERS)),
        up(4 * FILTERS, 3), up(2 * FILTERS, 3), up(FILTERS, 5), up(3, 5, "sigmoid"),
    ])
    built = model.layers
    numbers.dense(built[0], LATENT, FLAT, maps_out=MAPS)
    for layer, (channels_out, channels_in, side) in zip(built[2:], reversed(SIZES)):
        numbers.transpose(layer, channels_in, channels_out, side)
    return model


class Cnn:
    trains = True

    def __init__(self, batch):
        self.x = images(batch, SIDE)
        self.labels = tf.constant(alternating_labels(batch), tf.float32)
        self.models = [standard_classifier(1, Numbered())]

    def loss(self, formula):
        logits = self.models[0](self.x, training=True)
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(self.labels, logits[:, 0]))


class DbVae:
    trains = True

    def __init__(self, batch):
        self.x = images(batch, SIDE)
        self.labels = tf.constant(alternating_labels(batch), tf.float32)
        self.noise = formula_noise(batch, LATENT)
        numbers = Numbered()
        self.models = [standard_classifier(1 + 2 * LATENT, numbers), face_decoder(numbers)]

    def loss(self, formula):
        encoder, decoder = self.models
        output = encoder(self.x, training=True)
        y_logit, mean, logvar = output[:, :1], output[:, 1:LATENT + 1], output[:, LATENT + 1:]
        noise = self.noise if formula else tf.random.normal(tf.shape(mean))
        recon = decoder(mean + tf.exp(0.5 * logvar) * noise, training=True)
        latent = 0.5 * tf.reduce_sum(tf.exp(logvar) + tf.square(mean) - 1.0 - logvar, axis=1)
        vae = KL_WEIGHT * latent + tf.reduce_mean(tf.abs(self.x - recon), axis=(1, 2, 3))
        classification = tf.nn.sigmoid_cross_entropy_with_logits(self.labels, y_logit[:, 0])
        return tf.reduce_mean(classification + tf.cast(self.labels == 1, tf.float32) * vae)


NETWORKS = {"cnn": Cnn, "dbvae": DbVae}


class Session:
    def prepare(self, request):
        tf.config.threading.set_intra_op_parallelism_threads(request["threads"])
        tf.config.threading.set_inter_op_parallelism_threads(request["threads"])
        self.network = NETWORKS[request["model"]](request["batch"])
        variables = [v for model in self.network.models for v in model.trainable_variables]
        optimizer = Adam(request["learning_rate"], epsilon=request["epsilon"])
        optimizer.build(variables)
        network = self.network

        def step(formula):
            with tf.GradientTape() as tape:
                loss = network.loss(formula)
            optimizer.apply_gradients(list(zip(tape.gradient(loss, variables), variables)))
            return loss

        def forward(formula):
            return network.loss(formula)

        run = step if network.trains else forward
        self.steps = {formula: tf.function(lambda formula=formula: run(formula)) for formula in (True, False)}
        return {
            "engine": engine(),
            "threads": tf.config.threading.get_intra_op_parallelism_threads(),
            "trainable": sum(math.prod(v.shape) for v in variables),
        }

    def check(self, request):
        """Steps with the formulas' noise and no dropout, whose losses both sides must share."""
        return {"losses": [float(self.steps[True]()) for _ in range(request["steps"])]}

    def time(self, request):
        """Steps as a training runs them: noise drawn, loss read back each time."""
        milliseconds = []
        for _ in range(request["steps"]):
            start = time.perf_counter()
            float(self.steps[False]())
            milliseconds.append(1e3 * (time.perf_counter() - start))
        return {"milliseconds": milliseconds}


def engine():
    from tensorflow.python.util import _pywrap_util_port
    name = f"TensorFlow {tf.__version__}" if sys.argv[1] == "tensorflow" else f"Keras {tf.keras.__version__}"
    return name + (", oneDNN" if _pywrap_util_port.IsMklEnabled() else ", sans oneDNN")


def main():
    session = Session()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            action = {"prepare": session.prepare, "check": session.check, "time": session.time}[request["op"]]
            answer = {"ok": True, **action(request)}
        except Exception as error:
            answer = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


main()
