"""Ten steps of linear probing by MAE's recipe (batch norm, LARS) and by MoCo v3's (SGD) on fixed features.

Keys: `labels` [64], `weight` [5, 16] at first (biases begin at 0); `<recipe>.features` [64, 16] float32, of `lars` in
columns of very different scale; `<recipe>.losses` [10], `<recipe>.weight` [5, 16], `<recipe>.bias` [5]; for `lars`
`running_mean`, `running_var` [16]. Batches are rows 0 ... 31 and 32 ... 63 by turns: five epochs of two steps.
"""

import math

import torch
from golden_file import origin, output_folder, save_tensors
from torch import nn

EPOCHS, STEPS_PER_EPOCH, BATCH = 5, 2, 32
PEAK = {"lars": 6.4, "sgd": 0.75}  # learning rates: MAE's at 16,384 pictures, a small one for SGD
WARMUP = {"lars": 1, "sgd": 0}  # epochs


class Lars(torch.optim.Optimizer):
    """Layer-wise adaptive rates: matrices alone are scaled, by what their gradient is to their weights."""

    def __init__(self, parameters, momentum=0.9, trust=0.001):
        super().__init__(parameters, {"lr": 0.0, "momentum": momentum, "trust": trust})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                update = parameter.grad
                if parameter.ndim > 1:
                    weights, gradient = torch.linalg.norm(parameter), torch.linalg.norm(update)
                    if weights > 0 and gradient > 0:
                        update = update * (group["trust"] * weights / gradient)
                moving = self.state[parameter].setdefault("momentum", torch.zeros_like(parameter))
                moving.mul_(group["momentum"]).add_(update)
                parameter.sub_(moving, alpha=group["lr"])


def rate(step, peak, warmup):
    """Linear warm-up, then half a cosine to 0, by the fractional epoch."""
    epoch = step / STEPS_PER_EPOCH
    if epoch < warmup:
        return peak * epoch / warmup
    return peak * 0.5 * (1 + math.cos(math.pi * (epoch - warmup) / (EPOCHS - warmup)))


def train(recipe, features, labels, weight):
    head = nn.Linear(16, 5)
    norm = nn.BatchNorm1d(16, affine=False, eps=1e-6) if recipe == "lars" else nn.Identity()
    with torch.no_grad():
        head.weight.copy_(weight)
        head.bias.zero_()
    model = nn.Sequential(norm, head).train()
    optimizer = Lars(head.parameters()) if recipe == "lars" else torch.optim.SGD(head.parameters(), lr=1, momentum=0.9)
    losses = []
    for step in range(EPOCHS * STEPS_PER_EPOCH):
        first = step % STEPS_PER_EPOCH * BATCH
        optimizer.param_groups[0]["lr"] = rate(step, PEAK[recipe], WARMUP[recipe])
        loss = nn.functional.cross_entropy(model(features[first:first + BATCH]), labels[first:first + BATCH])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    tensors = {"losses": torch.stack(losses), "weight": head.weight.detach(), "bias": head.bias.detach()}
    if recipe == "lars":
        tensors |= {"running_mean": norm.running_mean, "running_var": norm.running_var}
    return {f"{recipe}.{name}": tensor for name, tensor in tensors.items()}


def main():
    folder = output_folder(__doc__)
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(23)
    labels = torch.randint(5, (64,), generator=generator)
    centres = torch.randn(5, 16, generator=generator)
    even = 0.7 * centres[labels] + torch.randn(64, 16, generator=generator)
    scales = 10 ** torch.empty(16).uniform_(-2, 1, generator=generator)  # what a batch norm is there for
    features = {"lars": even * scales + 0.5, "sgd": even}
    weight = 0.01 * torch.randn(5, 16, generator=generator)
    tensors = {"labels": labels, "weight": weight}
    for recipe in ("lars", "sgd"):
        tensors |= {f"{recipe}.features": features[recipe]} | train(recipe, features[recipe], labels, weight)
    save_tensors(folder / "probe_recipes.safetensors", tensors, origin(__file__, ("torch", "numpy")))


if __name__ == "__main__":
    main()
