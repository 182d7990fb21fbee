"""Do the chapters notice a fault? `.venv/bin/python .ci/mutations.py [NAME ...]` tries deliberate ones, one at a time.

Each fault of FAULTS changes one place in a copy of the checkout: in `lnl/MODULE.py`, and in the cell that this file was
made from, because a chapter runs its own cells. Then the chapters that should notice run there as `nbdev_test` runs
them (without slow cells), until a cell fails. A row per fault goes into `.ci/tables/mutations.csv`, and one per chapter
without a fault, which must pass. What was caught is not tried again unless the fault's text or its chapters changed;
what is named is tried in any case. The exit code is 1 if a fault of the table was not caught. All of it takes about
half an hour on one core; `nice` and `OMP_NUM_THREADS=1` before the command leave the others in peace. The script forks:
Linux and macOS only.
"""
import csv, importlib, io, json, os, re, resource, shutil, signal, subprocess, sys, tempfile, time, traceback
from functools import partial
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT/'.ci'/'tables'/'mutations.csv'
LIMIT = 300 # seconds of computing that a process of a chapter may take; a chapter may wait four times as long
COLUMNS = ['name', 'module', 'changed', 'chapter', 'caught', 'by', 'seconds', 'lnl', 'torch', 'python', 'commit']

class Fault(NamedTuple):
    "A deliberate mistake"
    name:str # of the fault
    module:str # of lnl
    old:str # found in exactly one place
    new:str # what stands there instead
    chapters:str # numbers of the chapters that should notice, in the order in which they are asked

