import pandas as pd
from fastai.torch_core import set_seed
from lnl.networks import photo_net
from lnl.photos import BiasedImages, bias_report, check_images, group_accuracy
from lnl.unlearn import plain_learner, unlearn_learner

def run(folder, arch='resnet18', cut='layer4', pretrained=True, size=128, epochs=16):
    df = pd.read_csv(f'{folder}/labels.csv') # columns file, kind, tag, and valid: True or False, 1 or 0
    found = check_images(df.file, folder)
    df = df[found.ok.values]
    print(bias_report(df[df.valid == 0], 'kind', 'tag'), f'{(~found.ok).sum()} of {len(found)} pictures are left out', sep='\n')

    def train(make, bias_col, **settings):
        set_seed(0) # same start, same order of the pictures
        dls = BiasedImages.from_df(df, folder, fn_col='file', label_col='kind', bias_col=bias_col, valid_col='valid', size=size, bs=32, cache=True)
        net = photo_net(arch, len(dls.vocab), dls.bias_sizes, cut, pretrained)
        learn = make(dls, net, 'photos', **settings)
        with learn.no_bar(), learn.no_logging(): learn.fit_recipe(epochs)
        return group_accuracy(net, dls, 'tag')['cells'].set_index(['label', 'group'])

    return train(plain_learner, None).join(train(unlearn_learner, 'tag', n_h=8, h_bs=32).accuracy, rsuffix=' unlearned')
