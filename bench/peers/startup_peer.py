"""The same start as `repbench inspect` and `repbench embed` in timm, and the stop-watch for both: bench/startup.sh.

  startup_peer.py make FILE MODEL            random weights of a timm model, .safetensors or .pth
  startup_peer.py load FILE                  ViT-B created and loaded
  startup_peer.py embed FILE OUT PICTURE...  and the class tokens of the pictures, one thread
  startup_peer.py repeat N TITLE COMMAND...  median seconds and largest memory of N runs
  startup_peer.py compare OURS THEIRS        largest difference of the features
"""

import os
import statistics
import subprocess
import sys
import time


def make(path, name):
    import timm
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    state = timm.create_model(name, num_classes=0).state_dict()
    if path.endswith(".safetensors"):
        save_file(state, path)
    else:
        torch.save(state, path)


def load(path):
    import timm
    import torch

    torch.set_num_threads(1)
    return timm.create_model("vit_base_patch16_224", pretrained=False, num_classes=0, checkpoint_path=path).eval()


def embed(path, out, *pictures):
    model = load(path)
    import timm
    import torch
    from PIL import Image
    from safetensors.torch import save_file

    view = timm.data.create_transform(input_size=224, crop_pct=224 / 248, interpolation="bicubic",
                                      mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    images = torch.stack([view(Image.open(picture).convert("RGB")) for picture in pictures])
    with torch.inference_mode():
        save_file({"features": model(images).contiguous()}, out)


def repeat(count, title, *command):
    seconds, peak = [], 0
    for _ in range(int(count)):
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            sys.exit(f"startup: {' '.join(command)} failed")
        seconds.append(time.perf_counter() - start)
        peak = max(peak, usage.ru_maxrss)
    print(f"{title:40} {statistics.median(seconds):6.2f} s   {peak / 1024:7.0f} MB", flush=True)


def compare(ours, theirs):
    from safetensors.torch import load_file

    worst = float((load_file(ours)["features"] - load_file(theirs)["features"]).abs().max())
    print(f"largest difference of the features {worst:.1e}")
    sys.exit(0 if worst < 1e-4 else "startup: the features differ")


if __name__ == "__main__":
    {"make": make, "load": load, "embed": embed, "repeat": repeat, "compare": compare}[sys.argv[1]](*sys.argv[2:])
