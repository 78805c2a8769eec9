"""PyTorch's side of « cargo tp bench pas --pair pytorch ».

Reads one JSON request a line on stdin, answers one JSON line on stdout. Networks are plain torch.nn modules, trained on
the processor: in eager mode or compiled (torch.compile, which needs a C++ compiler), channels first or last, as the
peer's name, the one argument, says. Nothing but PyTorch is imported: whoever has it can compare.

Weights, images and noise come from formulas, the same as in crate/src/bin/visages-worker/formula.rs (told in
peer_tensorflow.py). burn's layouts are PyTorch's, but for dense kernels, [in, out].
"""

import json
import math
import os
import sys
import time

# The answers keep stdout for themselves: whatever a library prints goes to stderr.
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)

import torch
import torch.nn.functional as F
from torch import nn

NAME = sys.argv[1] if len(sys.argv) > 1 else "pytorch"
COMPILED = "compile" in NAME
LAYOUT = torch.channels_last if "canaux" in NAME else torch.contiguous_format
SIDE, LATENT, FILTERS = 64, 100, 12
KL_WEIGHT = 0.0005
SIZES = [(3, FILTERS, 5), (FILTERS, 2 * FILTERS, 5), (2 * FILTERS, 4 * FILTERS, 3), (4 * FILTERS, 6 * FILTERS, 3)]
MAPS = (6 * FILTERS, 4, 4)
FLAT = math.prod(MAPS)
VAE_LATENT = 4
# EfficientNet-B0's stages: kernel, repeats, channels out, expansion, stride of the first block.
STAGES = [(3, 1, 16, 1, 1), (3, 2, 24, 6, 2), (5, 2, 40, 6, 2), (3, 3, 80, 6, 2), (5, 3, 112, 6, 1), (5, 4, 192, 6, 2),
          (3, 1, 320, 6, 1)]


def wave(shape, number, step):
    values = torch.sin(step * torch.arange(math.prod(shape), dtype=torch.float64) + number)
    return values.reshape(shape).float()


def images(batch, side):
    return (0.5 + 0.5 * wave((batch, 3, side, side), 0, 0.013)).contiguous(memory_format=LAYOUT)


def alternating_labels(batch):
    return 1 - torch.arange(batch) % 2


def formula_noise(batch, latent):
    return wave((batch, latent), 5, 1.7)


class Numbered:
    """Makes layers with values handed out tensor after tensor, in burn's order; every gamma times `gain`."""

    def __init__(self, gain=1.0):
        self.next, self.gain = 0, gain

    def take(self, shape):
        index = torch.arange(math.prod(shape)) % 9973
        values = torch.sin(0.37 * (index * index).double() + self.next).reshape(shape)
        self.next += 1
        return values

    def kernel(self, shape):
        fan = math.prod(shape[1:]) if len(shape) == 4 else shape[0]
        return self.take(shape) * math.sqrt(2.0 / fan)

    def fill(self, layer, kernel):
        fill(layer.weight, kernel)
        if layer.bias is not None:
            fill(layer.bias, self.take(layer.bias.shape) / 20)
        return layer

    def conv(self, channels_in, channels_out, side, **options):
        layer = nn.Conv2d(channels_in, channels_out, side, **options)
        return self.fill(layer, self.kernel(layer.weight.shape))

    def transpose(self, channels_in, channels_out, side, **options):
        layer = nn.ConvTranspose2d(channels_in, channels_out, side, stride=2, **options)
        return self.fill(layer, self.kernel(layer.weight.shape))

    def dense(self, size_in, size_out):
        return self.fill(nn.Linear(size_in, size_out), self.kernel((size_in, size_out)).T)

    def norm(self, size, momentum=0.1):
        layer = nn.BatchNorm2d(size, eps=1e-3, momentum=momentum)
        fill(layer.weight, self.gain * (1 + self.take((size,)) / 5))
        fill(layer.bias, self.take((size,)) / 10)
        fill(layer.running_mean, self.take((size,)) / 10)
        fill(layer.running_var, 1 + 0.3 * self.take((size,)))
        return layer


def fill(tensor, values):
    with torch.no_grad():
        tensor.copy_(values)


