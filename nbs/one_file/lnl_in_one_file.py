"""Learning Not to Learn in one file: a network learns digits from coloured digits and unlearns the colour.

Run it with `python lnl_in_one_file.py`; `--mu 0` trains the baseline.
It needs PyTorch, and MNIST from the `lnl` package or from torchvision.
f looks, g names the digit, h tries to name the colour. Equation numbers are those of Kim et al., CVPR 2019.
"""
import argparse, importlib.util, math, numpy as np, torch, torch.nn.functional as F
from importlib.resources import files
from torch import nn

PALETTE = torch.tensor([[220,20,60], [0,128,128], [253,233,16], [0,149,182], [237,145,33],
    [145,30,188], [70,240,240], [250,197,187], [210,245,60], [128,0,0]])/255 # mean colour of digit 0..9

def mnist(split):
    "Grey digits uint8 [n,28,28] and labels int64 [n]"
    if importlib.util.find_spec('lnl'):
        with np.load(files('lnl')/'assets'/'mnist.npz') as d:
            return torch.from_numpy(d[f'{split}_images']), torch.from_numpy(d[f'{split}_labels']).long()
    from torchvision.datasets import MNIST
    d = MNIST('mnist', train=split == 'train', download=True)
    return d.data, d.targets

def colored(split, var=.02, seed=0):
    "(1): images uint8 [n,3,28,28], digits [n], colour ids [n], bins [n,3]; in training the colour stands for the digit"
    gray, y = mnist(split)
    gen = torch.Generator().manual_seed(2*seed + (split == 'test'))
    ids = y if split == 'train' else torch.randint(10, y.shape, generator=gen)
    means = PALETTE[ids]
    def draw(m): return m + var**.5*torch.randn(m.shape, generator=gen)
    c = draw(means)
    while (out := (c <= 0) | (c >= 1)).any(): c[out] = draw(means[out])
    c = (255*c).to(torch.uint8)
    images = (gray > 128)[:,None]*c[:,:,None,None]
    return images, y, ids, c.long()//32