FAULTS = [
    # the losses
    Fault('entropy with the other sign', 'losses',
        'return (logq.exp()*logq).sum(dim).mean()', 'return -(logq.exp()*logq).sum(dim).mean()', '03'),
    Fault('softmax over places instead of bins', 'losses',
        'logq = logits.float().log_softmax(dim)', 'logq = logits.float().log_softmax(-1)', '03'),
    Fault('unknown labels count in the mean', 'losses',
        'counted = (y != ignore_index).sum().clamp(min=1)', 'counted = y.numel()', '03'),
    Fault('weights of labels ignored', 'losses', 'return (each*w).sum()/counted', 'return each.sum()/counted', '03'),
    Fault('gradient not reversed', 'losses', 'return -ctx.scale*grad, None', 'return ctx.scale*grad, None', '03'),
    Fault('scale of the reversal lost', 'losses', 'return -ctx.scale*grad, None', 'return -grad, None', '03'),
    Fault('confusion over the wrong axis', 'losses',
        'return -logits.float().log_softmax(1).mean()', 'return -logits.float().log_softmax(0).mean()', '08'),
    Fault('distance correlation without the centring', 'losses',
        'return d - d.mean(0) - d.mean(1, keepdim=True) + d.mean()', 'return d', '03'),
    # networks
    Fault('pixels shifted but not scaled', 'networks', 'return (x - self.mean)/self.std', 'return x - self.mean', '02'),
    Fault("the heads of h see each other's channels", 'networks', 'padding=1, groups=n_attr))', 'padding=1))', '02'),
    Fault('everything trains after a look', 'networks',
        'for m, flag in training: m.training = flag', 'for m, flag in training: m.training = True', '02'),
    Fault('features with batch norm in training mode', 'networks',
        'with eval_mode(net.f): z = [net.f(batch[0].to(device)).cpu() for batch in batches]',
        'z = [net.f(batch[0].to(device)).detach().cpu() for batch in batches]', '02'),
    Fault('rows and columns swapped in maps', 'networks',
        'return z.permute(0, 3, 1, 2)', 'return z.permute(0, 3, 2, 1)', '02'),
    Fault('h may lack the last category', 'networks',
        'if got < n: raise ValueError(f"h answers for {got} categories',
        'if got < n - 1: raise ValueError(f"h answers for {got} categories', '02'),
    # Colored MNIST and its loaders
    Fault('off by one in bin_labels', 'data',
        'bins = small.int()*n_bins >> 8', 'bins = small.int()*(n_bins - 1) >> 8', '01'),
    Fault('labels from the corner of each place', 'data',
        'return slice(n//size//2, None, n//size)', 'return slice(0, None, n//size)', '01'),
    Fault('no ink is a colour', 'data', 'if ignore_zero: bins +=', 'if not ignore_zero: bins +=', '01'),
    Fault('standard deviation instead of variance', 'data',
        'm + var**.5 * torch.randn', 'm + var * torch.randn', '01'),
    Fault('test colours stand for the digit, too', 'data',
        "ids = self.own_ids(digits, gen) if split == 'train'", "ids = self.own_ids(digits, gen) if split != 'held out'",
        '01'),
    Fault('held-out digits begin one too early', 'data',
        "first = 50_000 if split == 'held out'", "first = 49_999 if split == 'held out'", '01'),
    Fault('order of attributes in cell', 'data',
        'for b,v in zip(bias.unbind(1), self.bias_vocab): cell = len(v)*cell + b',
        'for b,v in zip(bias.flip(1).unbind(1), self.bias_vocab): cell = len(v)*cell + b', '01'),
    Fault('a cell with one unknown attribute counts', 'data',
        'return torch.where((bias < 0).any(1), -1, cell)', 'return torch.where((bias < 0).all(1), -1, cell)', '01'),
    Fault('mean over unknown places, too', 'data',
        'mean = (bias*known).sum(2)/n.clamp(min=1)', 'mean = (bias*known).sum(2)/bias.shape[2]', '01'),
    Fault('probe_split overlaps', 'data',
        'return order[:len(order)//2], order[len(order)//2:]', 'return order[:len(order)//2], order', '01'),
    Fault('probe_split of digits overlaps', 'data',
        'return rows[~second], rows[second]', 'return rows, rows[second]', '01'),
    Fault('a look at the items moves the random state', 'data',
        'with torch.random.fork_rng(devices=[]): yield', 'yield', '01'),
    # the loop
    Fault('−μ becomes +μ in equation (9)', 'unlearn', '- s*self.mu*bias # eq. (9)', '+ s*self.mu*bias # eq. (9)', '04'),
    Fault('+λ becomes −λ in equation (9)', 'unlearn',
        'self.loss_grad + s*self.lam*neg_entropy', 'self.loss_grad - s*self.lam*neg_entropy', '04'),
    Fault('grad_reverse removed from TwoPass', 'unlearn',
        'self.model.h(grad_reverse(self.model.f(*self.xb), self.mu))', 'self.model.h(self.model.f(*self.xb))', '04'),
    Fault('features not detached for h', 'unlearn',
        'self.teach_h(z.detach(), self.bias', 'self.teach_h(z, self.bias', '04'),
    Fault('fixed does nothing', 'unlearn',
        'for p in held: p.requires_grad_(False)', 'for p in held: p.requires_grad_(True)', '04'),
    Fault('wrong axis in weights', 'unlearn', 'p_y = p.sum(2, keepdim=True)', 'p_y = p.sum(1, keepdim=True)', '04'),
    Fault('count of an unknown bias', 'unlearn', '+ b)[b >= 0]', '+ b.clamp(min=0))[b >= -100]', '04'),
    Fault('watched images teach h', 'unlearn',
        '''"Teach h, then add λ·(negative entropy) − μ·(bias loss) to what f and g minimise"
    if not self.training: return
''', '''"Teach h, then add λ·(negative entropy) − μ·(bias loss) to what f and g minimise"
''', '04'),
    Fault('ramp starts at once', 'unlearn', 'done = self.learn.pct_train - start', 'done = self.learn.pct_train', '04'),
    Fault('h joins before its time', 'unlearn', 'if done < 0: return 0.', 'if done < 0: return 1e-9', '04'),
    Fault('h learns from the first images only', 'unlearn',
        'take = torch.arange(self.n_h*self.h_bs, device=z.device) % len(z)',
        'take = torch.arange(self.n_h*self.h_bs, device=z.device) % self.h_bs', '04'),
    Fault('state of h lost', 'unlearn',
        'return dict(opt_h=self.opt_h and self.opt_h.state_dict(),', 'return dict(opt_h=None,', '04'),
    Fault('counts of label and bias lost', 'unlearn', "self.joint = state['joint']", 'self.joint = None', '04'),
    Fault('MeanWeights forgets what to go on with', 'unlearn', "keeps = 'mean','last','n'", "keeps = 'mean','n'", '04'),
    Fault('order of the batches lost', 'unlearn',
        "if 'order' in memory: self.dls.train.rng.setstate((3, tuple(memory['order']), None))", 'pass', '04'),
    Fault('epochs that are done lost', 'unlearn',
        "self.epochs_done = memory['epochs_done']", 'self.epochs_done = 0', '04'),
    Fault('mean of all weights, not of the second half', 'unlearn',
        'self.learn.pct_train <= .5: return', 'self.learn.pct_train < 0: return', '04'),
    Fault('gradients not clipped', 'unlearn', "if r['clip']: recipe_cbs", "if r['clip'] is False: recipe_cbs", '04'),
    Fault('learning rates of f and g swapped', 'unlearn',
        'return [params(net.f), params(net.g)]', 'return [params(net.g), params(net.f)]', '04'),
    # methods
    Fault('wrong axis in independence_weights', 'methods',
        'return joint.sum(1, keepdim=True)*joint.sum(0)', 'return joint.sum(1)*joint.sum(0)', '08'),
    Fault('an unknown cell weighs like the first', 'methods', 'w = w.where(self.cell >= 0, 1.)', 'w = w*1.', '08'),
    Fault('GroupDRO favours the easy groups', 'methods',
        '(self.eta*per_group.detach()).exp()', '(-self.eta*per_group.detach()).exp()', '08'),
    Fault('weights of GroupDRO lost', 'methods', "keeps = 'q',", 'keeps = ()', '08'),
    Fault('f learns to make h sure in BlindEye', 'methods',
        'return confusion, bias_loss(logits, bias)', 'return -confusion, bias_loss(logits, bias)', '08'),
    Fault('LEACE without the mean', 'methods',
        'erase.bias.copy_(e.bias - A @ e.bias)', 'erase.bias.zero_()', '08'),
    Fault('wrong axis in log_prior', 'methods',
        'return (counts/counts.sum(0)).log()', 'return (counts/counts.sum(1, keepdim=True)).log()', '08'),
    Fault('prior added in evaluation, too', 'methods', '''        if not self.training: return
        term = ''', '''        term = ''', '08'),
    Fault('prior subtracted', 'methods', 'self.pred + self.tau*term', 'self.pred - self.tau*term', '08'),
    Fault('AlsoCell names unknown cells', 'methods',
        'cell = cell.where(cell >= 0, IGNORE)', 'cell = cell.clamp(min=0)', '08'),
    Fault('finish of lnl_adjust trains f', 'methods',
        'with eval_mode(self.f): z = self.f(x)', 'z = self.f(x)', '08'),
    Fault('DomainHeads add up labels, not cells', 'methods',
        'else scores.sum(-2)', 'else scores.sum(-1)', '08'),
    Fault('every head learns from every image', 'methods',
        'self.learn.pred = own.where(self.cell[:,None] >= 0, self.pred.sum(1))',
        'self.learn.pred = self.pred.sum(1)', '08'),
    Fault('dfr is scored on the rows that it learned from', 'methods',
        'return np.setdiff1d(np.arange(len(dls.valid.dataset)), self.rows(dls, unbiased))',
        'return np.arange(len(dls.valid.dataset))', '08'),
    Fault('groups not balanced in dfr', 'methods', 'value = (weight*each).mean()', 'value = each.mean()', '08'),
    Fault('distance correlation of images whose bias is unknown', 'methods',
        'y = self.y[known]', 'known = torch.ones_like(known)\n        y = self.y[known]', '08'),
    Fault('Repaint paints watched images', 'methods',
        'if self.training: self.learn.xb = ', 'self.learn.xb = ', '08'),
    # scores
    Fault('Wilson interval with the z of 90 %', 'scores', 'z = 1.959963984540054', 'z = 1.644853626951473', '06'),
    Fault('follows counts labels instead of answers', 'scores',
        'follows=float((against.answer.', 'follows=float((against.label.', '06'),
    Fault('aligned where label and group are independent', 'scores',
        "along = rows['pull'] > 0", "along = rows['pull'] >= 0", '06'),
    Fault('balanced over answers instead of labels', 'scores',
        'right.groupby(answers.label, observed=True)', 'right.groupby(answers.answer, observed=True)', '06'),
    Fault('a cell of exactly min_n does not decide', 'scores', "query('n >= @min_n')", "query('n > @min_n')", '06'),
    # evaluate
    Fault('a probe learns from the items that score it', 'evaluate',
        'fit(z[self.learn], self.bias[self.learn], z[self.score], self.sizes)',
        'fit(z[self.score], self.bias[self.score], z[self.score], self.sizes)', '07'),
    Fault('nats called bits', 'evaluate', '.item()/np.log(2))', '.item())', '07'),
    Fault('the label is not given to the probe', 'evaluate',
        'with_label = task.ask(torch.cat([z, label], 1), kind)', 'with_label = task.ask(z, kind)', '07'),
    Fault('shown and answered digit swapped', 'evaluate',
        'index_put_((data.digits, found)', 'index_put_((found, data.digits)', '07'),
    Fault('score of the label instead of the answer', 'evaluate',
        'logits.softmax(1).gather(1, found[:,None])', 'logits.softmax(1).gather(1, labels[:,None])', '07'),
    Fault('unknown bias counts as a miss of the probe', 'evaluate',
        'accuracy.append((o.argmax(1) == b)[known]', 'accuracy.append((o.argmax(1) == b)', '07'),
    # results
    Fault('interval of a normal instead of a t', 'results', 'student.ppf(.975, n-1)', 'student.ppf(.975, 10**6)', '09'),
    Fault('minus swapped in the difference to the paper', 'results',
        'table.accuracy - table.paper', 'table.paper - table.accuracy', '09'),
    Fault('runs with other sizes averaged together', 'results', "'bs', 'n_train',\n", "'bs',\n", '09'),
    Fault('failed runs not counted', 'results', "(s != 'ok').sum()", "(s == 'failed').sum()", '09'),
    # compare
    Fault('swapped classes in a score', 'compare',
        'answers.score.where(answers.answer == classes[-1], 1',
        'answers.score.where(answers.answer == classes[0], 1', '12'),
    Fault('hits and false alarms swapped', 'compare', "('fpr', 'tpr')[y]", "('tpr', 'fpr')[y]", '12'),
    Fault('gain with the other sign', 'compare',
        'for sign, only, side in zip((1, -1)', 'for sign, only, side in zip((-1, 1)', '12'),
    Fault('pictures of a patient drawn one by one', 'compare',
        'pd.factorize(pictures[group] if group else pictures.index)', 'pd.factorize(pictures.index)', '12'),
    Fault('McNemar counts pictures that both have right', 'compare',
        'only_b = int((b & ~a).sum())', 'only_b = int(b.sum())', '12'),
    # photographs
    Fault('rows to watch train, too', 'photos',
        'train_items = [item for item,watched in zip(items, valid) if not watched]', 'train_items = list(items)', '20'),
    Fault('a bin holds its upper edge', 'photos',
        'pd.cut(values, listed, right=False)', 'pd.cut(values, listed, right=True)', '20'),
    Fault('missing bias is −1 instead of IGNORE', 'photos',
        'return np.where(codes < 0, IGNORE, codes), vocab', 'return codes, vocab', '20'),
    Fault('black has no colour in photographs', 'photos',
        'bin_labels(pixels, 8, grid, ignore_zero=False)', 'bin_labels(pixels, 8, grid, ignore_zero=True)', '20'),
    Fault('a patient may be in both parts', 'photos',
        'both = sorted(set(groups[valid].dropna()) & set(groups[~valid].dropna()), key=str)', 'both = []', '20'),
    Fault('joint entropy left out of the mutual information', 'photos',
        'entropy_bits(counts.sum(0)) - entropy_bits(counts)', 'entropy_bits(counts.sum(0))', '20'),
    Fault('extreme sets swapped', 'photosets',
        "np.where((df.gender == 'female') == young, 'EB1', 'EB2')",
        "np.where((df.gender == 'female') != young, 'EB1', 'EB2')", '21'),
    Fault('test faces train', 'photosets',
        "name = np.where(test, 'Test', biased)", "name = biased", '21'),
    # suspects
    Fault('patients split over the parts', 'suspects',
        '(None if group is None else df[group], content) if key', '(content,) if key', '24'),
    Fault('patients ignored in the shuffles', 'suspects',
        '2*shuffles, None if group is None else df[group], seed)', '2*shuffles, None, seed)', '24'),
    Fault('copies in two parts pass', 'suspects',
        "transform('nunique') > 1", "transform('nunique') > 2", '24'),
    Fault('unknown bias counts as conflicting', 'suspects',
        'conflicting=len(some) - aligned - unknown', 'conflicting=len(some) - aligned', '24'),
    # export
    Fault('rows and columns of a picture swapped', 'export',
        'torch.from_numpy(pixels).permute(2, 0, 1)', 'torch.from_numpy(pixels).permute(2, 1, 0)', '39'),
    Fault('h travels', 'export', "if k.split('.')[0] != 'h'}", "if k.split('.')[0] != 'H'}", '39'),
    Fault('another network passes as the same', 'export', 'if not off <= eps*scale: raise', 'if off < 0: raise', '39'),
    # audit
    Fault('hits and false alarms swapped in a report', 'audit',
        "(('tpr', 'n_positive', labels[1], 'Hits'), ('fpr', 'n_negative', labels[0], 'False alarms'))",
        "(('fpr', 'n_positive', labels[1], 'Hits'), ('tpr', 'n_negative', labels[0], 'False alarms'))", '48'),
    Fault('small groups may be the weakest', 'audit',
        'large = comparison.cells[~comparison.cells.small.astype(bool)]', 'large = comparison.cells', '48'),
    Fault('chance explains less than it does', 'audit', '< .05)', '< .5)', '48'),
    Fault('a leaning called none', 'audit',
        'if against.high >= along.low: return', 'if against.low <= along.high: return', '48'),
    # experiments and sweeps
    Fault('a run is named without its batch size', 'experiments',
        'text = json.dumps(dict(config=same_numbers(cfg),',
        "text = json.dumps(dict(config=same_numbers({k: v for k, v in cfg.items() if k != 'bs'}),", '43'),
    Fault('resume forgets the random state', 'experiments', "    set_random_states(state['random'])\n", '', '51'),
    Fault('resume forgets the optimiser', 'experiments', "    learn.opt.load_state_dict(state['opt'])\n", '', '51'),
    Fault('the state of another run is taken', 'experiments', 'if not odd: return', 'return', '51'),
    Fault('spared digits are scored', 'experiments',
        'super().measure(net, dls, [i for i in rows if i >= self.n_spared])', 'super().measure(net, dls, rows)', '51'),
    Fault('bits with and without the label swapped', 'experiments',
        "bits=leak['bits'], bits_given_digit=leak['bits_given_label']",
        "bits=leak['bits_given_label'], bits_given_digit=leak['bits']", '51'),
    Fault('a failed run counts as done', 'sweep',
        "DONE = ('ok', 'diverged')", "DONE = ('ok', 'diverged', 'failed')", '43'),
    Fault('an old row stands for any run', 'sweep',
        'if k in run.changed: return False', 'if False: return False', '43'),
    Fault('half a line of a table is read', 'sweep',
        "io.StringIO(text[:text.rfind('\\n')+1])", 'io.StringIO(text)', '43'),
    # the rest
    Fault('test things keep the colour of their label', 'toy',
        "paint = y if split == 'train' else", 'paint = y if n else', '00'),
    Fault('a file is written in place', 'cli',
        "part = path.with_name(f'{path.name}.{os.getpid()}.tmp')", 'part = path', '40'),
    Fault('a job that was killed has a result', 'runner',
        "if process.returncode: return Failure('killed'", "if process.returncode > 0: return Failure('killed'", '41')]

