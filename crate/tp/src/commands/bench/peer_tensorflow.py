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
    """Hands out values tensor after tensor, in burn's order and layout; every gamma times `gain`."""

    def __init__(self, gain=1.0):
        self.next, self.gain = 0, gain

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
        gamma, beta = self.gain * (1 + self.take((size,)) / 5), self.take((size,)) / 10
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
    """Batch norm by TensorFlow's own kernel."""

    def __init__(self, epsilon=1e-3, momentum=0.99, axis=-1, name=None):
        super().__init__(name=name)
        self.epsilon, self.momentum = epsilon, momentum

    def build(self, shape):
        size = (shape[-1],)
        self.gamma = self.add_weight(shape=size, initializer="ones", name="gamma")
        self.beta = self.add_weight(shape=size, initializer="zeros", name="beta")
        self.mean = self.add_weight(shape=size, initializer="zeros", trainable=False, name="mean")
        self.variance = self.add_weight(shape=size, initializer="ones", trainable=False, name="variance")

    def call(self, x, training=False):
        gamma, beta = tf.convert_to_tensor(self.gamma), tf.convert_to_tensor(self.beta)
        if not training:
            return tf.compat.v1.nn.fused_batch_norm(
                x, gamma, beta, tf.convert_to_tensor(self.mean), tf.convert_to_tensor(self.variance),
                epsilon=self.epsilon, is_training=False)[0]
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


class Down(tf.keras.layers.Layer):
    """PyTorch's convolution with kernel 3, stride 2 and padding 1, then ReLU."""

    def __init__(self, channels_in, channels_out, numbers):
        super().__init__()
        self.kernel = self.add_weight(shape=(3, 3, channels_in, channels_out), name="kernel")
        self.bias = self.add_weight(shape=(channels_out,), name="bias")
        self.use_bias = True
        numbers.conv(self, channels_in, channels_out, 3)

    def call(self, x):
        padding = [[0, 0], [1, 1], [1, 1], [0, 0]]
        y = tf.nn.conv2d(x, tf.convert_to_tensor(self.kernel), 2, padding)
        return tf.nn.relu(tf.nn.bias_add(y, tf.convert_to_tensor(self.bias)))


class Up(tf.keras.layers.Layer):
    """PyTorch's transposed convolution with kernel 3, stride 2, padding 1 and output padding 1."""

    def __init__(self, channels_in, channels_out, side, activation, numbers):
        super().__init__()
        self.kernel = self.add_weight(shape=(3, 3, channels_out, channels_in), name="kernel")
        self.bias = self.add_weight(shape=(channels_out,), name="bias")
        self.activation, self.map = activation, (side, side, channels_out)
        numbers.transpose(self, channels_in, channels_out, 3)

    def call(self, x):
        padding = [[0, 0], [1, 0], [1, 0], [0, 0]]
        y = tf.nn.conv2d_transpose(x, tf.convert_to_tensor(self.kernel), (x.shape[0], *self.map), 2, padding)
        return self.activation(tf.nn.bias_add(y, tf.convert_to_tensor(self.bias)))


class Vae64:
    trains = True

    def __init__(self, batch):
        self.x = images(batch, SIDE)
        self.noise = formula_noise(batch, VAE_LATENT)
        numbers, maps = Numbered(), (64, 8, 8)

        def dense(size_in, size_out, activation=None, **flattened):
            layer = tf.keras.layers.Dense(size_out, activation=activation)
            layer.build((None, size_in))
            numbers.dense(layer, size_in, size_out, **flattened)
            return layer

        self.down = [Down(*channels, numbers) for channels in ((3, 32), (32, 64), (64, 64))]
        self.hidden = dense(4096, 512, "relu", maps_in=maps)
        self.mean, self.log_sigma = dense(512, VAE_LATENT), dense(512, VAE_LATENT)
        self.latent = dense(VAE_LATENT, 512, "relu")
        self.expand = dense(512, 4096, "relu", maps_out=maps)
        self.up = [
            Up(64, 64, 16, tf.nn.relu, numbers),
            Up(64, 32, 32, tf.nn.relu, numbers),
            Up(32, 3, 64, tf.nn.sigmoid, numbers),
        ]
        dense_layers = [self.hidden, self.mean, self.log_sigma, self.latent, self.expand]
        self.models = [*self.down, *dense_layers, *self.up]

    def loss(self, formula):
        y = self.x
        for layer in self.down:
            y = layer(y)
        y = self.hidden(tf.reshape(y, (y.shape[0], 4096)))
        mean, log_sigma = self.mean(y), self.log_sigma(y)
        noise = self.noise if formula else tf.random.normal(tf.shape(mean))
        y = self.expand(self.latent(mean + tf.exp(log_sigma) * noise))
        y = tf.reshape(y, (y.shape[0], 8, 8, 64))
        for layer in self.up:
            y = layer(y)
        divergence = -0.5 * tf.reduce_sum(1 + 2 * log_sigma - tf.square(mean) - tf.exp(2 * log_sigma))
        return tf.reduce_sum(tf.square(self.x - y)) + divergence


