import pandas as pd
from lnl.cli import quiet
from lnl.evaluate import answers
from lnl.networks import photo_net
from lnl.photos import BiasedImages, bias_report, check_images
from lnl.scores import cells
from lnl.unlearn import plain_learner, unlearn_learner
from fastai.torch_core import set_seed

def run(folder, arch='resnet18', cut='layer4', pretrained=True, size=128, epochs=16):
    df = pd.read_csv(f'{folder}/labels.csv') # columns file, kind, tag, and valid: True or False, 1 or 0
    found = check_images(df.file, folder)
    df = df[found.ok.values]
    print(bias_report(df[df.valid == 0], 'kind', 'tag'))
    print(f'{(~found.ok).sum()} of {len(found)} pictures are left out')

    def train(make, bias_col, **settings):
        set_seed(0) # same start, same order of the pictures
        columns = dict(fn_col='file', label_col='kind', bias_col=bias_col, valid_col='valid')
        dls = BiasedImages.from_df(df, folder, **columns, size=size, bs=32, cache=True)
        net = photo_net(arch, len(dls.vocab), dls.bias_sizes, cut, pretrained)
        learn = make(dls, net, 'photos', **settings)
        with quiet(learn): learn.fit_recipe(epochs)
        return cells(answers(net, dls.valid), 'tag').set_index(['label', 'tag'])

    baseline = train(plain_learner, None)
    unlearned = train(unlearn_learner, 'tag', n_h=8, h_bs=32)
    return baseline.join(unlearned[['accuracy', 'low', 'high']], rsuffix=' unlearned')
