"""Is one training in two processes the training in one? Run by `make test`, or by `python .ci/two_processes.py` (20 s).

Two processes on the CPU (PyTorch's gloo) train a small network without batch norm with `lnl.unlearn.Distributed`, as a
baseline and by each recipe; one process does the same with whole batches. Losses, counts and weights agree to 1e-4,
also where a training is saved by two processes and finished by one. The last line is `N passed, N failed`.
"""
import os, sys, tempfile, warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
warnings.filterwarnings('ignore')
import torch, torch.distributed as dist
from fastai.callback.core import Callback, CancelFitException
from torch import nn
from torch.multiprocessing import spawn
from torch.nn.utils import parameters_to_vector
from lnl.cli import quiet
from lnl.data import biased_dls
from lnl.networks import BiasNet, VectorHeads
from lnl.unlearn import Distributed, plain_learner, unlearn_learner

EPOCHS = 2
CLOSE = 1e-4
SHORT = dict(start=.1, ramp=.2)
RUNS = { # name -> what makes the learner, its settings, categories of the second attribute
    'the baseline': (plain_learner, dict(recipe='stable'), 4),
    'the stable recipe': (unlearn_learner, dict(recipe='stable', lam=.5, **SHORT), 4),
    'the recipe for photographs': (unlearn_learner, dict(recipe='photos', h_bs=16, **SHORT), 4),
    'the recipe of the paper': (unlearn_learner, dict(recipe='paper'), 4),
    '300 categories': (unlearn_learner, dict(recipe='stable', **SHORT), 300)}

class Losses(Callback):
    "Keep the loss of each step"
    def before_fit(self): self.seen = []
    def after_batch(self):
        if self.training: self.seen.append(self.loss.item())

class StopHalfway(Callback):
    def before_train(self):
        if self.epoch == EPOCHS//2: raise CancelFitException

def loaders(n_categories):
    "Noise in which a bright patch tells the label, and the brightness goes with it; the last batch is not whole"
    draw = torch.Generator().manual_seed(0)
    n = 256
    y = torch.randint(3, (n,), generator=draw)
    alike = torch.rand(n, generator=draw) < .8
    brightness = torch.where(alike, y, torch.randint(3, (n,), generator=draw))
    other = torch.randint(n_categories, (n,), generator=draw)
    x = torch.rand(n, 3, 12, 12, generator=draw) + brightness[:,None,None,None]
    for i,k in enumerate(y.tolist()): x[i,k,:4,:4] += 1
    items = list(zip(x/4, y, torch.stack([brightness, other], 1)))
    vocab = [list(range(3)), list(range(n_categories))]
    dls = biased_dls(items[:202], items[202:], ['brightness', 'other'], list('abc'), 32, vocab, device='cpu')
    dls.train.rng.seed(0)
    return dls

def learner(name, *cbs, seed=0):
    make, settings, n_categories = RUNS[name]
    torch.manual_seed(seed)
    f = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.Tanh())
    g = nn.Sequential(nn.Conv2d(8, 8, 3, stride=2), nn.Tanh(), nn.Flatten(), nn.Linear(32, 3))
    net = BiasNet(f, g, VectorHeads(8, [3, n_categories]))
    return make(loaders(n_categories), net, cbs=[Losses(), *cbs], **settings)

def train(learn):
    "Train, and say what is to be compared"
    with quiet(learn): learn.fit_recipe(EPOCHS)
    found = dict(losses=torch.tensor(learn.losses.seen))
    found['weights'] = parameters_to_vector(learn.model.parameters()).detach()
    found['watched'] = torch.tensor([float(v) for v in learn.recorder.log[2:4]])
    if not hasattr(learn, 'unlearn'): return found
    for k in ('neg_entropy', 'bias_loss'): found[k] = torch.tensor([o[k] for o in learn.unlearn.history])
    if learn.unlearn.joint is not None: found['counts'] = learn.unlearn.joint
    return found

def half(rank, folder):
    "What one of the two processes does; they begin with different weights"
    dist.init_process_group('gloo', init_method=f'file://{folder}/meet', rank=rank, world_size=2)
    found = {name: train(learner(name, Distributed(), seed=rank)) for name in RUNS}
    stopped = learner('the stable recipe', Distributed(), StopHalfway(), seed=rank)
    train(stopped)
    torch.save(dict(model=stopped.model.state_dict(), opt=stopped.opt.state_dict()), folder/f'stopped_{rank}.pth')
    normed = learner('the stable recipe', Distributed(), seed=rank)
    normed.model.f.append(nn.BatchNorm2d(8))
    normed.create_opt()
    train(normed)
    found['with batch norm'] = dict(state=torch.cat([v.flatten() for v in normed.model.state_dict().values()]))
    torch.save(found, folder/f'{rank}.pth')
    dist.destroy_process_group()

passed = []
def check(name, differences):
    "Each difference must be small"
    ok = all(v < CLOSE for v in differences.values())
    passed.append(ok)
    numbers = ', '.join(f'{k} {v:.0e}' for k,v in differences.items())
    print('ok     ' if ok else 'FAILED ', f'{name}: {numbers}', flush=True)

def largest(a, b): return (a - b).abs().max().item() if a.shape == b.shape else float('inf')

def main():
    os.environ.update(OMP_NUM_THREADS='1', GLOO_SOCKET_IFNAME=os.environ.get('GLOO_SOCKET_IFNAME', 'lo'))
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        spawn(half, (folder,), nprocs=2)
        first, second = [torch.load(folder/f'{rank}.pth') for rank in (0, 1)]
        states = [torch.load(folder/f'stopped_{rank}.pth') for rank in (0, 1)]
    alone = {name: train(learner(name)) for name in RUNS}
    for name,found in alone.items():
        mean = {k: (first[name][k] + second[name][k])/2 for k in found}
        differences = {k: largest(mean[k], found[k]) for k in found}
        differences['between them'] = largest(first[name]['weights'], second[name]['weights'])
        check(name, differences)
    for rank,state in enumerate(states):
        resumed = learner('the stable recipe', seed=2)
        resumed.model.load_state_dict(state['model'])
        resumed.create_opt()
        resumed.opt.load_state_dict(state['opt'])
        off = largest(train(resumed)['weights'], alone['the stable recipe']['weights'])
        check(f'saved by process {rank}, finished by one', dict(weights=off))
    check('batch norm', dict(between_them=largest(*[o['with batch norm']['state'] for o in (first, second)])))
    print(f'{passed.count(True)} passed, {passed.count(False)} failed')
    sys.exit(not all(passed))

if __name__ == '__main__': main()
