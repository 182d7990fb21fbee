"""Bad inputs: each must give one line that names what came and what was expected, and leave nothing behind.

`python .ci/bad_inputs.py` runs all cases (about two minutes on one core) and writes `.ci/tables/bad_inputs.csv`; words
after it choose kinds, or cases whose name holds one of them; the other rows stay. A command must end with exit code 2
and one line on stderr; a public function must raise `ValueError`, `TypeError` or `OSError`. No step is trained, and
neither a folder nor a temporary file is left. Some inputs only look bad and must work; a broken picture is found when
it is read; Ctrl-C must end with 130, and the run go on afterwards. What is open stands in the column `said`.
"""
import csv, hashlib, io, json, os, pickle, re, resource, shutil, signal, struct, subprocess, sys, tempfile, time
import warnings, zlib
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from unittest.mock import patch

root = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root))
warnings.simplefilter('ignore', FutureWarning) # about the insides of other packages
os.environ['PYTHONPATH'] = str(root)
for threads in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS'): os.environ.setdefault(threads, '1')

import numpy as np, pandas as pd, psutil, torch
from fastai.learner import Learner
from PIL import Image
from safetensors.torch import save_file
from lnl.audit import audit_answers
from lnl.cli import provenance
from lnl.compare import compare_runs
from lnl.data import ColoredMNIST, bin_labels, sample_colors
from lnl.experiments import load_network, read_config
from lnl.export import load_exported
from lnl.losses import bias_loss
from lnl.networks import load_weights, photo_net, small_net
from lnl.photos import BiasedImages, bias_report, check_images, folder_table
from lnl.photosets import load_npy_dict
from lnl.study import Study
from lnl.unlearn import unlearn_learner

COMMANDS = dict(lnl_train='experiments', lnl_sweep='sweep', lnl_report='sweep', lnl_audit='audit', lnl_study='study',
    lnl_film='film', lnl_playground='playground', lnl_benchmark='benchmark')
SECONDS = 30 # of the processor, that a case may take; other processes apart
PATIENCE = 900 # seconds on the wall, until another process must have ended, on a busy machine
GIGABYTES = 4 # that a case may take beside what Python and PyTorch have
CASES = {} # (kind, name) -> function

class TooSlow(BaseException):
    "Not an error that a command would catch"

@dataclass
class Trial:
    "What a case does, and what must come of it"
    what: str # command or function
    do: object # function without arguments; returns (exit code or name of the exception, lines said)
    says: list = field(default_factory=list) # texts that the line must hold
    must: object = 2 # exit code, or 'error' for a documented exception, or 'works'
    trains: bool = False # may a step be trained?
    keeps: list = field(default_factory=list) # names of what may be left: a result, or a state to go on from
    note: str = '' # why another outcome than the contract's is right here

def case(kind, name):
    "Add a case: a function of its folder that returns a Trial"
    def add(make):
        assert (kind, name) not in CASES, name
        CASES[kind, name] = make
        return make
    return add

# --- what a case can do ---

def command(name, *words, says=(), **kwargs):
    "Call a command in this process, as its script would"
    def do():
        module = import_module(f'lnl.{COMMANDS[name]}')
        out, err = io.StringIO(), io.StringIO()
        code = 0
        with patch.object(sys, 'argv', [name, *map(str, words)]), redirect_stdout(out), redirect_stderr(err):
            try: getattr(module, name)()
            except SystemExit as e:
                code = e.code
                if isinstance(code, str): # as Python's own exit does it
                    print(code, file=sys.stderr)
                    code = 1
        return code or 0, err.getvalue().splitlines() or out.getvalue().splitlines()[-1:]
    return Trial(name, do, list(says), **kwargs)

def process(name, *words, says=(), **kwargs):
    "Call a command in a process of its own"
    def do():
        done = subprocess.run(script(name, *words), capture_output=True, text=True, timeout=PATIENCE)
        return done.returncode, done.stderr.splitlines() or done.stdout.splitlines()[-1:]
    return Trial(name, do, list(says), **kwargs)

def script(name, *words):
    "The words that start a command"
    return [sys.executable, '-c', f'from lnl.{COMMANDS[name]} import {name}; {name}()', *map(str, words)]

def function(func, *args, says=(), must='error', what='', **kwargs):
    "Call a public function"
    trial = {k: kwargs.pop(k) for k in ('trains', 'keeps', 'note') if k in kwargs}
    def do():
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter('always')
            try: found = func(*args, **kwargs)
            except (ValueError, TypeError, OSError) as e: return type(e).__name__, str(e).splitlines()
        said = [str(w.message) for w in warned if issubclass(w.category, UserWarning)]
        shown = re.sub(' at 0x[0-9a-f]+', '', ' '.join(repr(found).split())) # no addresses
        return 'works', said[:1] or [shown[:100]]
    return Trial(what or func.__qualname__, do, list(says), must, **trial)

def works(trial, note=''):
    "The same, but it must do what was asked"
    trial.must = 0 if trial.must == 2 else 'works'
    trial.note = note
    return trial

# --- files that cases begin with ---

