import pandas as pd, torch
from lnl.networks import photo_net
from lnl.photos import BiasedImages, bias_report, check_images, group_accuracy
from lnl.unlearn import plain_learner, unlearn_learner

def run(folder, arch='resnet18', pretrained=True, size=128, epochs=16):
    df = pd.read_csv(f'{folder}/labels.csv') # columns file, kind, tag, valid
    df = df[check_images(df.file, folder).ok.values]
    print(bias_report(df[~df.valid], 'kind', 'tag'))

    def train(make, bias_col, **settings):
        torch.manual_seed(0)
        dls = BiasedImages.from_df(df, folder, fn_col='file', label_col='kind', bias_col=bias_col, valid_col='valid', size=size, bs=32, cache=True)
        net = photo_net(arch, len(dls.vocab), dls.bias_sizes, cut='layer3', pretrained=pretrained)
        learn = make(dls, net, 'photos', **settings)
        with learn.no_bar(), learn.no_logging(): learn.fit_recipe(epochs)
        return group_accuracy(net, dls, 'tag')['cells'].set_index(['label', 'group']).accuracy

    return pd.DataFrame(dict(baseline=train(plain_learner, None), unlearned=train(unlearn_learner, 'tag', n_h=8, h_bs=32)))
