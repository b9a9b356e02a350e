"""A Vision Transformer's forward pass in timm, without gradients. bf16 means weights and input in bfloat16."""

import timm
import torch
from measure import measure, parser
from timm.models.vision_transformer import VisionTransformer

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}


def main():
    arguments = parser(__doc__)
    for name, value in dict(image=32, patch=4, width=192, depth=12, heads=3, channels=3, batch=64).items():
        arguments.add_argument(f"--{name}", type=int, default=value, help=f"(default: {value})")
    arguments.add_argument("--model", default="vit_tiny", help="how to call these sizes (default: vit_tiny)")
    arguments.add_argument("--precision", choices=PRECISIONS, nargs="+", default=list(PRECISIONS))
    arguments = arguments.parse_args()
    torch.set_num_threads(arguments.threads)

    for precision in arguments.precision:
        torch.manual_seed(0)
        dtype = PRECISIONS[precision]
        model = VisionTransformer(img_size=arguments.image, patch_size=arguments.patch, embed_dim=arguments.width,
                                  depth=arguments.depth, num_heads=arguments.heads,
                                  in_chans=arguments.channels, num_classes=0).eval().to(dtype)
        shape = (arguments.batch, arguments.channels, arguments.image, arguments.image)
        images = torch.randn(shape).to(dtype)

        @torch.inference_mode()
        def forward(model=model, images=images):
            model(images)

        measure(f"encoder_forward/{arguments.model}_{arguments.image}px/batch{arguments.batch}/{precision}",
                forward, items=arguments.batch, unit="images/s", arguments=arguments, warm_up=2,
                peer=f"timm {timm.__version__}, torch {torch.__version__}")


if __name__ == "__main__":
    main()
