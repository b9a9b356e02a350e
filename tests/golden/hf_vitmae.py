"""MAE as Hugging Face's ViTMAEForPreTraining computes it, under the names of MAE checkpoints.

Two tiny models: `hf_vitmae.safetensors` sees grey pictures, `hf_vitmae_rgb.safetensors` colour, where the
order of a patch's values (row, column, channel) shows. Every learned parameter is random, norms and biases
included, so that a parameter that is left out or mixed up changes the numbers.
"""

import re

import numpy as np
import torch
from golden_file import origin, output_folder, save_tensors
from transformers import ViTMAEConfig, ViTMAEForPreTraining

BATCH = 2
MASK_RATIO = 0.75
GRADIENTS = ("blocks.0.attn.qkv.weight", "mask_token", "patch_embed.proj.weight")
MODELS = {
    "hf_vitmae": dict(num_channels=1, hidden_size=20, num_attention_heads=4, decoder_hidden_size=16,
                      decoder_num_attention_heads=2),
    "hf_vitmae_rgb": dict(num_channels=3, hidden_size=16, num_attention_heads=2, decoder_hidden_size=12,
                          decoder_num_attention_heads=3),
}

# Hugging Face's names (left) to those of timm and of MAE checkpoints, applied in order.
RENAMES = (
    (r"^vit\.embeddings\.patch_embeddings\.projection", "patch_embed.proj"),
    (r"^vit\.embeddings\.position_embeddings", "pos_embed"),
    (r"^vit\.embeddings\.cls_token", "cls_token"),
    (r"^vit\.layernorm", "norm"),
    (r"^vit\.layers", "blocks"),
    (r"^decoder\.decoder_layers", "decoder_blocks"),
    (r"^decoder\.", ""),
    (r"\.attention\.o_proj", ".attn.proj"),
    (r"\.attention\.([qkv])_proj", r".attn.\1"),
    (r"\.layernorm_before", ".norm1"),
    (r"\.layernorm_after", ".norm2"),
)


def build(seed, shape):
    """A random model; layer norm's epsilon is MAE's, in the encoder and in the decoder."""
    config = ViTMAEConfig(
        image_size=16, patch_size=4, num_hidden_layers=2, decoder_num_hidden_layers=1,
        intermediate_size=4 * shape["hidden_size"], decoder_intermediate_size=4 * shape["decoder_hidden_size"],
        layer_norm_eps=1e-6, mask_ratio=MASK_RATIO, hidden_act="gelu", attn_implementation="eager", **shape)
    model = ViTMAEForPreTraining(config).eval()
    norms = [module for module in model.modules() if isinstance(module, torch.nn.LayerNorm)]
    assert len(norms) == 2 * 3 + 2 and all(norm.eps == 1e-6 for norm in norms)
    randomise(model, np.random.default_rng(seed))
    return model


def randomise(model, generator):
    """Random values for all that is learned; sin-cos rows for the positions."""
    for name, parameter in model.named_parameters():
        if name.endswith(("position_embeddings", "decoder_pos_embed")):
            # A fresh Hugging Face model leaves the decoder's at zero (its own initialiser clears them).
            assert not parameter.requires_grad
            values = sin_cos(parameter.shape[-1], side=4)
        else:
            values = 0.25 * generator.standard_normal(parameter.shape)
            if "norm" in name and name.endswith("weight"):
                values = 1.0 + values
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(np.asarray(values, np.float32)))


def sin_cos(width, side):
    """MAE's fixed positions: [sin x, cos x, sin y, cos y] a token, x its column; a zero row for the class."""
    frequencies = 10000.0 ** (-np.arange(width // 4) / (width / 4))
    y, x = np.divmod(np.arange(side * side), side)
    angles = [np.outer(axis, frequencies) for axis in (x, y)]
    rows = np.concatenate([part for a in angles for part in (np.sin(a), np.cos(a))], axis=1)
    return np.concatenate([np.zeros((1, width)), rows])[None]


def renamed(tensors):
    """The same tensors under MAE's names, with query, key and value fused in this order."""
    out = {}
    for name, tensor in tensors.items():
        for pattern, replacement in RENAMES:
            name = re.sub(pattern, replacement, name)
        out[name] = tensor.detach().clone()
    for name in [name for name in out if ".attn.q." in name]:
        parts = [out.pop(name.replace(".attn.q.", f".attn.{letter}.")) for letter in "qkv"]
        out[name.replace(".attn.q.", ".attn.qkv.")] = torch.cat(parts)
    return out


def run(model, images, noise, normalised):
    """One forward and backward; gradients under MAE's names."""
    model.config.norm_pix_loss = normalised
    model.zero_grad()
    output = model(pixel_values=images, noise=noise)
    output.loss.backward()
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()
                 if parameter.grad is not None}
    return output, renamed(gradients)


def golden(model, generator):
    """Inputs, parameters and everything that Hugging Face makes of them."""
    channels = model.config.num_channels
    images = torch.from_numpy(generator.standard_normal((BATCH, channels, 16, 16)).astype(np.float32))
    noise = torch.from_numpy(generator.permuted(
        np.tile(np.linspace(0.01, 0.99, 16, dtype=np.float32), (BATCH, 1)), axis=1))
    tensors = {f"param.{name}": tensor for name, tensor in renamed(model.state_dict()).items()}
    tensors.update(image=images, noise=noise)

    for prefix, normalised in (("pix", False), ("normpix", True)):
        output, gradients = run(model, images, noise, normalised)
        tensors[f"{prefix}.loss"] = output.loss.detach()
        tensors.update({f"{prefix}.grad.{name}": gradients[name] for name in GRADIENTS})
    tensors.update(mask=output.mask, ids_restore=output.ids_restore, pred=output.logits.detach())

    with torch.no_grad():
        tensors["latent"] = model.vit(images, noise=noise).last_hidden_state
        model.vit.embeddings.config.mask_ratio = 0.0
        in_order = torch.arange(16.0).repeat(BATCH, 1)
        tensors["encoder_nomask"] = model.vit(images, noise=in_order).last_hidden_state
    return tensors


def main():
    folder = output_folder(__doc__)
    torch.set_num_threads(1)
    for seed, (name, shape) in enumerate(MODELS.items()):
        model = build(seed, shape)
        facts = dict(image=16, patch=4, depth=2, decoder_depth=1, mask_ratio=MASK_RATIO, epsilon=1e-6, **shape)
        tensors = golden(model, np.random.default_rng(100 + seed))
        save_tensors(folder / f"{name}.safetensors", tensors,
                     origin(__file__, ("torch", "transformers", "numpy"), **facts))


if __name__ == "__main__":
    main()