class Padded(nn.Module):
    """TensorFlow's « same » at stride 2 on an even side: one more row and column after than before."""

    def __init__(self, side):
        super().__init__()
        before, after = (side - 2) // 2, (side - 1) // 2
        self.padding = (before, after, before, after)

    def forward(self, x):
        return F.pad(x, self.padding)


class Cropped(nn.Module):
    """The last row and column cut: TensorFlow's « same » after a transposed convolution padded by (side - 2) // 2."""

    def forward(self, x):
        return x[:, :, :-1, :-1]


def standard_classifier(n_outputs, numbers):
    layers = []
    for channels_in, channels_out, side in SIZES:
        conv = numbers.conv(channels_in, channels_out, side, stride=2)
        layers += [Padded(side), conv, nn.ReLU(), numbers.norm(channels_out)]
    layers += [nn.Flatten(), numbers.dense(FLAT, 512), nn.ReLU(), numbers.dense(512, n_outputs)]
    return nn.Sequential(*layers)


def face_decoder(numbers):
    layers = [numbers.dense(LATENT, FLAT), nn.ReLU(), nn.Unflatten(1, MAPS)]
    for channels_out, channels_in, side in reversed(SIZES):
        conv = numbers.transpose(channels_in, channels_out, side, padding=(side - 2) // 2)
        layers += [conv, Cropped(), nn.ReLU()]
    return nn.Sequential(*layers[:-1], nn.Sigmoid())


class Cnn(nn.Module):
    trains = True

    def __init__(self, batch):
        super().__init__()
        self.x = images(batch, SIDE)
        self.labels = alternating_labels(batch).float()
        self.classifier = standard_classifier(1, Numbered())

    def loss(self, formula):
        return F.binary_cross_entropy_with_logits(self.classifier(self.x)[:, 0], self.labels)


class DbVae(nn.Module):
    trains = True

    def __init__(self, batch):
        super().__init__()
        self.x = images(batch, SIDE)
        self.labels = alternating_labels(batch).float()
        self.noise = formula_noise(batch, LATENT)
        numbers = Numbered()
        self.encoder = standard_classifier(1 + 2 * LATENT, numbers)
        self.decoder = face_decoder(numbers)

    def loss(self, formula):
        y_logit, mean, logvar = self.encoder(self.x).split([1, LATENT, LATENT], dim=1)
        noise = self.noise if formula else torch.randn_like(mean)
        recon = self.decoder(mean + torch.exp(0.5 * logvar) * noise)
        latent = 0.5 * torch.sum(torch.exp(logvar) + torch.square(mean) - 1.0 - logvar, dim=1)
        vae = KL_WEIGHT * latent + torch.mean(torch.abs(self.x - recon), dim=(1, 2, 3))
        classification = F.binary_cross_entropy_with_logits(y_logit[:, 0], self.labels, reduction="none")
        return torch.mean(classification + self.labels * vae)


class Vae64(nn.Module):
    trains = True

    def __init__(self, batch):
        super().__init__()
        self.x = images(batch, SIDE)
        self.noise = formula_noise(batch, VAE_LATENT)
        numbers = Numbered()

        down = []
        for channels in ((3, 32), (32, 64), (64, 64)):
            down += [numbers.conv(*channels, 3, stride=2, padding=1), nn.ReLU()]
        self.encoder = nn.Sequential(*down, nn.Flatten(), numbers.dense(4096, 512), nn.ReLU())
        self.mean, self.log_sigma = numbers.dense(512, VAE_LATENT), numbers.dense(512, VAE_LATENT)
        up = [numbers.dense(VAE_LATENT, 512), nn.ReLU(), numbers.dense(512, 4096), nn.ReLU(), nn.Unflatten(1, (64, 8, 8))]
        for channels in ((64, 64), (64, 32), (32, 3)):
            up += [numbers.transpose(*channels, 3, padding=1, output_padding=1), nn.ReLU()]
        self.decoder = nn.Sequential(*up[:-1], nn.Sigmoid())

    def loss(self, formula):
        y = self.encoder(self.x)
        mean, log_sigma = self.mean(y), self.log_sigma(y)
        noise = self.noise if formula else torch.randn_like(mean)
        recon = self.decoder(mean + torch.exp(log_sigma) * noise)
        divergence = -0.5 * torch.sum(1 + 2 * log_sigma - torch.square(mean) - torch.exp(2 * log_sigma))
        return F.mse_loss(recon, self.x, reduction="sum") + divergence


class YoungOld(nn.Module):
    trains = True

    def __init__(self, batch):
        super().__init__()
        self.x = images(batch, 75)
        self.labels = alternating_labels(batch)
        numbers = Numbered()
        self.dropped = nn.Sequential(
            numbers.conv(3, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
            numbers.conv(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
            nn.Flatten(), numbers.dense(64 * 17 * 17, 256), nn.ReLU(), nn.Dropout(0.5),
            numbers.dense(256, 128), nn.ReLU(), numbers.dense(128, 2))
        self.whole = nn.Sequential(*[layer for layer in self.dropped if not isinstance(layer, nn.Dropout)])

    def loss(self, formula):
        network = self.whole if formula else self.dropped
        return F.cross_entropy(network(self.x), self.labels)


def four_blocks(numbers):
    """The convolutions that the age network and the one of gender and age have in common."""
    layers, channels_in = [], 3
    for channels in (32, 64, 128, 256):
        conv = numbers.conv(channels_in, channels, 3, padding=1)
        layers += [conv, nn.ReLU(), numbers.norm(channels, momentum=0.01), nn.MaxPool2d(2)]
        channels_in = channels
    return nn.Sequential(*layers)


class Head(nn.Module):
    """One value for each image, some hidden ones being dropped unless `formula`."""

    def __init__(self, size_in, units, share, numbers):
        super().__init__()
        self.hidden = nn.Sequential(numbers.dense(size_in, units), nn.ReLU())
        self.dropout = nn.Dropout(share)
        self.output = numbers.dense(units, 1)

    def forward(self, x, formula):
        x = self.hidden(x)
        return self.output(x if formula else self.dropout(x))[:, 0]


def formula_ages(batch):
    return 0.3 + 0.2 * formula_noise(batch, 1)[:, 0]


class Gender(nn.Module):
    trains = True

    def __init__(self, batch):
        super().__init__()
        self.x = images(batch, 100)
        self.genders = alternating_labels(batch).float()
        numbers = Numbered()
        layers = [numbers.conv(3, 64, 3), nn.ReLU(), numbers.norm(64, momentum=0.01), nn.MaxPool2d(3)]
        for channels in (64, 128, 256):
            layers += [numbers.conv(channels, 2 * channels, 3), nn.ReLU(), nn.MaxPool2d(2)]
        self.features = nn.Sequential(*layers, nn.Flatten())
        self.head = Head(2048, 512, 0.5, numbers)

    def loss(self, formula):
        return F.binary_cross_entropy_with_logits(self.head(self.features(self.x), formula), self.genders)


class Age(nn.Module):
    trains = True

    def __init__(self, batch):
        super().__init__()
        self.x, self.ages = images(batch, 128), formula_ages(batch)
        numbers = Numbered()
        self.features = nn.Sequential(four_blocks(numbers), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = Head(256, 128, 0.5, numbers)

    def loss(self, formula):
        return F.mse_loss(self.head(self.features(self.x), formula), self.ages)


class GenderAge(nn.Module):
    trains = True

    def __init__(self, batch):
        super().__init__()
        self.x, self.ages = images(batch, 128), formula_ages(batch)
        self.genders = alternating_labels(batch).float()
        numbers = Numbered()
        self.features = nn.Sequential(four_blocks(numbers), nn.Flatten())
        self.gender_head = Head(16384, 256, 0.3, numbers)
        self.age_head = Head(16384, 256, 0.3, numbers)

    def loss(self, formula):
        x = self.features(self.x)
        gender = F.binary_cross_entropy_with_logits(self.gender_head(x, formula), self.genders)
        return gender + F.mse_loss(self.age_head(x, formula), self.ages)


class Excited(nn.Module):
    """Squeeze-and-excitation."""

    def __init__(self, channels, squeezed, numbers):
        super().__init__()
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), numbers.conv(channels, squeezed, 1), nn.SiLU(),
            numbers.conv(squeezed, channels, 1), nn.Sigmoid())

    def forward(self, x):
        return x * self.gate(x)


class Bottleneck(nn.Module):
    def __init__(self, channels_in, channels_out, side, expansion, stride, numbers):
        super().__init__()
        wide = channels_in * expansion
        layers = []
        if expansion > 1:
            layers += [numbers.conv(channels_in, wide, 1, bias=False), numbers.norm(wide), nn.SiLU()]
        if stride == 2:
            layers.append(Padded(side))
        layers += [
            numbers.conv(wide, wide, side, stride=stride, padding=0 if stride == 2 else side // 2, groups=wide, bias=False),
            numbers.norm(wide), nn.SiLU(),
            Excited(wide, channels_in // 4, numbers),
            numbers.conv(wide, channels_out, 1, bias=False), numbers.norm(channels_out),
        ]
        self.layers = nn.Sequential(*layers)
        self.has_shortcut = stride == 1 and channels_in == channels_out

    def forward(self, x):
        y = self.layers(x)
        return x + y if self.has_shortcut else y


class EfficientNetB0(nn.Module):
    """Only answers."""

    trains = False

    def __init__(self, batch):
        super().__init__()
        self.x = images(batch, 224)
        # Without a gain, a signal that no batch norm renews would vanish in fifty layers.
        numbers = Numbered(gain=1.5)
        layers = [Padded(3), numbers.conv(3, 32, 3, stride=2, bias=False), numbers.norm(32), nn.SiLU()]
        channels = 32
        for side, repeats, channels_out, expansion, stride in STAGES:
            for repeat in range(repeats):
                layers.append(Bottleneck(channels, channels_out, side, expansion, 1 if repeat else stride, numbers))
                channels = channels_out
        layers += [numbers.conv(channels, 1280, 1, bias=False), numbers.norm(1280), nn.SiLU(), nn.AdaptiveAvgPool2d(1)]
        self.features = nn.Sequential(*layers, nn.Flatten())

    def loss(self, formula):
        """How much the images' features differ: biases, the same for all images, have no part in it."""
        return torch.mean(torch.var(self.features(self.x), dim=0, correction=0))


NETWORKS = {"cnn": Cnn, "dbvae": DbVae, "vae64": Vae64, "jeune-age": YoungOld, "genre": Gender, "age": Age, "genre-age": GenderAge,
            "efficientnet-b0": EfficientNetB0}


def adam(variables, learning_rate, epsilon):
    """Adam, its epsilon beside the corrected moment as in the paper, and how it is computed."""
    try:
        return torch.optim.Adam(variables, learning_rate, eps=epsilon, fused=True), "Adam fusionné"
    except RuntimeError:
        # Before its version 2.4, PyTorch has the fused kernel on graphics cards only.
        return torch.optim.Adam(variables, learning_rate, eps=epsilon), "Adam non fusionné"


class Session:
    def prepare(self, request):
        torch.set_num_threads(request["threads"])
        network = NETWORKS[request["model"]](request["batch"]).to(memory_format=LAYOUT)
        network.train(network.trains)
        variables = list(network.parameters())
        optimizer, kind = adam(variables, request["learning_rate"], request["epsilon"])
        # The loss and its gradients become one compiled function, at the first step.
        measure = torch.compile(network.loss) if COMPILED else network.loss

        def step(formula):
            optimizer.zero_grad()
            loss = measure(formula)
            loss.backward()
            optimizer.step()
            return loss.item()

        def forward(formula):
            with torch.inference_mode():
                return measure(formula).item()

        self.step = step if network.trains else forward
        onednn = "oneDNN" if torch.backends.mkldnn.is_available() else "sans oneDNN"
        return {
            "engine": f"PyTorch {torch.__version__}, {'compilé' if COMPILED else 'mode immédiat'}, "
                      f"canaux {'en dernier' if LAYOUT is torch.channels_last else 'en premier'}, {onednn}, {kind}",
            "threads": torch.get_num_threads(),
            "trainable": sum(v.numel() for v in variables),
        }

    def check(self, request):
        """Steps with the formulas' noise and no dropout, whose losses both sides must share."""
        return {"losses": [self.step(True) for _ in range(request["steps"])]}

    def time(self, request):
        """Steps as a training runs them: noise drawn, loss read back each time."""
        milliseconds = []
        for _ in range(request["steps"]):
            start = time.perf_counter()
            self.step(False)
            milliseconds.append(1e3 * (time.perf_counter() - start))
        return {"milliseconds": milliseconds}


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