HEAVY = [ # imported once, so that a chapter starts at once
    'torch', 'torchvision.models', 'pandas', 'scipy.stats', 'matplotlib.pyplot', 'sklearn.linear_model',
    'sklearn.pipeline', 'fairlearn.metrics', 'fastai.vision.data', 'fastai.learner', 'fastai.callback.schedule',
    'fastai.metrics', 'execnb.shell', 'nbdev.config', 'nbdev.frontmatter', 'nbdev.process']
SHARED = ['02', '04', '07', '08', '12', '51'] # leave no file behind before their last fault: what precedes it runs once

def refuse(text):
    "One line, and exit code 2"
    print(f'error: {text}', file=sys.stderr)
    sys.exit(2)

def chapter_path(root, number):
    "The notebook with this number"
    found = sorted((root/'nbs').glob(f'{number}_*.ipynb'))
    if len(found) != 1: refuse(f'chapter {number!r} must be the number of one notebook, got {len(found)}')
    return found[0]

def once(text, fault, where):
    "The text with the fault in it"
    n = text.count(fault.old)
    if n != 1: refuse(f'{fault.name}: the old text must be in {where} exactly once, it is there {n} times')
    return text.replace(fault.old, fault.new)

def source_notebook(root, module):
    "The notebook that a module is made from"
    text = (root/'lnl'/f'{module}.py').read_text(encoding='utf8')
    return root/'nbs'/re.search(r'File to edit: \.\./nbs/(\S+\.ipynb)', text)[1]