def pictures(folder, n=40, size=16):
    "Small pictures of two labels and two sites, and their table"
    rng = np.random.default_rng(0)
    (folder/'pics').mkdir()
    rows = []
    for i in range(n):
        pixels = rng.integers(0, 255, (size, size, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder/'pics'/f'{i}.png')
        rows.append(dict(fn=f'{i}.png', label='cat dog'.split()[i % 2], site='AB'[i//2 % 2], valid=i % 5 == 0))
    table = pd.DataFrame(rows)
    table.to_csv(folder/'cases.csv', index=False)
    return table

IMAGES = dict(data='images', methods='[erm]', recipe='stable', seed=0, bs=8, epochs=1, settings='{}', table='cases.csv',
    path='pics', fn_col='fn', label_col='label', bias_col='site', valid_col='valid', size=16, arch='small',
    pretrained='false')
DIGITS = dict(data='colored_mnist', methods='[erm]', recipe='stable', var='0.02', seed=0, n_train=200, bs=100, epochs=1,
    settings='{}', device='cpu')
STUDY = dict(table='cases.csv', path='pics', label='label', fn='fn', bias='site', methods='[erm]', epochs=1, seeds=1,
    arch='small', pretrained='false', size=16, bs=8)

def yaml(base, **changes):
    "A YAML file as text"
    return ''.join(f'{k}: {v}\n' for k, v in {**base, **changes}.items())

def write(name, content):
    "A file in the folder of the case"
    if isinstance(content, bytes): Path(name).write_bytes(content)
    else: Path(name).write_text(content, encoding='utf8')
    return name

def train_with(text, *words, **kwargs):
    "lnl_train on a YAML file"
    return command('lnl_train', write('bad.yml', text), '--out', 'run', *words, **kwargs)

def reads(text, key, value, note):
    "A YAML file that must be read, with this value"
    write('good.yml', text)
    def read(): return read_config('good.yml')[key] == value
    return works(function(read, says=['True'], what='read_config'), note)

def train_digits(says=(), **changes): return train_with(yaml(DIGITS, **changes), says=says)
def train_images(says=(), **changes): return train_with(yaml(IMAGES, **changes), says=says)

def with_table(text, says=(), **changes):
    "lnl_train on pictures with this table"
    pictures(Path())
    write('cases.csv', text)
    return train_images(says, **changes)

def audit_with(text, *words, **kwargs):
    "lnl_audit on a table of answers"
    answer = [] if '--score' in words else ['--answer', 'answer']
    words = [*answer, '--groups', 'site', *words, '--out', 'report.html']
    return command('lnl_audit', write('answers.csv', text), *words, **kwargs)

ANSWERS = 'label,answer,site\n' + 'cat,cat,A\ndog,cat,B\ncat,cat,B\ndog,dog,A\n'*20

# --- YAML ---

@case('yaml', 'a YAML-1.1 float where a whole number must stand')
def _(): return train_digits(['epochs', 'whole number', '0.5'], epochs='5e-1')

@case('yaml', 'a YAML-1.1 float, which other readers take for a text')
def _(): return reads(yaml(DIGITS, var='5e-2'), 'var', .05, 'works: 5e-2 is read as a number')

@case('yaml', 'a key twice')
def _(): return train_with(yaml(DIGITS) + 'seed: 1\n', says=['bad.yml', 'line', "'seed'", 'twice'])

@case('yaml', 'a tab')
def _(): return train_with(yaml(DIGITS).replace('seed: 0', 'seed:\n\t0'), says=['bad.yml', 'line', r"'\t'"])

@case('yaml', 'a byte order mark')
def _(): return reads('\ufeff' + yaml(DIGITS), 'data', 'colored_mnist', 'works: Windows puts it there')

@case('yaml', 'ten megabytes')
def _(): return train_with(yaml(DIGITS) + '# x\n'*2_600_000, says=['bad.yml', 'MB'])

def laughs(depth=9):
    "A few lists, each ten times the one before: a billion words"
    lists = ['&a0 [ha, ha]'] + [f'&a{i} [{", ".join([f"*a{i-1}"]*10)}]' for i in range(1, depth)]
    return f'[{", ".join(lists)}]'

@case('yaml', 'anchors that explode (billion laughs)')
def _(): return train_digits(['bad.yml', 'anchors'], settings=laughs())

@case('yaml', 'anchors that explode, in a sweep')
def _(): return command('lnl_sweep', write('bad.yml', f'base: demo\ngrids: {laughs()}\n'), says=['bad.yml', 'anchors'])

@case('yaml', 'an anchor that holds itself')
def _(): return train_digits(['bad.yml'], settings='&a [*a]')

@case('yaml', 'brackets, ten thousand deep')
def _(): return train_digits(['bad.yml'], settings='['*10_000)

@case('yaml', 'a list, not a mapping')
def _(): return train_with('- colored_mnist\n- erm\n', says=['bad.yml', 'mapping', "['colored_mnist', 'erm']"])

@case('yaml', 'a text, not a mapping')
def _(): return train_with('colored_mnist', says=['bad.yml', 'mapping', "'colored_mnist'"])

@case('yaml', 'an empty file')
def _(): return train_with('', says=['bad.yml', 'empty'])

@case('yaml', 'an unknown key')
def _(): return train_digits(["'epoch'", "did you mean 'epochs'?"], epoch=3)

@case('yaml', 'latin-1 bytes')
def _(): return train_with((yaml(DIGITS) + '# Übung\n').encode('latin-1'), says=['bad.yml', 'UTF-8'])

@case('yaml', 'a file that is no text')
def _(): return train_with(b'\x89PNG\r\n\x1a\n\0\0\0', says=['bad.yml'])

@case('yaml', 'zero bytes in a text')
def _(): return train_with(yaml(DIGITS) + 'x: "\0"\n', says=['bad.yml'])

@case('yaml', 'a tag that runs code')
def _(): return train_digits(['bad.yml', 'python/object'], settings='!!python/object/apply:os.mkdir [was_run]')

@case('yaml', 'a folder with the name of a file')
def _():
    Path('bad.yml').mkdir()
    return command('lnl_train', 'bad.yml', says=["'bad.yml'"])

@case('yaml', 'a sweep without grids')
def _(): return command('lnl_sweep', write('bad.yml', 'base: colored_mnist\n'), says=['bad.yml', 'grids'])

@case('yaml', 'a study with an unknown key')
def _():
    pictures(Path())
    text = yaml(STUDY, labels='x')
    return command('lnl_study', write('bad.yml', text), '--out', 'study', says=["'labels'", "'label'"])

# --- wrong names ---

@case('names', 'an architecture that is not there')
def _():
    pictures(Path())
    return train_images(['arch', "'resnet999'"], arch='resnet999')

@case('names', 'an architecture that is not there, pictures neither')
def _(): return train_images(['arch', "'resnet999'"], arch='resnet999')

@case('names', 'a device that is not there')
def _(): return train_digits(['device', "'cuda:7'"], device='cuda:7')

@case('names', 'a device that is none')
def _(): return train_digits(['device', "'gpu'"], device='gpu')

@case('names', 'a method that is not there')
def _(): return train_digits(['methods', "['lnll']"], methods='[lnll]')

@case('names', 'an architecture that is not there, in a study')
def _():
    pictures(Path())
    text = yaml(STUDY, arch='resnet999')
    return command('lnl_study', write('bad.yml', text), '--out', 'study', says=['arch', "'resnet999'"])

@case('names', 'a device that is not there, in a sweep')
def _():
    write('base.yml', yaml(DIGITS, device='cuda:7'))
    write('bad.yml', 'base: base.yml\ngrids:\n- {method: erm, seed: [0, 1]}\n')
    return command('lnl_sweep', 'bad.yml', '--out', 'rows.csv', says=['device', "'cuda:7'"])

# --- tables ---

@case('table', 'an empty file')
def _(): return with_table('', ['table', "'cases.csv'"])

@case('table', 'no row')
def _(): return with_table('fn,label,site,valid\n', ['table', 'one row or more'])

@case('table', 'one row')
def _(): return with_table('fn,label,site,valid\n0.png,cat,A,True\n', ['label', 'two or more', "['cat']"])

@case('table', 'no header')
def _(): return with_table('0.png,cat,A,True\n1.png,dog,B,False\n', ["no column", "'0.png'"])

@case('table', 'latin-1')
def _():
    text = 'fn,label,site,valid\nKätzchen.png,cat,A,True\n'
    return with_table(text.encode('latin-1'), ["'cases.csv'", 'UTF-8'])

@case('table', 'latin-1, in an audit')
def _(): return audit_with('label,answer,site\nKätzchen,dog,A\n'.encode('latin-1'), says=["'answers.csv'", 'utf-8'])

@case('table', "a spreadsheet's 03-Sep among ages, with edges")
def _():
    text = ANSWERS.replace('site', 'age').replace(',A', ',41').replace(',B', ',19') + 'cat,cat,03-Sep\n'
    write('answers.csv', text)
    words = ['--answer', 'answer', '--groups', 'age', '--edges', 'age=0,40,60', '--out', 'report.html']
    return command('lnl_audit', 'answers.csv', *words, says=["'age'", "'03-Sep'", 'numbers'])

@case('table', "a spreadsheet's 03-Sep among ranges of ages")
def _():
    table = pictures(Path())
    ranges = ['0-2', '03-Sep', '10-19', '20-29']
    table.assign(age=[ranges[i % 4] for i in range(len(table))]).to_csv('cases.csv', index=False)
    return train_images(["'age'", "'03-Sep'", 'spreadsheet'], bias_col='age')

@case('table', "a spreadsheet's 03-Sep among labels")
def _():
    table = pictures(Path())
    table.loc[3, 'label'] = '03-Sep'
    table.to_csv('cases.csv', index=False)
    return train_images(["'label'", "'03-Sep'", 'spreadsheet'])

@case('table', 'a million rows, and no picture')
def _():
    pictures(Path())
    rows = pd.DataFrame(dict(fn=[f'p{i}.png' for i in range(1_000_000)], label='cat', site='A', valid=False))
    rows.loc[::2, ['label', 'site']] = 'dog', 'B'
    rows.to_csv('cases.csv', index=False)
    return train_images(['1000000 of 1000000', 'missing', 'p0.png'])

@case('table', 'a million answers')
def _():
    rows = ANSWERS.splitlines(keepends=True)[1:]*12_500
    trial = works(audit_with('label,answer,site\n' + ''.join(rows)), 'works, in seconds')
    trial.keeps = ['report.html', 'report.json']
    return trial

@case('table', 'a column twice')
def _(): return with_table('fn,label,site,valid,site\n0.png,cat,A,True,B\n', ['table', "'site'", 'twice'])

@case('table', 'a column twice, in an audit')
def _(): return audit_with('label,answer,site,site\ncat,cat,A,B\n', says=["'answers.csv'", "'site'"])

@case('table', 'rows of different lengths')
def _(): return with_table('fn,label,site,valid\n0.png,cat,A,True,x,y\n1.png,dog,B\n', ["'cases.csv'"])

@case('table', 'a picture in both parts')
def _():
    table = pictures(Path())
    table.loc[1, 'fn'] = '0.png'
    columns = dict(bias_col='site', valid_col='valid', size=16)
    return works(function(BiasedImages.from_df, table, 'pics', **columns, says=['1 pictures', 'watched', '0.png']),
        'a warning: augmented copies are right in training alone')

@case('table', '../ and absolute paths')
def _():
    table = pictures(Path())
    shutil.copy('pics/0.png', 'above.png')
    table.loc[0, 'fn'] = '../above.png'
    table.loc[1, 'fn'] = str(Path('above.png').absolute())
    trial = function(BiasedImages.from_df, table, 'pics', bias_col='site', size=16)
    return works(trial, "works by design: the table is the user's own, and a name in it only opens a picture")

@case('table', '../ in the page of a study')
def _():
    pictures(Path())
    text = yaml(STUDY, report='../report.html')
    return command('lnl_study', write('bad.yml', text), '--out', 'study', says=['report', "'../report.html'"])

@case('table', 'a symlink that leads to itself')
def _():
    table = pictures(Path())
    os.symlink('loop.png', 'pics/loop.png')
    table.loc[0, 'fn'] = 'loop.png'
    table.to_csv('cases.csv', index=False)
    return train_images(['1 of 40', 'missing', 'loop.png'])

@case('table', 'a symlink to the folder above')
def _():
    for part in ('train/cat', 'train/dog', 'valid/cat', 'valid/dog'):
        Path('pics', part).mkdir(parents=True)
        Image.new('RGB', (8, 8)).save(f'pics/{part}/0.png')
    os.symlink('..', 'pics/train/up')
    os.symlink('.', 'pics/train/cat/here')
    def count(): return len(folder_table('pics'))
    return works(function(count, says=['4'], what='folder_table'), 'works: each picture once')

@case('table', 'missing files')
def _():
    table = pictures(Path())
    table.loc[3, 'fn'] = 'nowhere.png'
    table.to_csv('cases.csv', index=False)
    return train_images(['1 of 40', 'missing', 'nowhere.png'])

@case('table', 'names of pictures that are numbers or gaps')
def _():
    table = pictures(Path())
    table['fn'] = range(len(table))
    table.loc[0, 'fn'] = None
    table.to_csv('cases.csv', index=False)
    return train_images(["'fn'", '1 missing names'])

@case('table', 'a label that is not known')
def _():
    table = pictures(Path())
    table.loc[0, 'label'] = None
    table.to_csv('cases.csv', index=False)
    return train_images(["'label'", '1 missing'])

@case('table', 'a table that is not there')
def _(): return train_images(['table', "'nowhere.csv'"], table='nowhere.csv')

@case('table', 'a study of an empty table')
def _():
    pictures(Path())
    write('cases.csv', '')
    return command('lnl_study', write('bad.yml', yaml(STUDY)), '--out', 'study', says=['table', "'cases.csv'"])

@case('table', 'a study of pictures none of which can be read')
def _():
    pictures(Path())
    for path in Path('pics').iterdir(): path.write_text('no picture')
    return command('lnl_study', write('bad.yml', yaml(STUDY)), '--out', 'study', says=['none of 40', 'pics'])

@case('table', 'labels in one part only')
def _():
    table = pictures(Path())
    table['valid'] = table.label == 'dog'
    columns = dict(bias_col='site', valid_col='valid', size=16, vocab=['cat', 'cow'])
    return function(BiasedImages.from_df, table, 'pics', **columns, says=['label', "['dog']", "['cat', 'cow']"])

# --- pictures ---

def bad_picture(content, says, **kwargs):
    "Training meets this picture"
    table = pictures(Path())
    write('pics/bad.jpg', content)
    table.loc[7, 'fn'] = 'bad.jpg'
    table.to_csv('cases.csv', index=False)
    trial = train_images(['bad.jpg', *says], **kwargs)
    trial.trains = True
    trial.note = 'found when it is read; skip_broken or check_images find it before'
    return trial

def encoded(mode='RGB', size=(64, 64), kind='JPEG', **kwargs):
    "The bytes of a picture"
    out = io.BytesIO()
    Image.new(mode, size).save(out, kind, **kwargs)
    return out.getvalue()

def png(width, height, data=b''):
    "A PNG whose header says this size, grey, with this compressed data"
    def number(n): return struct.pack('>I', n)
    def chunk(name, body): return number(len(body)) + name + body + number(zlib.crc32(name + body))
    header = struct.pack('>IIBBBBB', width, height, 8, 0, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'IDAT', data) + chunk(b'IEND', b'')

def bomb(side):
    "A PNG of this side, all black: some kilobytes that become gigabytes"
    return png(side, side, zlib.compress(bytes(side*(side + 1)), 1))

@case('picture', 'truncated')
def _(): return bad_picture(encoded(kind='PNG', size=(300, 300))[:-300], ['cannot read'])

@case('picture', 'zero bytes')
def _(): return bad_picture(b'', ['cannot read'])

@case('picture', 'a text called .jpg')
def _(): return bad_picture('I am no picture\n', ['cannot read'])

@case('picture', 'a header that says 30,000 × 30,000')
def _(): return bad_picture(png(30_000, 30_000, zlib.compress(b'0')), ['900000000 pixels'])

@case('picture', 'a PNG bomb')
def _(): return bad_picture(bomb(15_000), ['225000000 pixels'])

@case('picture', '16 bits')
def _(): return bad_picture(encoded('I;16', kind='PNG'), ['8 bits'])

def one_picture(content, note, name='good.jpg', column='ok'):
    "A picture that must be read"
    table = pictures(Path())
    write(f'pics/{name}', content)
    table.loc[7, 'fn'] = name
    def read():
        found = check_images([name], 'pics').iloc[0]
        assert found.ok and found[column], found
        return BiasedImages.from_df(table, 'pics', bias_col='site', size=16).train_ds[0]
    return works(function(read, what='BiasedImages.from_df'), note)

@case('picture', 'a PNG called .jpg')
def _(): return one_picture(encoded(kind='PNG'), 'works: what a file is, its content says')

@case('picture', 'an animated GIF')
def _():
    frames = [Image.new('RGB', (16, 16), color) for color in ('red', 'blue')]
    out = io.BytesIO()
    frames[0].save(out, 'GIF', save_all=True, append_images=frames[1:])
    note = 'works: the first picture counts; check_images says animated'
    return one_picture(out.getvalue(), note, 'a.gif', 'animated')

@case('picture', 'CMYK')
def _(): return one_picture(encoded('CMYK'), 'works: it becomes RGB; check_images says cmyk', column='cmyk')

@case('picture', 'a folder called .png')
def _():
    table = pictures(Path())
    Path('pics/folder.png').mkdir()
    table.loc[3, 'fn'] = 'folder.png'
    table.to_csv('cases.csv', index=False)
    return train_images(['1 of 40', 'missing', 'folder.png'])

@case('picture', 'broken ones, with skip_broken')
def _():
    table = pictures(Path())
    write('pics/3.png', b'')
    columns = dict(bias_col='site', size=16, skip_broken=True)
    return works(function(BiasedImages.from_df, table, 'pics', **columns, says=['1 of 40', '3.png']),
        'a warning: the row is left out')

# --- weights ---

class Code:
    "A pickle that makes a folder when it is read"
    def __reduce__(self): return os.mkdir, ('was_run',)

def with_weights(name, says):
    "Training on pictures begins with these weights"
    pictures(Path())
    return train_images([name, *says], pretrained=name)

@case('weights', 'a pickle with code in it')
def _():
    write('evil.pth', pickle.dumps(Code()))
    return with_weights('evil.pth', ['weights'])

@case('weights', "a pickle with code in it, in PyTorch's own format")
def _():
    torch.save(dict(weight=Code()), 'evil.pth')
    return with_weights('evil.pth', ['weights'])

@case('weights', 'a pickle with code in it, in place of a state to go on from')
def _():
    write('bad.yml', yaml(DIGITS))
    Path('run').mkdir()
    shutil.copy('bad.yml', 'run/config.yml')
    write('run/erm_state.pth', pickle.dumps(Code()))
    trial = command('lnl_train', 'bad.yml', '--out', 'run', '--resume', says=['erm_state.pth', 'weights'], trains=True)
    trial.keeps, trial.note = ['run'], 'the run stays as it was found'
    return trial

@case('weights', 'a pickle with code in it, as the weights of a run')
def _():
    write('config.yml', yaml(DIGITS))
    names = dict(vocab=list(range(10)), bias_names=list('RGB'), bias_vocab=[list(range(8))]*3)
    write('loaders.json', json.dumps(names))
    write('erm.pth', pickle.dumps(Code()))
    return function(load_network, 'erm.pth', says=['erm.pth', 'weights'])

@case('weights', 'a pickle with code in it, as a list of faces')
def _():
    np.save('evil.npy', np.array(dict(a=Code()), dtype=object), allow_pickle=True)
    return function(load_npy_dict, 'evil.npy', says=['evil.npy', 'not run'])

@case('weights', 'a text file')
def _(): return with_weights(write('bad.pth', 'no weights\n'), ['weights'])

@case('weights', 'an empty file')
def _(): return with_weights(write('bad.pth', b''), ['weights'])

@case('weights', 'half a file')
def _():
    torch.save(small_net().state_dict(), 'bad.pth')
    write('bad.pth', Path('bad.pth').read_bytes()[:3000])
    return with_weights('bad.pth', ['weights'])

@case('weights', 'half a safetensors file')
def _():
    save_file(small_net().state_dict(), 'bad.safetensors')
    write('bad.safetensors', Path('bad.safetensors').read_bytes()[:3000])
    return with_weights('bad.safetensors', ['weights'])

@case('weights', 'wrong shapes')
def _():
    weights = small_net().state_dict()
    weights['layer1.0.weight'] = weights['layer1.0.weight'][:, :2].clone()
    torch.save(weights, 'bad.pth')
    return with_weights('bad.pth', ['another shape', "'layer1.0.weight'"])

@case('weights', 'NaN among them')
def _():
    weights = small_net().state_dict()
    weights['layer1.0.weight'][0] = float('nan')
    torch.save(weights, 'bad.pth')
    return with_weights('bad.pth', ["'layer1.0.weight'", 'finite'])

@case('weights', "another network's")
def _():
    torch.save(torch.nn.Sequential(torch.nn.Linear(3, 2)).state_dict(), 'bad.pth')
    return with_weights('bad.pth', ['missing'])

@case('weights', 'no state_dict, but a whole network')
def _():
    torch.save(torch.nn.Linear(3, 2), 'bad.pth')
    return function(load_weights, small_net(), 'bad.pth', says=['bad.pth', 'weights'])

@case('weights', 'a file that is not there')
def _(): return with_weights('nowhere.pth', [])

@case('weights', 'an exported network with code in its weights')
def _():
    Path('model').mkdir()
    config = dict(arch='small', cut='layer3', size=16, method='erm', vocab=['cat', 'dog'], bias={'site': 2}, format=1)
    write('model/config.json', json.dumps(config))
    write('model/model.safetensors', pickle.dumps(Code()))
    return function(load_exported, 'model', says=['model'])

# --- numbers ---

@case('number', 'nan in a YAML file')
def _(): return train_digits(['var', '1e-12..100', 'nan'], var='.nan')

@case('number', '1e400 in a YAML file')
def _(): return train_digits(['var', '1e-12..100', 'inf'], var='1e400')

@case('number', 'inf on the command line')
def _(): return command('lnl_train', 'demo', '--var', '.inf', '--out', 'run', says=['var', '1e-12..100', 'inf'])

@case('number', 'a word on the command line')
def _(): return command('lnl_train', 'demo', '--epochs', 'ten', '--out', 'run', says=['epochs', "'ten'"])

@case('number', '−0')
def _(): return reads(yaml(DIGITS, var='-0.0'), 'var', 0, 'works: −0 is 0')

@case('number', '10**30 as a seed')
def _(): return train_digits(['seed', 'whole number', '1'+'0'*30], seed=10**30)

@case('number', '10**30 epochs')
def _(): return train_digits(['epochs', 'whole number', '1'+'0'*30], epochs=10**30)

@case('number', '10**30 pixels')
def _():
    pictures(Path())
    return train_images(['size', 'whole number', '1'+'0'*30], size=10**30)

@case('number', 'a negative seed')
def _(): return train_digits(['seed', 'whole number', '-1'], seed=-1)

@case('number', 'true for a number')
def _(): return train_digits(['epochs', 'True'], epochs='true')

@case('number', 'a text for a number')
def _(): return train_digits(['bs', "'128'"], bs='"128"')

@case('number', 'nan as a setting')
def _(): return train_digits(['mu', 'finite', 'nan'], methods='[lnl]', settings='{mu: .nan}')

@case('number', 'true as a setting')
def _(): return train_digits(['mu', 'True'], methods='[lnl]', settings='{mu: true}')

@case('number', 'no worker')
def _(): return command('lnl_sweep', 'colored_mnist', '--workers', '0', says=['workers', '0'])

@case('number', 'half a worker')
def _(): return command('lnl_sweep', 'colored_mnist', '--workers', '.5', says=['workers', "'.5'"])

@case('number', 'no step to film')
def _(): return command('lnl_film', 'film.json', '--steps', '0,ten', says=['steps', "'0,ten'"])

@case('number', 'a step before the first')
def _(): return command('lnl_film', 'film.json', '--steps=-5,10', '--n-train', 200, says=['steps', '-5'])

@case('number', 'no digit to film')
def _(): return command('lnl_film', 'film.json', '--n-test', 0, says=['n_test', '0'])

@case('number', 'no digit to time')
def _(): return command('lnl_benchmark', '--n', 0, says=['n must', '0'])

@case('number', 'no round to time')
def _(): return command('lnl_benchmark', '--repeats', -1, says=['repeats', '-1'])

@case('number', 'no training step to time')
def _(): return command('lnl_benchmark', '--steps', 0, says=['steps', '0'])

@case('number', 'nan among edges')
def _():
    words = ['--answer', 'answer', '--edges', 'age=0,nan,90', '--groups', 'age', '--out', 'report.html']
    write('answers.csv', ANSWERS.replace('site', 'age').replace(',A', ',41').replace(',B', ',19'))
    return command('lnl_audit', 'answers.csv', *words, says=['age', 'nan'])

@case('number', 'no picture in a group')
def _(): return audit_with(ANSWERS, '--min-n', 0, says=['min_n', '0'])

for value in ('nan', 'inf', '-1', 'True', "'x'"):
    @case('number', f'ColoredMNIST(var={value})')
    def _(value=value):
        var = eval(value, dict(nan=np.nan, inf=np.inf))
        return function(ColoredMNIST, var=var, n=10, says=['var', value.strip("'")])

for value in ('0', '-5', '10**30', '2.5', 'True', "'x'"):
    @case('number', f'ColoredMNIST(n={value})')
    def _(value=value): return function(ColoredMNIST, n=eval(value), says=['n must', str(eval(value))])

for value in ('-1', '10**30', '2.5', "'x'"):
    @case('number', f'ColoredMNIST(seed={value})')
    def _(value=value): return function(ColoredMNIST, seed=eval(value), n=10, says=['seed', str(eval(value))])

for name, value in dict(size=0, bs=-1).items():
    @case('number', f'BiasedImages({name}={value})')
    def _(name=name, value=value):
        table = pictures(Path())
        return function(BiasedImages.from_df, table, 'pics', bias_col='site', **{name: value}, says=[name, str(value)])

@case('number', 'photo_net(n_out=0)')
def _(): return function(photo_net, 'small', 0, [2], pretrained=False, says=['n_out', '0'])

@case('number', 'sample_colors of nan')
def _(): return function(sample_colors, torch.full((2, 3), float('nan')), .02, says=['means', 'nan'])

@case('number', 'bin_labels into no bin')
def _(): return function(bin_labels, torch.zeros(1, 3, 28, 28, dtype=torch.uint8), n_bins=0, says=['n_bins', '0'])

@case('number', 'bias_loss of a label beyond the last')
def _():
    logits = (torch.zeros(4, 8),)
    return function(bias_loss, logits, torch.full((4, 1), 8), says=['labels', '0..7'])

@case('number', 'unlearn_learner(lam=nan)')
def _():
    dls = ColoredMNIST(n=200).dls(bias=True, valid=ColoredMNIST('test', n=100), device='cpu')
    from lnl.networks import digit_net
    return function(unlearn_learner, dls, digit_net(), lam=float('nan'), says=['lam', 'nan'])

@case('number', 'edges that do not increase')
def _():
    table = pd.DataFrame(dict(label=['a', 'b']*10, bias=range(20)))
    return function(bias_report, table, edges=[0, float('nan'), 30], says=['edges', 'nan'])

# --- where to write ---

def nowhere():
    "A folder in which nobody can write"
    if os.geteuid() == 0: return Path('/proc')
    Path('locked').mkdir(mode=0o555)
    return Path('locked')

@case('output', 'a file where the folder of a run should be')
def _():
    write('run', 'x')
    return train_digits(['run', 'file'])

@case('output', 'a file on the way to the folder of a run')
def _():
    write('file', 'x')
    return command('lnl_train', write('bad.yml', yaml(DIGITS)), '--out', 'file/run', says=['file/run'])

@case('output', 'a folder that cannot be written, for a run')
def _():
    out = nowhere()/'lnl_run'
    return command('lnl_train', write('bad.yml', yaml(DIGITS)), '--out', out, says=[str(out)])

@case('output', 'a folder that holds something else, for a run')
def _():
    Path('run').mkdir()
    write('run/diary.txt', 'mine')
    return train_digits(['run', 'not empty'])

@case('output', 'a folder where the rows of a sweep should be')
def _():
    write('base.yml', yaml(DIGITS))
    write('bad.yml', 'base: base.yml\ngrids:\n- {method: erm}\n')
    Path('rows.csv').mkdir()
    return command('lnl_sweep', 'bad.yml', '--out', 'rows.csv', says=['rows.csv', 'folder'])

@case('output', 'a file where a report of a sweep should be')
def _():
    write('report', 'x')
    return command('lnl_report', '--out', 'report', says=['report'])

@case('output', 'a page that is no page')
def _():
    words = ['--answer', 'answer', '--groups', 'site', '--out', 'x.pdf']
    return command('lnl_audit', write('answers.csv', ANSWERS), *words, says=['.html', 'x.pdf'])

@case('output', 'a folder that cannot be written, for an audit')
def _():
    out = nowhere()/'lnl_report.html'
    words = ['--answer', 'answer', '--groups', 'site', '--out', out]
    return command('lnl_audit', write('answers.csv', ANSWERS), *words, says=[str(out.parent)])

@case('output', 'a file where a study should be')
def _():
    pictures(Path())
    write('study', 'x')
    return command('lnl_study', write('bad.yml', yaml(STUDY)), '--out', 'study', says=['study', 'file'])

@case('output', 'a folder where a film should be')
def _():
    Path('film.json').mkdir()
    short = ['--n-train', 200, '--epochs', 1, '--n-test', 100]
    return command('lnl_film', 'film.json', *short, says=['film.json', 'folder'])

@case('output', 'a file where a playground should be')
def _():
    write('page', 'x')
    return command('lnl_playground', '--out', 'page', says=['page'])

@case('output', 'a playground of results that are not there')
def _(): return command('lnl_playground', '--out', 'page', '--results', 'nowhere', says=['results', 'nowhere'])

@case('output', 'a folder where timings should be')
def _():
    Path('times.csv').mkdir()
    return command('lnl_benchmark', '--out', 'times.csv', says=['folder', 'times.csv'])

@case('output', 'trainings to time, and no file for them')
def _(): return command('lnl_benchmark', '--minutes', says=['minutes', '--out'])

# --- reports ---

@case('report', 'answers without labels')
def _(): return audit_with(ANSWERS.replace('label', 'truth'), says=['label', "'truth'"])

@case('report', 'answers without the group')
def _(): return audit_with(ANSWERS.replace('site', 'place'), says=['groups', "'site'"])

@case('report', 'a probability outside 0..1')
def _():
    text = 'label,p,site\n' + 'cat,.1,A\ndog,.9,B\n'*20 + 'dog,1.5,B\n'
    return audit_with(text, '--score', 'p', '--classes', 'cat,dog', says=['0..1', '1.5'])

@case('report', 'nan for a probability')
def _():
    text = 'label,p,site\n' + 'cat,.1,A\ndog,.9,B\n'*20 + 'dog,nan,B\n'
    return audit_with(text, '--score', 'p', '--classes', 'cat,dog', says=['score', "'nan'"])

@case('report', 'probabilities, and no word of what they are for')
def _():
    return audit_with('label,p,site\ncat,.1,A\ndog,.9,B\n', '--score', 'p', says=['classes'])

@case('report', 'answers that are no label')
def _(): return audit_with('label,answer,site\ncat,Katze,A\ndog,Hund,B\n', says=["'Katze'", "['cat', 'dog']"])

@case('report', 'a label that never occurs')
def _():
    trial = works(audit_with(ANSWERS, '--classes', 'cat,dog,cow'), 'works: nobody is a cow, which the tables show')
    trial.keeps = ['report.html', 'report.json']
    return trial

@case('report', 'classes without one of the labels')
def _(): return audit_with(ANSWERS, '--classes', 'cat,cow', says=["'dog'", "['cat', 'cow']"])

@case('report', 'answers of an empty file')
def _(): return audit_with('', says=["'answers.csv'"])

@case('report', 'answers without rows')
def _(): return audit_with('label,answer,site\n', says=['row'])

@case('report', 'a sweep without its columns')
def _():
    words = ['--table', write('rows.csv', 'a,b\n1,2\n'), '--out', 'report']
    return command('lnl_report', *words, says=['rows.csv', "'method'"])

@case('report', 'an empty table of a sweep')
def _(): return command('lnl_report', '--table', write('rows.csv', ''), '--out', 'report', says=['rows.csv'])

@case('report', 'a table of a sweep that is not there')
def _(): return command('lnl_report', '--table', 'nowhere.csv', '--out', 'report', says=['nowhere.csv'])

@case('report', 'a table of a sweep with words for accuracies')
def _():
    rows = 'method,status,accuracy,best_accuracy,cpu_seconds\nerm,ok,good,.9,3\n'
    return command('lnl_report', '--table', write('rows.csv', rows), '--out', 'report', says=['rows.csv', 'accuracy'])

@case('report', 'audit_answers without answers')
def _(): return function(audit_answers, pd.DataFrame(dict(label=['a'], site=['x'])), 'site', says=['answer'])

@case('report', 'audit_answers with a probability of 2')
def _():
    table = pd.DataFrame(dict(label=['a', 'b'], answer=['a', 'b'], score=[.5, 2.], site=['x', 'y']))
    return function(audit_answers, table, 'site', says=['score', '0..1', '2'])

@case('report', 'compare_runs of a run without answers')
def _():
    table = pd.DataFrame(dict(label=['a', 'b']*20, answer=['a', 'b']*20, site=['x']*20 + ['y']*20))
    runs = dict(erm=[table], lnl=[table.drop(columns='answer')])
    return function(compare_runs, runs, 'site', says=['answer'])

# --- real processes ---

@case('process', 'a word that is no option')
def _(): return process('lnl_train', 'demo', '--epoch', 3, '--wrong', 4, says=['--wrong'])

@case('process', 'anchors that explode')
def _(): return process('lnl_train', write('bad.yml', yaml(DIGITS, settings=laughs())), says=['bad.yml'])

@case('process', 'answers that are no label')
def _():
    write('answers.csv', 'label,answer,site\ncat,Katze,A\ndog,Hund,B\n')
    return process('lnl_audit', 'answers.csv', '--answer', 'answer', '--groups', 'site', says=["'Katze'"])

# --- Ctrl-C ---

def half_written():
    "Tables whose last line is not whole"
    for path in Path().rglob('*.csv'):
        text = path.read_text(encoding='utf8')
        rows = list(csv.reader(io.StringIO(text)))
        if not text.endswith('\n') or len({len(row) for row in rows}) > 1: yield str(path)

def orphans(folder):
    "Processes that still work in a folder"
    for p in psutil.process_iter(['cwd', 'pid']):
        if p.info['cwd'] and Path(p.info['cwd']) == folder and p.info['pid'] != os.getpid(): yield p

def interrupt(go, *words):
    "Start lnl_train, press Ctrl-C as soon as `go` is true, look at what is left, and let it go on"
    def do():
        words_to_shell = script('lnl_train', *words)
        where = dict(stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, start_new_session=True)
        started = subprocess.Popen(words_to_shell, **where)
        end = time.monotonic() + PATIENCE
        while not go() and time.monotonic() < end: # asked often, so that Ctrl-C comes in the middle
            if started.poll() is not None: return f'ended with {started.returncode}', started.stderr.readlines()[-1:]
            time.sleep(.01)
        os.killpg(started.pid, signal.SIGINT) # as a terminal does, to all of them
        said = started.communicate(timeout=PATIENCE)[1].splitlines()
        time.sleep(.5)
        left = [*half_written(), *(f'process {p.info["pid"]}' for p in orphans(Path.cwd()))]
        if left: return f'left {left}', said
        again = subprocess.run([*words_to_shell, '--resume'], capture_output=True, text=True, timeout=PATIENCE)
        if again.returncode: return f'does not go on: {again.returncode}', again.stderr.splitlines()
        code = {-signal.SIGINT: 130}.get(started.returncode, started.returncode) # what a shell says of that signal
        return code, said[-1:]
    return do

def stopped(go, methods='[erm]', note='', says=('stopped', '--resume')):
    "A case of Ctrl-C"
    pictures(Path())
    write('good.yml', yaml(IMAGES, methods=methods, epochs=20))
    do = interrupt(go, 'good.yml', '--out', 'run')
    return Trial('lnl_train', do, list(says), 130, keeps=['run'], note=note, trains=True)

@case('Ctrl-C', 'in training')
def _(): return stopped(lambda: Path('run/erm_state.pth').exists())

@case('Ctrl-C', 'in training, two methods in processes of their own')
def _(): return stopped(lambda: Path('run/lnl.progress').exists(), '[erm, lnl]')

@case('Ctrl-C', 'while Python loads its packages')
def _():
    start = time.monotonic()
    said = "Python's own words, before the command has begun"
    return stopped(lambda: time.monotonic() > start + 1, note=said, says=['KeyboardInterrupt'])

# --- run them ---

def left_in(folder):
    "What is in a folder: path -> size and content"
    found = {}
    for path in sorted(folder.rglob('*')):
        name = str(path.relative_to(folder))
        if path.is_symlink() or path.is_dir(): found[name] = 'link or folder'
        else: found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found

@contextmanager
def limits(seconds):
    "Within the block: not more than some seconds of the processor, and gigabytes"
    def stop(*_): raise TooSlow(f'more than {seconds} seconds')
    used = psutil.Process().memory_info().vms
    old = resource.getrlimit(resource.RLIMIT_AS)
    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    resource.setrlimit(resource.RLIMIT_AS, (used + GIGABYTES*2**30, old[1]))
    try: yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, old)

def no_training(*_, **__): raise AssertionError('a step was trained')

def outcome(trial):
    "Do it: code or name of the exception, lines said"
    jobs = ['lnl.experiments.train_all', 'lnl.sweep.run_jobs', 'lnl.study.run_jobs']
    guards = [patch.object(Learner, 'fit', no_training), *(patch(job, no_training) for job in jobs)]
    if trial.trains: guards = []
    try:
        for guard in guards: guard.start()
        with limits(SECONDS): return trial.do()
    except (Exception, TooSlow) as e: return f'{type(e).__name__} (traceback)', str(e).splitlines()
    finally:
        for guard in guards: guard.stop()

def judge(trial, code, said, left):
    "What is wrong with an outcome? Nothing: ''"
    line = '\n'.join(said)
    documented = ('ValueError', 'TypeError', 'OSError', 'FileNotFoundError')
    if code not in (documented if trial.must == 'error' else [trial.must]): return f'must be {trial.must}'
    if trial.must in (2, 'error') and len(said) != 1: return 'must be one line'
    if trial.must == 2 and not line.startswith('error: '): return 'must begin with error:'
    lost = [word for word in trial.says if word not in line]
    if lost: return f'must say {lost}'
    return 'must leave nothing' if left else ''

def run_case(kind, name, scratch):
    "One case in a folder of its own: a row of the table"
    here, temporary = scratch/'here', scratch/'temporary'
    for folder in (here, temporary): folder.mkdir(parents=True)
    os.chdir(here)
    tempfile.tempdir = os.environ['TMPDIR'] = str(temporary)
    trial = CASES[kind, name]()
    before = left_in(here)
    code, said = outcome(trial)
    after = left_in(here)
    left = [k for k in {**before, **after} if before.get(k) != after.get(k) and Path(k).parts[0] not in trial.keeps]
    left += [f'temporary: {k}' for k in left_in(temporary)]
    wrong = judge(trial, code, said, left)
    os.chdir(scratch.parent)
    shutil.rmtree(scratch)
    line = ' / '.join(said).replace(str(here), '…')
    if trial.note: line = f'{line} [{trial.note}]'.strip()
    outcome_said = {'works': 'returns'}.get(code, code)
    return dict(case=name, kind=kind, what=trial.what, outcome=outcome_said, said=line,
        left=', '.join(left) or 'nothing', ok='yes' if not wrong else wrong)

def write_rows(new):
    "Put rows into the table, in the order of the cases"
    path = root/'.ci'/'tables'/'bad_inputs.csv'
    old = pd.read_csv(path, dtype=str) if path.exists() else new[:0]
    rows = pd.concat([new, old]).drop_duplicates(['kind', 'case']).set_index(['kind', 'case'])
    known = [k for k in CASES if k in rows.index]
    rows.loc[known].reset_index()[list(new)].to_csv(path, index=False)

def main(words):
    "Run the cases, print what is wrong, write the table"
    kinds = {kind for kind, _ in CASES}
    chosen = [k for k in CASES if not words or any(w == k[0] if w in kinds else w in k[1] for w in words)]
    rows = []
    with tempfile.TemporaryDirectory() as tmp:
        for i, (kind, name) in enumerate(chosen):
            start = time.perf_counter()
            row = run_case(kind, name, Path(tmp).resolve()/str(i))
            rows.append(row)
            seconds = time.perf_counter() - start
            report = f"{row['ok']}: {kind}: {name} ({seconds:.1f} s): {row['outcome']}: {row['said'][:300]}"
            if row['ok'] != 'yes' or words: print(f"{report}; left {row['left']}", flush=True)
    versions = {k: v for k, v in provenance().items() if k in ('lnl', 'torch', 'python', 'commit')}
    bad = sum(row['ok'] != 'yes' for row in rows)
    write_rows(pd.DataFrame(rows).assign(**versions))
    print(f'{len(rows) - bad} passed, {bad} failed')
    return bad > 0

if __name__ == '__main__': sys.exit(main(sys.argv[1:]))
