"""Learning-rate scale and weight decay of every parameter of ViT-B and ViT-L in fine-tuning, by three rules.

`mae` is stated here from the paper's appendix and the published code's behaviour, `timm` comes from timm's own
param_groups_layer_decay, `lightly` is stated from lightly's MAE benchmark; there, tokens and positions never
reach the optimizer and the head keeps AdamW's default rate: both are written as a scale of 1. Weight decay is
written as 1 where the parameter decays.
"""

import re

import timm
from golden_file import origin, output_folder, save_json
from timm.optim import param_groups_layer_decay

MODELS = {  # name -> (timm's arguments, decay)
    "vit_base": (dict(model_name="vit_base_patch16_224"), 0.65),
    "vit_large": (dict(model_name="vit_large_patch16_224"), 0.75),
    "vit_base_pooled": (dict(model_name="vit_base_patch16_224", global_pool="avg", fc_norm=True), 0.65),
    "vit_registers": (dict(model_name="vit_base_patch16_224", embed_dim=24, depth=3, num_heads=2, reg_tokens=2,
                           pre_norm=True), 0.5),
}
TOKENS = ("cls_token", "pos_embed", "reg_token", "dist_token")


def mae(name, dimensions, depth, decay):
    """Stem 0, block k at k + 1, what follows at depth + 1; a factor for each layer below the top."""
    block = re.match(r"blocks\.(\d+)\.", name)
    stem = name in TOKENS or name.startswith(("patch_embed.", "norm_pre."))
    layer = 0 if stem else int(block[1]) + 1 if block else depth + 1
    return decay ** (depth + 1 - layer), int(dimensions > 1 and name not in TOKENS)


def lightly(name, dimensions, depth, decay):
    block = re.match(r"blocks\.(\d+)\.", name)
    scale = decay ** (depth - 1 - int(block[1])) if block else 1.0
    return scale, int(dimensions > 1 and name not in TOKENS and not name.startswith("head."))


def timm_groups(model, decay):
    groups = param_groups_layer_decay(model, weight_decay=1.0, layer_decay=decay,
                                      no_weight_decay_list=model.no_weight_decay())
    return {id(parameter): (group["lr_scale"], int(group["weight_decay"]))
            for group in groups for parameter in group["params"]}


def table(label, arguments, decay):
    model = timm.create_model(**arguments, pretrained=False, num_classes=10, device="meta")
    depth = len(model.blocks)
    by_timm = timm_groups(model, decay)
    return [[label, name, *mae(name, parameter.ndim, depth, decay), *by_timm[id(parameter)],
             *lightly(name, parameter.ndim, depth, decay)]
            for name, parameter in model.named_parameters()]


def main():
    folder = output_folder(__doc__)
    rows = [row for label, (arguments, decay) in MODELS.items() for row in table(label, arguments, decay)]
    save_json(folder / "layer_decay.json", {"parameters": rows},
              origin(__file__, ("timm", "torch"), decays={name: decay for name, (_, decay) in MODELS.items()},
                     columns=["model", "parameter", "mae scale", "mae decays", "timm scale", "timm decays",
                              "lightly scale", "lightly decays"]))


if __name__ == "__main__":
    main()