def stands_in(fault, number):
    "Is this chapter the only one to be asked, and the one that the module is made from?"
    return fault.chapters == number and source_notebook(ROOT, fault.module) == chapter_path(ROOT, number)

def changed_files(root, fault):
    "{path: its text with the fault}: the module, and the notebook that it is made from"
    module = root/'lnl'/f'{fault.module}.py'
    path = source_notebook(root, fault.module)
    notebook = json.loads(path.read_text(encoding='utf8'))
    sources = [''.join(cell['source']) for cell in notebook['cells']]
    exported = [i for i, source in enumerate(sources) if re.search(r'^#\|\s*exports?\b', source, re.M)]
    places = [i for i in exported if fault.old in sources[i]]
    if len(places) != 1:
        refuse(f'{fault.name}: the old text must be in one exported cell of {path.name}, it is in {len(places)}')
    cell = notebook['cells'][places[0]]
    cell['source'] = once(sources[places[0]], fault, path.name).splitlines(keepends=True)
    text = once(module.read_text(encoding='utf8'), fault, module.name)
    return {module: text, path: json.dumps(notebook, ensure_ascii=False)}

def copy_checkout(folder):
    "What git knows of this checkout, as it is now"
    names = subprocess.run(['git', 'ls-files', '-z'], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in names.strip('\0').split('\0'):
        if not (ROOT/name).exists(): continue
        (folder/name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT/name, folder/name, follow_symlinks=False)

def run_chapter(root, path):
    "Run a notebook of a copy: what its first failing cell says, or '' if all is well"
    with tempfile.TemporaryFile('w+') as log:
        sys.stdout.flush()
        pid = os.fork()
        if not pid: be_chapter(root, path, log)
        return verdict(pid, log)

def begin(log):
    "What a process does first that is to be watched: a group of its own, a limit, a file for what it says"
    os.setsid()
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT))
    for stream in (1, 2): os.dup2(log.fileno(), stream)

