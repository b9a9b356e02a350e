"""Bicubic resize of 500x375 RGB pictures to 224x224: Pillow, and torchvision on uint8 tensors.

Both antialias. Pillow's result is the one that repbench reproduces bit for bit; torchvision's is within a
level of it. The pictures are smooth gradients with noise, made on the spot.
"""

import numpy as np
import PIL
import torch
import torchvision
from measure import measure, parser
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional

SIZE = 224


def pictures(count):
    generator = np.random.default_rng(0)
    y, x = np.mgrid[0:375, 0:500]
    ramp = np.stack([x / 2, y / 1.5, (x + y) / 4], axis=-1)
    return [np.clip(ramp + generator.normal(0, 20, ramp.shape), 0, 255).astype(np.uint8) for _ in range(count)]


def main():
    arguments = parser(__doc__)
    arguments.add_argument("--pictures", type=int, default=50, help="pictures a repetition (default: 50)")
    arguments = arguments.parse_args()
    torch.set_num_threads(arguments.threads)
    pixels = pictures(arguments.pictures)
    common = dict(items=len(pixels), unit="images/s", arguments=arguments)
    name = f"resize/500x375_to_{SIZE}/bicubic"

    if arguments.threads == 1:  # Pillow knows no threads of its own
        images = [Image.fromarray(picture) for picture in pixels]

        def with_pillow():
            for image in images:
                image.resize((SIZE, SIZE), Image.Resampling.BICUBIC)

        measure(name, with_pillow, peer=f"Pillow {PIL.__version__}", **common)

    # Channels last in memory, as decoders leave them: torchvision's fast path.
    tensors = [torch.from_numpy(picture).permute(2, 0, 1) for picture in pixels]

    def with_torchvision():
        for tensor in tensors:
            functional.resize(tensor, [SIZE, SIZE], InterpolationMode.BICUBIC, antialias=True)

    measure(name, with_torchvision, peer=f"torchvision {torchvision.__version__}", **common)


if __name__ == "__main__":
    main()
