"""Each method on three kinds of data, with its scores, a probe and the leakage: `python .ci/every_method.py OUT.csv [METHOD ...]`.

Small trainings on purpose: they show that everything works on everything, not which method is best. The data: 2,000 coloured digits;
drawn faces (gender, with age as bias, one in ten against the habit); and a CSV of drawn faces with two biases (site and age) and
missing bias labels. A method that can't work on a kind of data says why in `message`. Takes some ten minutes on one core.
"""
import sys, tempfile, time
from pathlib import Path
import numpy as np
import pandas as pd
import torch
from lnl.cli import provenance, quiet
from lnl.data import ColoredMNIST
from lnl.evaluate import answers, leakage, probe
from lnl.methods import METHODS
from lnl.networks import digit_net, photo_net
from lnl.photos import BiasedImages
from lnl.photosets import draw_faces
from lnl.scores import scores
from PIL import Image

SEED = 0

def digits(folder):
    "2,000 coloured digits; the test split has colours that mean nothing"
    dls = ColoredMNIST('train', n=2000).dls(bs=64, valid=ColoredMNIST('test', n=1000), bias=True, device='cpu')
    return dls, digit_net, 'stable', 3, 'color'

def face_table(folder, n=600, against=.1):
    "Drawn faces as files: young women and old men, but for a share against the habit; the last third is without habit"
    images, df = draw_faces(4*n, seed=SEED)
    rng = np.random.default_rng(SEED)
    habit = (df.gender == 'female') == (df.age < 45)
    keep = habit | (rng.random(len(df)) < against) | (np.arange(len(df)) > 8*n//3)
    df = df.assign(valid=np.arange(len(df)) > 8*n//3)[keep]
    df = pd.concat([df[~df.valid][:n], df[df.valid][:n//2]])
    df['fn'] = [f'{i}.png' for i in df.index]
    for i, fn in zip(df.index, df.fn): Image.fromarray(images[i].permute(1, 2, 0).numpy()).save(Path(folder)/fn)
    return df.reset_index(drop=True)

def small_net(dls):
    "A small network of our own for pictures: no download, trained in seconds"
    from torch import nn
    def block(c_in, c_out): return [nn.Conv2d(c_in, c_out, 3, padding=1), nn.BatchNorm2d(c_out), nn.ReLU(), nn.MaxPool2d(2)]
    model = nn.Sequential(*block(3, 16), *block(16, 32), *block(32, 32), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 2))
    return photo_net(model, len(dls.vocab), dls.bias_sizes, cut='7', pretrained=False)

def faces(folder):
    "Gender, with age as bias"
    df = face_table(folder)
    dls = BiasedImages.from_df(df, folder, label_col='gender', bias_col='age', edges=[15, 45, 81], valid_col='valid',
        size=48, bs=64, cache=True, device='cpu')
    return dls, lambda: small_net(dls), 'photos', 5, 'age'

def table(folder):
    "A stranger's CSV: two biases, age as a number with edges and the site as a name, and a tenth of both missing"
    df = face_table(folder)
    rng = np.random.default_rng(SEED + 1)
    along = rng.random(len(df)) < np.where(df.valid, .5, .85)
    df['site'] = np.where((df.gender == 'female') == along, 'north', 'south')
    df['years'] = df.age.astype(float)
    for c in ('site', 'years'): df.loc[rng.random(len(df)) < .1, c] = None
    df.drop(columns='age').to_csv(Path(folder)/'cases.csv', index=False)
    df = pd.read_csv(Path(folder)/'cases.csv')
    dls = BiasedImages.from_df(df, folder, label_col='gender', bias_col=['site', 'years'], edges={'years': [15, 45, 81]},
        valid_col='valid', size=48, bs=64, cache=True, device='cpu')
    return dls, lambda: small_net(dls), 'photos', 5, ['site', 'years']

DATA = dict(digits=digits, faces=faces, table=table)

def one(name, method, dls, net, recipe, epochs, by):
    "Train, finish, score, probe"
    torch.manual_seed(SEED)
    np.random.seed(SEED)
    dls.train.rng.seed(SEED)
    row = dict(data=name, method=method, recipe=recipe, epochs=epochs, seed=SEED)
    t0 = time.process_time()
    try: learn = METHODS[method].learner(dls, net(), recipe)
    except ValueError as e: return {**row, 'status': 'not possible', 'message': str(e)}
    with quiet(learn): learn.fit_recipe(epochs)
    found = METHODS[method].finish(learn)
    row['cpu_seconds'] = time.process_time() - t0
    table = answers(found, dls.valid)
    part = table.iloc[METHODS[method].scored(dls)]
    part.attrs = table.attrs
    row.update(scores(part, by), scored=len(part))
    row['probe_pooled'] = probe(found, dls, kind='pooled')['accuracy']
    leak = leakage(found, dls, kind='linear')
    row.update(probe_linear=leak['accuracy'], **{k: leak[k] for k in ('majority', 'bits', 'bits_given_label')})
    return {**row, 'status': 'ok'}

out, *only = sys.argv[1:]
torch.set_num_threads(1)
rows = []
for name, make in DATA.items():
    with tempfile.TemporaryDirectory() as folder:
        dls, *rest = make(folder)
        for method in only or METHODS:
            rows.append({**one(name, method, dls, *rest), **provenance()})
            said = {k: round(v, 3) if isinstance(v, float) else v for k, v in rows[-1].items() if k in ('data', 'method', 'accuracy', 'worst', 'conflicting', 'probe_linear', 'status', 'message', 'cpu_seconds')}
            print(said, flush=True)
            pd.DataFrame(rows).to_csv(out, index=False)
