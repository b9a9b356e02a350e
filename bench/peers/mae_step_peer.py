"""One MAE pretraining step in Hugging Face's ViTMAE: forward, backward, fused AdamW.

Mask ratio 0.75, per-patch normalised targets, MLPs four times as wide as the model. bf16 means autocast, the
weights staying in single precision.
"""

import resource

import torch
import transformers
from measure import measure, parser
from transformers import ViTMAEConfig, ViTMAEForPreTraining

SIZES = dict(image=32, patch=4, channels=3, width=192, depth=12, heads=3, decoder_width=128, decoder_depth=4,
             decoder_heads=4, batch=64)


def build(sizes, attention):
    config = ViTMAEConfig(
        image_size=sizes.image, patch_size=sizes.patch, num_channels=sizes.channels,
        hidden_size=sizes.width, num_hidden_layers=sizes.depth, num_attention_heads=sizes.heads,
        intermediate_size=4 * sizes.width, decoder_hidden_size=sizes.decoder_width,
        decoder_num_hidden_layers=sizes.decoder_depth, decoder_num_attention_heads=sizes.decoder_heads,
        decoder_intermediate_size=4 * sizes.decoder_width, layer_norm_eps=1e-6, mask_ratio=0.75,
        norm_pix_loss=True, attn_implementation=attention)
    return ViTMAEForPreTraining(config).train()


def peak_megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main():
    arguments = parser(__doc__)
    for name, value in SIZES.items():
        arguments.add_argument(f"--{name.replace('_', '-')}", type=int, default=value,
                               help=f"(default: {value})")
    arguments.add_argument("--precision", choices=("fp32", "bf16"), nargs="+", default=["fp32", "bf16"])
    arguments.add_argument("--attention", choices=("sdpa", "eager"), default="eager",
                           help="sdpa is Hugging Face's own default, but slower in bf16 on a CPU (default: eager)")
    arguments = arguments.parse_args()
    torch.set_num_threads(arguments.threads)

    for precision in arguments.precision:
        torch.manual_seed(0)
        model = build(arguments, arguments.attention)
        optimizer = torch.optim.AdamW(model.parameters(), lr=1.5e-4, betas=(0.9, 0.95), weight_decay=0.05,
                                      fused=True)
        images = torch.randn(arguments.batch, arguments.channels, arguments.image, arguments.image)

        def step(model=model, optimizer=optimizer, images=images, low=precision == "bf16"):
            with torch.autocast("cpu", torch.bfloat16, enabled=low):
                loss = model(pixel_values=images).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            return loss.item()

        name = (f"mae_step/{arguments.image}px_{arguments.width}x{arguments.depth}"
                f"_decoder{arguments.decoder_width}x{arguments.decoder_depth}/batch{arguments.batch}/{precision}")
        measure(name, step, items=arguments.batch, unit="images/s", arguments=arguments, warm_up=2,
                peer=f"transformers {transformers.__version__} ({arguments.attention}), torch {torch.__version__}",
                peak_megabytes=peak_megabytes)


if __name__ == "__main__":
    main()