def be_chapter(root, path, log, before_cell=lambda cell: None):
    "Run a notebook with the library of the copy, and end"
    begin(log)
    os.chdir(root)
    scripts = Path(sys.executable).parent
    os.environ.update(PYTHONPATH=str(root), PATH=f"{scripts}{os.pathsep}{os.environ['PATH']}", IN_TEST='1')
    for name in [name for name in sys.modules if name.split('.')[0] == 'lnl']: del sys.modules[name]
    sys.path[0] = str(root)
    passed = False
    try: passed = run_notebook(path, before_cell)
    except BaseException: traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr): stream.flush()
        os._exit(not passed)

def run_notebook(path, before_cell):
    "Does each cell pass? As nbdev's test_nb does it, but `before_cell` sees a cell before it runs, and may change it"
    from execnb.shell import CaptureShell
    from nbdev.config import get_config
    from nbdev.frontmatter import FrontmatterProc
    from nbdev.process import NBProcessor
    skip_flags = set(get_config().tst_flags.split())
    def skip(cell):
        directives = getattr(cell, 'directives_', None) or {}
        if cell.cell_type != 'code' or skip_flags & directives.keys(): return True
        if directives.get('eval:', [''])[0].lower() == 'false': return True
        before_cell(cell)
    notebook = NBProcessor(path, procs=FrontmatterProc, process=True).nb
    shell = CaptureShell(path)
    os.chdir(path.parent)
    try: shell.run_all(notebook, exc_stop=True, preproc=skip)
    except Exception:
        if not shell.exc: raise
        print(shell.prettytb(fname=path), file=sys.stderr)
        return False
    return True