class Normalize(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer('mean', torch.tensor([.4914,.4822,.4465])[:,None,None])
        self.register_buffer('std', torch.tensor([.2023,.1994,.2010])[:,None,None])

    def forward(self, x): return (x - self.mean)/self.std

class Net(nn.Module):
    "f: images to features z [n,32,14,14]; g: z to digits; h: z to 8 bins of R, G and B at each place"
    def __init__(self):
        super().__init__()
        self.f = nn.Sequential(Normalize(), nn.BatchNorm2d(3), nn.Conv2d(3, 32, 5, padding=2), nn.ReLU(),
            nn.MaxPool2d(3, 2, padding=1), nn.Conv2d(32, 32, 3, padding=1), nn.ReLU())
        self.g = nn.Sequential(nn.Conv2d(32, 64, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(64, 64, 3, padding=1),
            nn.ReLU(), nn.AvgPool2d(7), nn.Flatten(), nn.Linear(64, 10))
        for m in [*self.f, *self.g]:
            if isinstance(m, nn.Conv2d): nn.init.normal_(m.weight, 0, math.sqrt(2/(m.kernel_size[0]**2*m.out_channels)))
        self.h = nn.Sequential(nn.Conv2d(32, 96, 3, padding=1), nn.BatchNorm2d(96), nn.ReLU(),
            nn.Conv2d(96, 24, 3, padding=1, groups=3))

    def forward(self, x): return self.g(self.f(x))

def log_q(net, z): return net.h(z).unflatten(1, (3,8)).log_softmax(2) # log Q [n,3,8,14,14]

def bias_loss(logq, b, w=1):
    "(7): cross-entropy of h's answers, weighted, summed over R, G and B, averaged over images and places"
    right = logq.mean((3,4)).gather(2, b[:,:,None])[:,:,0]
    return -(right*w).mean(0).sum()

def count(joint, y, b):
    "Add a batch to the table [3,10,8] of how often each digit meets each bin"
    for i in range(3): joint[i].index_put_((y, b[:,i]), torch.ones_like(y, dtype=torch.float), accumulate=True)

def weights(joint, y, b):
    "p(y)p(b)/p(y,b), at most 10, mean 1: digits and bins that go together count less, so h must read the colour"
    p = joint/joint.sum((1,2), keepdim=True)
    w = (p.sum(2, keepdim=True)*p.sum(1, keepdim=True)/p.clamp(min=1e-9)).clamp(max=10)
    w = w/(w*p).sum((1,2), keepdim=True)
    return torch.stack([w[i,y,b[:,i]] for i in range(3)], 1)

def optimizers(net):
    groups = [dict(params=net.f.parameters(), lr=1.5e-2), dict(params=net.g.parameters(), lr=3e-3)]
    return torch.optim.Adam(groups), torch.optim.Adam(net.h.parameters(), lr=6e-3)

def strength(done, total):
    "The ramp, when the share `done` of `total` steps is over: h joins after 70 steps or so"
    start = max(.05, min(70/total, .15))
    length = max(.1, min(140/total, .3))
    return min(max(0, done-start)/length, 1)

def teach_h(net, opt_h, z, b, w):
    "8 steps on 32 images each"
    take = torch.arange(8*32, device=z.device) % len(z)
    for i in take.view(8, 32):
        opt_h.zero_grad()
        bias_loss(log_q(net, z[i]), b[i], w[i]).backward()
        opt_h.step()

def step(net, opts, joint, x, y, b, done, total, lam=0., mu=5.):
    "One step of (9): h learns to read, f learns to hide, g learns to classify"
    opt, opt_h = opts
    s = strength(done, total)
    z = net.f(x)
    loss = F.cross_entropy(net.g(z), y)
    count(joint, y, b)
    if s > 0:
        teach_h(net, opt_h, z.detach(), b, weights(joint, y, b)) # weights for h only: f plays (9) as it stands
        net.h.requires_grad_(False) # from here on h is fixed
        logq = log_q(net, z)
        loss = loss + s*(lam*(logq.exp()*logq).sum(2).mean() - mu*bias_loss(logq, b)) # (9)
        net.h.requires_grad_(True)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_([*net.f.parameters(), *net.g.parameters()], 5.)
    opt.step()
    return loss.item()

def add_to_mean(mean, new, n):
    "The mean of `n` states of the weights, the newest of them `new`"
    return {k: mean.get(k, w) + (w - mean.get(k, w))/n for k,w in new.items()}

@torch.no_grad()
def evaluate(net, images, y, ids):
    "Accuracy where colour means nothing, and how often a foreign colour is answered with its own digit"
    net.eval()
    answers = torch.cat([net(x.float()/255).argmax(1) for x in images.split(1000)])
    return (answers == y).float().mean().item(), (answers == ids)[ids != y].float().mean().item()

def main(epochs=4, mu=5., var=.02, seed=0, n_train=60_000, bs=128):
    torch.manual_seed(seed)
    images, y, _, b = [o[:n_train] for o in colored('train', var, seed)]
    test, digits, ids, _ = colored('test', var, seed)
    net = Net()
    opts = optimizers(net)
    joint = torch.zeros(3, 10, 8)
    mean = {}
    total = epochs*math.ceil(len(y)/bs)
    batches = (i for _ in range(epochs) for i in torch.randperm(len(y)).split(bs))
    for k,i in enumerate(batches):
        loss = step(net.train(), opts, joint, images[i].float()/255, y[i], b[i], k/total, total, mu=mu)
        n = k - total//2 + 1
        if n > 0: mean = add_to_mean(mean, net.state_dict(), n)
        if k % 50 == 0 or k == total-1: print(f'step {k+1} of {total}: loss {loss:.3f}', flush=True)
    net.load_state_dict(mean)
    print('accuracy {:.4f}, follows the colour {:.4f}'.format(*evaluate(net, test, digits, ids)))

if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for k,v in dict(epochs=4, mu=5., var=.02, seed=0, n_train=60_000).items():
        parser.add_argument(f"--{k.replace('_','-')}", type=type(v), default=v)
    main(**vars(parser.parse_args()))
