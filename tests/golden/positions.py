"""Position embeddings of a 5 x 5 grid behind one class position, resampled to other grids as different origins do.

Keys: `positions` [1, 26, 8]; `bicubic.HxW` (MAE's fine-tuning, transformers), `antialias.HxW` (timm, open_clip),
`dinov2.HxW` (DINOv2's own code: factors (side + 0.1) / 5 handed to the interpolation).
"""

import torch
from golden_file import origin, output_folder, save_tensors
from torch.nn.functional import interpolate

GRIDS = [(3, 3), (7, 7), (4, 9), (16, 2)]


def main():
    torch.manual_seed(0)
    positions = torch.randn(1, 26, 8)
    patches = positions[:, 1:].reshape(1, 5, 5, 8).permute(0, 3, 1, 2)
    tensors = {"positions": positions}
    for grid in GRIDS:
        made = {
            "bicubic": interpolate(patches, size=grid, mode="bicubic", align_corners=False),
            "antialias": interpolate(patches, size=grid, mode="bicubic", align_corners=False, antialias=True),
            "dinov2": interpolate(patches, scale_factor=[(side + 0.1) / 5 for side in grid], mode="bicubic"),
        }
        for how, result in made.items():
            assert tuple(result.shape[2:]) == grid
            rows = result.permute(0, 2, 3, 1).reshape(1, -1, 8)
            tensors[f"{how}.{grid[0]}x{grid[1]}"] = torch.cat([positions[:, :1], rows], 1)
    save_tensors(output_folder(__doc__) / "positions.safetensors", tensors, origin(__file__, ["torch"]))


if __name__ == "__main__":
    main()