class YoungOld:
    trains = True

    def __init__(self, batch):
        self.x = images(batch, 75)
        self.labels = tf.constant(alternating_labels(batch), tf.int32)
        conv, pool = tf.keras.layers.Conv2D, tf.keras.layers.MaxPooling2D
        drop, dense = tf.keras.layers.Dropout, tf.keras.layers.Dense
        weighted = [conv(32, 3, activation="relu"), conv(64, 3, activation="relu"),
                    dense(256, activation="relu"), dense(128, activation="relu"), dense(2)]
        conv1, conv2, fc1, fc2, fc3 = weighted

        def network(dropped):
            layers = [conv1, pool(), drop(0.25), conv2, pool(), drop(0.25), tf.keras.layers.Flatten(), fc1, drop(0.5), fc2, fc3]
            layers = [layer for layer in layers if dropped or not isinstance(layer, drop)]
            return tf.keras.Sequential([tf.keras.Input((75, 75, 3)), *layers])

        self.networks = {formula: network(not formula) for formula in (True, False)}
        self.models = [self.networks[True]]
        numbers = Numbered()
        numbers.conv(conv1, 3, 32, 3)
        numbers.conv(conv2, 32, 64, 3)
        numbers.dense(fc1, 64 * 17 * 17, 256, maps_in=(64, 17, 17))
        numbers.dense(fc2, 256, 128)
        numbers.dense(fc3, 128, 2)

    def loss(self, formula):
        logits = self.networks[formula](self.x, training=True)
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(self.labels, logits))


def formula_ages(batch):
    return 0.3 + 0.2 * formula_noise(batch, 1)[:, 0]


class Body:
    """Convolutions on images of one size; their layers and weights in our order."""

    def __init__(self, side):
        self.x = self.inputs = tf.keras.Input((side, side, 3))
        self.channels = 3

    def block(self, numbers, channels, padding, window, normed=True):
        conv = tf.keras.layers.Conv2D(channels, 3, activation="relu", padding=padding)
        self.x = conv(self.x)
        numbers.conv(conv, self.channels, channels, 3)
        if normed:
            norm = BatchNorm(epsilon=1e-3, momentum=0.99)
            self.x = norm(self.x)
            numbers.norm(norm, channels)
        self.x = tf.keras.layers.MaxPooling2D(window)(self.x)
        self.channels = channels

    def four_blocks(self, numbers):
        for channels in (32, 64, 128, 256):
            self.block(numbers, channels, "same", 2)

    def model(self, last):
        return tf.keras.Model(self.inputs, last(self.x))


class Head:
    """One value for each image, some hidden ones being dropped unless `formula`."""

    def __init__(self, size_in, units, share, numbers, maps_in=None):
        self.hidden = tf.keras.layers.Dense(units, activation="relu")
        self.hidden.build((None, size_in))
        numbers.dense(self.hidden, size_in, units, maps_in=maps_in)
        self.dropout = tf.keras.layers.Dropout(share)
        self.output = tf.keras.layers.Dense(1)
        self.output.build((None, units))
        numbers.dense(self.output, units, 1)
        self.layers = [self.hidden, self.output]

    def __call__(self, x, formula):
        x = self.hidden(x)
        return self.output(x if formula else self.dropout(x, training=True))[:, 0]