def verdict(pid, log):
    "Wait for a chapter: what its first failing cell says, or '' if all is well; nothing that it started stays"
    end = time.monotonic() + 4*LIMIT
    ended, status = 0, 0
    while not ended and time.monotonic() < end:
        time.sleep(.1)
        ended, status = os.waitpid(pid, os.WNOHANG)
    try: os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError: pass
    if not ended: os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status) if ended else None
    if code in (None, -signal.SIGXCPU, -signal.SIGKILL): return f'too slow: more than {LIMIT} s'
    log.seek(0)
    return first_error(log.read()) if code else ''

def first_error(log):
    "Number of the cell, its line that failed, and the error's first line"
    cell = re.search(r'While Executing Cell #(\d+)', log)
    lines = log[cell.start():].splitlines() if cell else log.splitlines()
    frames = [i for i, line in enumerate(lines) if re.match(r'  File "<ipython-input', line)]
    line = lines[frames[0] + 1].strip() if frames and frames[0] + 1 < len(lines) else ''
    errors = [line for line in lines if re.match(r'(\w+\.)*\w*(Error|Exception|Interrupt|Killed)\b', line)]
    error = errors[-1] if errors else (lines or ['no message'])[-1]
    return ' | '.join(o for o in (f'cell {cell[1]}' if cell else 'no cell', line[:120], error[:120]) if o)

