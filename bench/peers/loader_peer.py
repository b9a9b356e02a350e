"""torch's DataLoader over Fashion-MNIST: RandomResizedCrop to 28 px (bicubic, area 0.2 to 1), flip, uint8 batch.

The pictures are unpacked beforehand; normalising is left out, as repbench does it on the device. One thread
loads in the process itself; several threads mean as many worker processes, whose start is part of an epoch.
"""

import gzip
from pathlib import Path

import numpy as np
import torch
import torchvision
from measure import measure, parser
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import (Compose, InterpolationMode, PILToTensor, RandomHorizontalFlip,
                                    RandomResizedCrop)

DEBIAN = Path("/usr/share/datasets/fashion-mnist")  # of the package dataset-fashion-mnist


class Pictures(Dataset):
    """The pictures of an idx3-ubyte file, packed by gzip or not."""

    def __init__(self, path, count):
        read = gzip.open if path.suffix == ".gz" else open
        with read(path, "rb") as file:
            magic, total, height, width = np.frombuffer(file.read(16), ">i4")
            if magic != 0x803:
                raise SystemExit(f"{path}: expected an idx file of pictures")
            count = min(count, int(total))
            pixels = np.frombuffer(file.read(count * height * width), np.uint8)
        self.images = [Image.fromarray(picture) for picture in pixels.reshape(count, height, width)]
        self.view = Compose([RandomResizedCrop(28, (0.2, 1.0), interpolation=InterpolationMode.BICUBIC),
                             RandomHorizontalFlip(), PILToTensor()])

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.view(self.images[index])


def main():
    arguments = parser(__doc__, repetitions=5)
    arguments.add_argument("--data", type=Path, default=DEBIAN / "train-images-idx3-ubyte.gz",
                           help="an idx3-ubyte file (default: that of Debian's package)")
    arguments.add_argument("--images", type=int, default=20_000, help="pictures an epoch (default: 20000)")
    arguments.add_argument("--batch", type=int, default=256, help="pictures a batch (default: 256)")
    arguments = arguments.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    pictures = Pictures(arguments.data, arguments.images)
    loader = DataLoader(pictures, batch_size=arguments.batch, shuffle=True,
                        num_workers=0 if arguments.threads == 1 else arguments.threads)

    def epoch():
        assert sum(len(batch) for batch in loader) == len(pictures)

    measure("loader/fashion_mnist/28px", epoch, items=len(pictures), unit="images/s", arguments=arguments,
            peer=f"torch DataLoader {torch.__version__}, torchvision {torchvision.__version__}")


if __name__ == "__main__":
    main()
