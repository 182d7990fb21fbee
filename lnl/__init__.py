__version__ = "0.2.0"

import warnings as _warnings
_warnings.filterwarnings('ignore', message='.*torch.jit.script.*') # fastai's import, with recent PyTorch