def read_rows():
    "{name: row} of the table"
    if not TABLE.exists(): return {}
    with TABLE.open(encoding='utf8', newline='') as f: return {row['name']: row for row in csv.DictReader(f)}

def write_rows(rows):
    "The table: chapters without a fault first, then the faults in their order; what is no fault any more is left out"
    from lnl.cli import write_text
    order = [*sorted(name for name in rows if name.startswith('none in ')), *(fault.name for fault in FAULTS)]
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator='\n')
    writer.writeheader()
    writer.writerows(rows[name] for name in order if name in rows)
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    write_text(TABLE, text.getvalue())

def what(fault):
    "A fault on one line"
    return ' → '.join(' '.join(text.split()) or 'nothing' for text in (fault.old, fault.new))

def is_done(fault, rows):
    "Was this fault caught, as it is now?"
    row = rows.get(fault.name, {})
    caught = row.get('caught') == 'yes' and row['changed'] == what(fault)
    return caught and row['chapter'] in fault.chapters.split()

def row_of(name, module, changed, chapter, by, start):
    "A row of the table, without provenance"
    caught = 'yes' if by else 'no'
    seconds = round(time.monotonic() - start, 1)
    return dict(name=name, module=module, changed=changed, chapter=chapter, caught=caught, by=by, seconds=seconds)

def put(files):
    "Write {path: text}; what stood there"
    kept = {path: path.read_text(encoding='utf8') for path in files}
    for path, text in files.items(): path.write_text(text, encoding='utf8')
    return kept

def try_alone(root, fault):
    "Put a fault in, ask its chapters from their beginning, take it out again: its row"
    start = time.monotonic()
    kept = put(changed_files(root, fault))
    try:
        for number in fault.chapters.split():
            by = run_chapter(root, chapter_path(root, number))
            if by: break
    finally: put(kept)
    return row_of(fault.name, fault.module, what(fault), number, by, start)