class Gender:
    trains = True

    def __init__(self, batch):
        self.x = images(batch, 100)
        self.genders = tf.constant(alternating_labels(batch), tf.float32)
        numbers, body = Numbered(), Body(100)
        body.block(numbers, 64, "valid", 3)
        for channels in (128, 256, 512):
            body.block(numbers, channels, "valid", 2, normed=False)
        self.features = body.model(tf.keras.layers.Flatten())
        self.head = Head(2048, 512, 0.5, numbers, maps_in=(512, 2, 2))
        self.models = [self.features, *self.head.layers]

    def loss(self, formula):
        logits = self.head(self.features(self.x, training=True), formula)
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(self.genders, logits))


class Age:
    trains = True

    def __init__(self, batch):
        self.x, self.ages = images(batch, 128), formula_ages(batch)
        numbers, body = Numbered(), Body(128)
        body.four_blocks(numbers)
        self.features = body.model(tf.keras.layers.GlobalAveragePooling2D())
        self.head = Head(256, 128, 0.5, numbers)
        self.models = [self.features, *self.head.layers]

    def loss(self, formula):
        ages = self.head(self.features(self.x, training=True), formula)
        return tf.reduce_mean(tf.square(ages - self.ages))


class GenderAge:
    trains = True

    def __init__(self, batch):
        self.x, self.ages = images(batch, 128), formula_ages(batch)
        self.genders = tf.constant(alternating_labels(batch), tf.float32)
        numbers, body = Numbered(), Body(128)
        body.four_blocks(numbers)
        self.features = body.model(tf.keras.layers.Flatten())
        self.gender_head = Head(16384, 256, 0.3, numbers, maps_in=(256, 8, 8))
        self.age_head = Head(16384, 256, 0.3, numbers, maps_in=(256, 8, 8))
        self.models = [self.features, *self.gender_head.layers, *self.age_head.layers]

    def loss(self, formula):
        x = self.features(self.x, training=True)
        gender = tf.nn.sigmoid_cross_entropy_with_logits(self.genders, self.gender_head(x, formula))
        return tf.reduce_mean(gender) + tf.reduce_mean(tf.square(self.age_head(x, formula) - self.ages))


class EfficientNetB0:
    """Keras' own network without its normalisation of the images; only answers."""

    trains = False

    def __init__(self, batch):
        from keras.src.applications import efficientnet

        efficientnet.layers.BatchNormalization = BatchNorm
        whole = tf.keras.applications.EfficientNetB0(
            include_top=False, weights=None, input_shape=(224, 224, 3), pooling="avg")
        start = whole.get_layer("stem_conv_pad").input
        self.models = [tf.keras.Model(start, whole.output)]
        self.x = images(batch, 224)
        # Without a gain, a signal that no batch norm renews would vanish in fifty layers.
        numbers, layer = Numbered(gain=1.5), whole.get_layer

        def conv(name, channels_in, side):
            numbers.conv(layer(name), channels_in, layer(name).filters, side)
            return layer(name).filters

        channels = conv("stem_conv", 3, 3)
        numbers.norm(layer("stem_bn"), channels)
        for name in [l.name[:-6] for l in whole.layers if l.name.endswith("dwconv")]:
            wide = channels
            if f"{name}expand_conv" in {l.name for l in whole.layers}:
                wide = conv(f"{name}expand_conv", channels, 1)
                numbers.norm(layer(f"{name}expand_bn"), wide)
            depthwise = layer(f"{name}dwconv")
            numbers.depthwise(depthwise, wide, depthwise.kernel_size[0])
            numbers.norm(layer(f"{name}bn"), wide)
            squeezed = conv(f"{name}se_reduce", wide, 1)
            conv(f"{name}se_expand", squeezed, 1)
            channels = conv(f"{name}project_conv", wide, 1)
            numbers.norm(layer(f"{name}project_bn"), channels)
        conv("top_conv", channels, 1)
        numbers.norm(layer("top_bn"), 1280)

    def loss(self, formula):
        """How much the images' features differ: biases, the same for all images, have no part in it."""
        return tf.reduce_mean(tf.math.reduce_variance(self.models[0](self.x, training=False), axis=0))


NETWORKS = {"cnn": Cnn, "dbvae": DbVae, "vae64": Vae64, "jeune-age": YoungOld, "genre": Gender, "age": Age, "genre-age": GenderAge,
            "efficientnet-b0": EfficientNetB0}


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
