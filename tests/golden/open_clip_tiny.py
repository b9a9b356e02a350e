"""A tiny CLIP as open_clip computes it, with both activations: features, logits, loss and gradients.

Every learned parameter is random, norms and biases included, so that a parameter that is left out or mixed up
changes the numbers. Texts end at different places; what stands behind EOT is junk that must not matter.
"""

import numpy as np
import torch
from golden_file import origin, output_folder, save_tensors
from open_clip.loss import ClipLoss
from open_clip.model import CLIP

BATCH = 3
VOCABULARY = 40  # SOT 38, EOT 39
CONTEXT = 12
GRADIENTS = ("visual.conv1.weight", "visual.proj", "transformer.resblocks.0.attn.in_proj_weight",
             "token_embedding.weight", "positional_embedding", "logit_scale")


def build(quick_gelu):
    return CLIP(embed_dim=12, quick_gelu=quick_gelu,
                vision_cfg=dict(image_size=8, patch_size=4, layers=2, width=16, head_width=8),
                text_cfg=dict(context_length=CONTEXT, vocab_size=VOCABULARY, width=16, heads=2, layers=1))


def randomise(model, generator):
    for name, parameter in sorted(model.named_parameters()):
        values = 0.25 * generator.standard_normal(parameter.shape)
        if "ln_" in name and name.endswith("weight"):
            values = 1.0 + values
        if name == "logit_scale":
            values = np.float32(2.0)
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(np.asarray(values, np.float32)))


def texts(generator):
    tokens = np.zeros((BATCH, CONTEXT), np.int64)
    for row, length in enumerate((3, 9, 6)):
        tokens[row, 0] = VOCABULARY - 2
        tokens[row, 1:length + 1] = generator.integers(0, VOCABULARY - 2, length)
        tokens[row, length + 1] = VOCABULARY - 1
        tokens[row, length + 2:] = generator.integers(0, VOCABULARY - 2, CONTEXT - length - 2)
    return torch.from_numpy(tokens)


def run(model, images, tokens, prefix):
    model.zero_grad()
    image, text = model.encode_image(images), model.encode_text(tokens)
    norm = torch.nn.functional.normalize
    scale = model.logit_scale.exp()
    loss = ClipLoss()(norm(image, dim=-1), norm(text, dim=-1), scale)
    loss.backward()
    out = {"image_features": image, "text_features": text, "loss": loss.reshape(1),
           "logits": scale * norm(image, dim=-1) @ norm(text, dim=-1).T}
    parameters = dict(model.named_parameters())
    out.update({f"grad.{name}": parameters[name].grad for name in GRADIENTS})
    return {f"{prefix}.{name}": value.detach().clone() for name, value in out.items()}


def main():
    folder = output_folder(__doc__)
    torch.set_num_threads(1)
    generator = np.random.default_rng(7)
    images = torch.from_numpy(generator.standard_normal((BATCH, 3, 8, 8)).astype(np.float32))
    tokens = texts(generator)
    tensors = dict(image=images, text=tokens)
    for prefix, quick in (("gelu", False), ("quick_gelu", True)):
        model = build(quick)
        randomise(model, np.random.default_rng(8))
        tensors.update(run(model, images, tokens, prefix))
    tensors.update({f"param.{name}": value.detach() for name, value in model.state_dict().items()
                    if name != "attn_mask"})
    save_tensors(folder / "open_clip_tiny.safetensors", tensors,
                 origin(__file__, ("torch", "open_clip_torch", "numpy"), image=8, patch=4, width=16, depth=2,
                        heads=2, embed=12, text_width=16, text_depth=1, text_heads=2, vocabulary=VOCABULARY,
                        context=CONTEXT))


if __name__ == "__main__":
    main()