def try_together(root, number, faults):
    "Run a chapter once; where a fault stands, a copy of the process goes on with it. Yields rows, its own the last"
    start = time.monotonic()
    heard, told = os.pipe()
    with tempfile.TemporaryFile('w+') as log:
        sys.stdout.flush()
        pid = os.fork()
        if not pid:
            os.close(heard)
            be_chapter(root, chapter_path(root, number), log, partial(branch_off, root, list(faults), number, told))
        os.close(told)
        with os.fdopen(heard) as lines:
            for line in lines: yield json.loads(line)
        yield row_of(f'none in {number}', '', 'nothing', number, verdict(pid, log), start)

def branch_off(root, faults, number, told, cell):
    "In the process of a chapter: before a cell in which faults stand, a copy of the process for each of them"
    exported = {'export', 'exports'} & cell.directives_.keys()
    for fault in [fault for fault in faults if exported and fault.old in cell.source]:
        if f'lnl.{fault.module}' in sys.modules: raise RuntimeError(f'{number} imports lnl.{fault.module} too early')
        start = time.monotonic()
        kept = put(changed_files(root, fault))
        with tempfile.TemporaryFile('w+') as log:
            for stream in (sys.stdout, sys.stderr): stream.flush()
            pid = os.fork()
            if not pid: # the copy: it has one fault, and goes on
                begin(log)
                faults.clear()
                cell.source = once(cell.source, fault, cell.source)
                return
            by = verdict(pid, log)
        put(kept)
        row = row_of(fault.name, fault.module, what(fault), number, by, start)
        os.write(told, f'{json.dumps(row)}\n'.encode())

def main(names):
    "Do what was not caught yet, or what is named"
    from lnl.cli import provenance
    known = [fault.name for fault in FAULTS]
    if len(set(known)) < len(known): refuse('two faults have one name')
    chapters = sorted({number for fault in FAULTS for number in fault.chapters.split()})
    plain = {f'none in {number}': number for number in chapters}
    for name in names:
        if name not in [*known, *plain]: refuse(f'there is no fault {name!r}')
    for fault in FAULTS: changed_files(ROOT, fault)
    how = {k: v for k, v in provenance().items() if k in COLUMNS}
    rows = read_rows()
    wanted = [f for f in FAULTS if f.name in names or not names and not is_done(f, rows)]
    together = {number: [fault for fault in wanted if stands_in(fault, number)] for number in SHARED}
    alone = [fault for fault in wanted if not any(stands_in(fault, number) for number in SHARED)]
    todo = {name: number for name, number in plain.items() if name in names or not names and name not in rows}
    for name in HEAVY: importlib.import_module(name)
    with tempfile.TemporaryDirectory(prefix='mutations-') as folder:
        root = Path(folder).resolve()
        copy_checkout(root)
        for fault in alone: keep(rows, {**try_alone(root, fault), **how})
        for number, faults in together.items():
            if faults or f'none in {number}' in todo:
                for row in try_together(root, number, faults): keep(rows, {**row, **how})
        for number in todo.values():
            if number in SHARED: continue
            for row in try_together(root, number, []): keep(rows, {**row, **how})
    found = [rows[name] for name in known if name in rows]
    lost = [row['name'] for row in found if row['caught'] != 'yes']
    broken = [name for name in plain if rows.get(name, {}).get('caught') == 'yes']
    print(f"{len(found)} of {len(known)} faults tried, {len(lost)} not caught{': ' if lost else ''}{', '.join(lost)}")
    if broken: print(f"fail without a fault: {', '.join(broken)}")
    return bool(lost or broken)

def keep(rows, row):
    "Put a row into the table"
    rows[row['name']] = row
    write_rows(rows)
    said = f"{row['name']}: caught {row['caught']}, chapter {row['chapter']}, {row['seconds']} s"
    print(said, row['by'], sep='  ', flush=True)

if __name__ == '__main__': sys.exit(main(sys.argv[1:]))
