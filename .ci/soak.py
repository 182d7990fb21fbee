"""Nothing is lost, no one gets in: `make soak`, or `python .ci/soak.py [kills] [pairs] [disk] [clock] [twice] [long]`.

Commands are killed without warning at moments that a seeded generator chooses (while they train, save, draw, between
runs of a sweep), meet a full disk or a clock that jumps, or are started twice. Started again until it ends, each must
come to the same bits, or the same table, as a run that was left alone: `.ci/tables/kills.csv`. The last part trains for
many epochs and looks at the memory: `.ci/tables/long_run.csv`. 300 digits and 96 drawn faces, two epochs: some ten
minutes on two quiet cores. Without names of parts all are done (`pairs` are kills of runs with two workers, and of
sweeps); rows of other parts stay in the table. What makes a disk slow or full is in `.ci/trouble/trouble.py`. Needs
Linux. Ends with code 1 if anything was lost.
"""
import os
os.environ.update(OMP_NUM_THREADS='1', MKL_NUM_THREADS='1') # before torch is there: this process forks

import argparse, gc, json, random, resource, subprocess, sys, tempfile, time, traceback
from pathlib import Path
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE/'trouble')]
import matplotlib
matplotlib.use('agg')
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import psutil
import torch
import trouble # beside this file
import yaml
from PIL import Image
from lnl import experiments
from lnl.cli import provenance
from lnl.experiments import lnl_train, read_config, run_experiment
from lnl.photosets import draw_faces
from lnl.study import lnl_study
from lnl.sweep import lnl_report, lnl_sweep

TABLES = HERE/'tables'
METHODS = ['lnl', 'groupdro', 'dfr', 'lnl_adjust']
YEAR = 365*24*3600
rng = random.Random(17)
rows = [] # of the table, each with its part

# ------------------------------------------------------------------ commands
COMMANDS = {c.__name__: c for c in (lnl_train, lnl_sweep, lnl_report, lnl_study)}

class Running:
    "A command at work in a folder, in a process of its own, which is a fork of this one: that saves the imports"
    count = 0
    def __init__(self, folder, words, **asked):
        Running.count += 1
        self.name, *self.args = [str(w) for w in words]
        self.folder = folder
        self.mark = folder/'mark'
        self.mark.unlink(missing_ok=True)
        self.errors = folder/f'errors{Running.count}'
        self.asked = dict(asked, WATCHED='500', MARK=str(self.mark), PYTHONPATH=os.pathsep.join(sys.path[:2]))
        self.code = None
        self.start = time.monotonic()
        self.pid = os.fork()
        if not self.pid: self.work()

    def work(self):
        "In the new process: what a shell and Python do before a command begins, and the command"
        os.environ.update(self.asked) # its own processes find it there
        os.chdir(self.folder)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(os.open(self.errors, os.O_WRONLY | os.O_CREAT), 2)
        sys.stdout, sys.stderr = open(1, 'w', closefd=False), open(2, 'w', closefd=False)
        trouble.begin()
        sys.argv = [self.name, *self.args]
        code = 0
        try: COMMANDS[self.name]()
        except SystemExit as e: code = e.code if isinstance(e.code, int) else 1
        except BaseException:
            traceback.print_exc()
            code = 1
        finally:
            sys.stderr.flush()
            os._exit(code)

    def poll(self):
        "The exit code, None while it is at work"
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid: self.code = os.waitstatus_to_exitcode(status)
        return self.code

    def until(self, happens, seconds=1800):
        "Wait; False if the command ends before"
        while not happens(self):
            if self.poll() is not None: return False
            if time.monotonic() - self.start > seconds: raise TimeoutError(happens)
            time.sleep(.02)
        return True

    def marked(self): return self.mark.exists()

    def kill(self, one=False):
        "The whole command at once, or one of its jobs; returns the seconds since its start"
        seconds = time.monotonic() - self.start
        jobs = self.jobs() if one else []
        (jobs or [psutil.Process(self.pid)])[0].kill()
        self.end()
        return round(seconds, 2)

    def jobs(self):
        "Processes that train"
        found = []
        try:
            for p in psutil.Process(self.pid).children(recursive=True):
                if 'do_file' in ' '.join(p.cmdline()): found.append(p)
        except psutil.Error: pass # it has just ended
        return found

    def end(self):
        "Exit code, and what it said of errors"
        while self.poll() is None: time.sleep(.02)
        return self.code, self.errors.read_text().strip()

def run(folder, words, **asked): return Running(folder, words, **asked).end()

def note(what, method, data, workers, s, step, restarts, same, said=''):
    "A row of the table, which is written at once"
    row = dict(part=now[0], what=what, method=method, data=data, workers=workers, after_s=s, at=step, restarts=restarts,
        same='yes' if same else 'no', said=said[-140:], **versions())
    rows.append(row)
    TABLES.mkdir(exist_ok=True)
    order = list(PARTS)
    pd.DataFrame(sorted(rows, key=lambda row: order.index(row['part']))).to_csv(TABLES/'kills.csv', index=False)
    print(*[v for v in row.values() if v != ''], sep=' | ', flush=True)

def versions(): return {k: v for k, v in provenance().items() if k in ('lnl', 'torch', 'python', 'commit')}

def rows_of_others(parts):
    "What the table holds of parts that are not done now"
    path = TABLES/'kills.csv'
    if not path.exists(): return []
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return table[~table.part.isin(parts)].to_dict('records')

# ------------------------------------------------------------------ what is trained
def digits(folder):
    "300 coloured digits"
    cfg = read_config('colored_mnist', methods=METHODS, n_train=300, bs=32, epochs=2, device='cpu')
    return dict(cfg, settings={})

def faces(folder):
    "96 drawn faces, read by another process: man or woman, with age as bias"
    images, df = draw_faces(144, seed=0)
    df['fn'] = [f'{i}.png' for i in df.index]
    df['valid'] = df.index >= 96
    (folder/'faces').mkdir()
    for i, fn in enumerate(df.fn): Image.fromarray(images[i].permute(1, 2, 0).numpy()).save(folder/'faces'/fn)
    df.to_csv(folder/'faces.csv', index=False)
    cfg = read_config('images', table=str(folder/'faces.csv'), path=str(folder/'faces'), label_col='gender',
        bias_col='age', edges=[15, 45, 81], valid_col='valid', methods=METHODS, arch='small', pretrained=False, size=48,
        bs=16, epochs=2, num_workers=1, device='cpu')
    return dict(cfg, settings={})

DATA = dict(digits=digits, faces=faces)

class Whole:
    "A run of all methods that was left alone; they are trained one after the other"
    def __init__(self, data, folder):
        self.data, self.folder = data, folder
        self.cfg = DATA[data](folder)
        code, said = run(folder, self.words(METHODS, 'whole'), CORES='1')
        assert code == 0, said
        self.metrics = json.loads((folder/'whole'/'metrics.json').read_text())

    def words(self, methods, out):
        "lnl_train with these methods"
        path = self.folder/f'{Path(out).name}.yml'
        path.write_text(yaml.safe_dump(dict(self.cfg, methods=methods), sort_keys=False))
        more = ['--resume'] if (self.folder/out/'config.yml').exists() else []
        return ['lnl_train', path, '--out', out, *more]

    def sweep_words(self, methods, out):
        "lnl_sweep with these methods"
        path = self.folder/f'{out}.yml'
        base = self.folder/f'{out}_base.yml'
        base.write_text(yaml.safe_dump(self.cfg))
        path.write_text(yaml.safe_dump(dict(base=str(base), grids=[dict(method=methods)])))
        return ['lnl_sweep', path, '--out', f'{out}.csv']

    def same_files(self, method, there):
        "Weights, losses and rows of epochs to the bit, but for the seconds"
        whole = self.folder/'whole'
        weights = [torch.load(p/f'{method}.pth', weights_only=True) for p in (whole, there)]
        epochs = [pd.read_csv(p/f'{method}.csv') for p in (whole, there)]
        steps = [(p/f'{method}_steps.csv').read_bytes() for p in (whole, there)]
        never_back = (epochs[1].seconds.diff().fillna(0) >= 0).all() and (epochs[1].seconds >= 0).all()
        equal = epochs[0].drop(columns='seconds').equals(epochs[1].drop(columns='seconds'))
        return same_bits(*weights) and equal and steps[0] == steps[1] and never_back

    def same_numbers(self, method, found):
        "Metrics, but for the seconds"
        told = {k: v for k, v in self.metrics[method].items() if 'seconds' not in k}
        times = [found['wall_seconds'], found['cpu_seconds']]
        equal = all(found[k] == v or pd.isna(found[k]) and pd.isna(v) for k, v in told.items())
        return equal and all(t >= 0 for t in times)

    def same_run(self, methods, out):
        "Is the folder of a run as it would be without trouble?"
        there = self.folder/out
        found = json.loads((there/'metrics.json').read_text())
        left = [p.name for p in there.iterdir() if p.suffix in ('.tmp', '.lock', '.progress') or 'state' in p.name]
        pictures = [p for p in there.glob('*.png') if not Image.open(p).load()]
        whole = all(self.same_files(m, there) and self.same_numbers(m, found[m]) for m in methods)
        return whole and not left and not pictures and (there/'curves.png').exists()

    def same_sweep(self, methods, out):
        "Is there one row per method, with the numbers of the whole run, and the same weights?"
        table = pd.read_csv(self.folder/f'{out}.csv')
        if sorted(table.method) != sorted(methods) or set(table.status) != {'ok'}: return False
        folders = {m: next((self.folder/'results'/out).glob(f'{m}_????????????????')) for m in methods}
        left = [p for f in folders.values() for p in f.iterdir() if p.suffix == '.tmp' or 'state' in p.name]
        left += list(self.folder.glob(f'{out}.csv.*'))
        numbers = all(self.same_numbers(row['method'], row) for _, row in table.iterrows())
        return numbers and not left and all(self.same_files(m, f) for m, f in folders.items())

def same_bits(a, b): return list(a) == list(b) and all(torch.equal(a[k], b[k]) for k in a)

# ------------------------------------------------------------------ kills
def step_of(folder, methods):
    "How far the methods are, as their files of progress say"
    found = {m: folder/f'{m}.progress' for m in methods}
    return ', '.join(f'{m} step {p.read_text()}' for m, p in found.items() if p.exists())

def at_random(whole, methods, out):
    "A moment of the training"
    each = len(pd.read_csv(whole.folder/'whole'/'lnl_steps.csv'))
    before = [torch.load(p, weights_only=True)['losses'] for p in (whole.folder/out).glob('*_state.pth')]
    done = max(map(len, before), default=0)
    at = rng.randint(min(done + 1, each - 1), each - 1)
    begin = time.time()
    def reached(command):
        for path in [whole.folder/out/f'{m}.progress' for m in methods]:
            if path.exists() and path.stat().st_mtime > begin and int(path.read_text()) >= at: return True
    return dict(PAUSE='.1'), reached # longer steps, so that the moment is not missed

def at_file(name, n, mode):
    "The moment at which a file is written for the n-th time"
    return lambda whole, methods, out: (dict(SLOW=f'{name}:{n}:{mode}'), Running.marked)

class Later:
    "A random while after something is so"
    def __init__(self, so, seconds): self.so, self.wait, self.since = so, rng.uniform(0, seconds), None

    def __call__(self, command):
        if self.since is None and self.so(command): self.since = time.monotonic()
        return self.since is not None and time.monotonic() - self.since > self.wait

def after_state(whole, methods, out):
    "A moment after the last epoch was saved: what comes after the training, and the measurements"
    path = whole.folder/out/f'{methods[0]}_state.pth'
    last = whole.cfg['epochs']
    return {}, Later(lambda command: path.exists() and len(torch.load(path, weights_only=True)['rows']) == last, 1)

def beginning(whole, methods, out):
    "A moment before anything is trained"
    return {}, Later(lambda command: True, 5)

def one_training(whole, methods, out):
    "A moment at which a job of a sweep is at work"
    return {}, Later(Running.jobs, 10)

# what the row says, the moment, and whether one job is killed or the whole command
training = 'kill in training', at_random, False
job = 'kill of one of two jobs in training', at_random, True
finishing = 'kill after the last epoch', after_state, False
begin = 'kill before the training', beginning, False
in_sweep = 'kill in a run of a sweep', one_training, False
job_of_sweep = 'kill of a job of a sweep', one_training, True
between = 'kill between runs of a sweep', at_file('sweep1.csv', 1, 'after'), False
table = 'kill while the table is written', at_file('sweep2.csv', 1, 'half'), False
def saving(name, n, mode): return f'kill while saving ({mode})', at_file(name, n, mode), False
def drawing(name): return 'kill while a figure is drawn', at_file(name, 1, 'half'), False

def kill_train(whole, methods, moments):
    "Kill a training at these moments, one after the other, and look what comes out"
    out = '_'.join(methods)
    workers = min(len(methods), 2)
    killed = []
    for what, moment, one in moments:
        trouble, happens = moment(whole, methods, out)
        command = Running(whole.folder, whole.words(methods, out), **trouble)
        if not command.until(happens): # it was over before
            killed.append((f'{what}: it ended before', '', ''))
            command.end()
            continue
        step = step_of(whole.folder/out, methods)
        killed.append((what, command.kill(one), step))
    code, said = run(whole.folder, whole.words(methods, out))
    same = code == 0 and whole.same_run(methods, out)
    if not same: print(f'  exit code {code}: {said}')
    for i, (what, s, step) in enumerate(killed):
        note(what, ' '.join(methods), whole.data, workers, s, step, len(killed) - i, same)

def kill_sweep(whole, methods, workers, moments):
    "The same with a sweep"
    out = f'sweep{workers}'
    words = [*whole.sweep_words(methods, out), '--workers', workers]
    killed = []
    def at():
        done = len(pd.read_csv(whole.folder/f'{out}.csv')) if (whole.folder/f'{out}.csv').exists() else 0
        states = [p.name for p in (whole.folder/'results').glob(f'{out}/*/*_state.pth')]
        return f"{done} rows; saved: {' '.join(states) or 'nothing'}"
    for what, moment, one in moments:
        trouble, happens = moment(whole, methods, out)
        command = Running(whole.folder, words, **trouble)
        happened = command.until(happens)
        where = at()
        killed.append((what, command.kill(one), where) if happened else (f'{what}: it ended before', '', ''))
    code, said = run(whole.folder, words)
    same = code == 0 and whole.same_sweep(methods, out)
    if not same: print(f'  exit code {code}: {said}')
    for i, (what, s, where) in enumerate(killed):
        note(what, ' '.join(methods), whole.data, workers, s, where, len(killed) - i, same)

def kill_report(whole):
    "The report of a sweep, killed while it draws"
    words = ['lnl_report', '--out']
    assert run(whole.folder, [*words, 'report_whole'])[0] == 0
    command = Running(whole.folder, [*words, 'report'], SLOW='figure4.png:1:half')
    assert command.until(Running.marked)
    s = command.kill()
    code, _ = run(whole.folder, [*words, 'report'])
    files = []
    for out in ('report_whole', 'report'):
        there = [p for p in (whole.folder/out).iterdir() if p.suffix != '.tmp']
        files.append({p.name: p.read_bytes() for p in there})
    same = code == 0 and files[0] == files[1]
    note('kill while a report is drawn', '', 'the shipped table', 1, s, 'figure4.png', 1, same)

def kills(digits, faces):
    "Kills of trainings of one method, and of a report"
    kill_report(digits)
    kill_train(digits, ['lnl'], [begin, training, saving('lnl_state.pth', 1, 'half'), drawing('color_grid.png')])
    kill_train(digits, ['lnl_adjust'], [training, saving('lnl_adjust_state.pth', 1, 'half'), finishing])
    kill_train(faces, ['lnl'], [training, saving('lnl_state.pth', 1, 'after'), drawing('curves.png')])
    kill_train(faces, ['groupdro'], [training, saving('groupdro_state.pth', 1, 'before')])

def pairs(digits, faces):
    "Kills of trainings with two workers, and of sweeps"
    kill_train(digits, ['groupdro', 'dfr'], [job, saving('dfr_state.pth', 1, 'before')])
    kill_train(faces, ['dfr', 'lnl_adjust'], [training, saving('lnl_adjust.pth', 1, 'half')])
    kill_sweep(digits, ['lnl', 'dfr'], 1, [in_sweep, between])
    kill_sweep(faces, ['groupdro', 'lnl_adjust'], 2, [job_of_sweep, table])

# ------------------------------------------------------------------ disk, clock, two at a time
def one_line(code, said, *words):
    return code == 2 and said.startswith('error: ') and '\n' not in said and all(w in said for w in words)

def disk(whole):
    "No space left: one line, the old state is as it was, and it goes on when there is space"
    method = ['groupdro']
    files = {'groupdro_state.pth': 2, 'groupdro_steps.csv': 1, 'groupdro.pth': 1, 'curves.png': 1, 'metrics.json': 1}
    for suffix, n in files.items():
        out = f'full_{Path(suffix).stem}'
        code, said = run(whole.folder, whole.words(method, out), FULL=f'{suffix}:{n}')
        state = whole.folder/out/'groupdro_state.pth'
        size = state.stat().st_size
        kept = epochs_in(state)
        again, _ = run(whole.folder, whole.words(method, out))
        fine = one_line(code, said, 'No space left', suffix) and kept == (1 if n == 2 else 2) and again == 0
        same = fine and whole.same_run(method, out)
        note(f'disk full at {suffix}', *method, whole.data, 1, '', f'{kept} epochs kept', 1, same, said)
    words = whole.sweep_words(method, 'full')
    code, said = run(whole.folder, words, FULL='full.csv:1')
    again, _ = run(whole.folder, words)
    same = one_line(code, said, 'No space left', 'full.csv') and again == 0 and whole.same_sweep(method, 'full')
    note('disk full at the table of a sweep', *method, whole.data, 1, '', '', 1, same, said)
    words = ['lnl_report', '--out', 'full_report']
    code, said = run(whole.folder, words, FULL='summary.csv:1')
    again, _ = run(whole.folder, words)
    same = one_line(code, said, 'No space left', 'summary.csv') and again == 0
    note('disk full at a report', '', 'the shipped table', 1, '', '', 1, same, said)
    small_disk(whole, method, size)
    short_files(whole, method, size)

def epochs_in(state): return len(torch.load(state, weights_only=True)['rows'])

def small_disk(whole, method, size):
    "A file system that has space for one state, not for two, where one can be mounted"
    out = whole.folder/'small'
    out.mkdir()
    mount = ['mount', '-t', 'tmpfs', '-o', f'size={3*size//2 + 40_000}', 'tmpfs', str(out)]
    if subprocess.run(mount, capture_output=True).returncode: return
    try:
        code, said = run(whole.folder, whole.words(method, 'small/run'))
        kept = epochs_in(out/'run'/'groupdro_state.pth')
        subprocess.run(['mount', '-o', 'remount,size=64m', str(out)], check=True)
        again, _ = run(whole.folder, whole.words(method, 'small/run'))
        fine = one_line(code, said, 'No space left', 'groupdro_state.pth') and kept == 1 and again == 0
        same = fine and whole.same_run(method, 'small/run')
        note('a tmpfs that is full', *method, whole.data, 1, '', f'{kept} epochs kept', 1, same, said)
    finally: subprocess.run(['umount', str(out)], check=True)

def short_files(whole, method, size):
    "A limit on the size of files that the first state is over: nothing is left of the run"
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size//2, old[1]))
    try: code, said = run(whole.folder, whole.words(method, 'limited'))
    finally: resource.setrlimit(resource.RLIMIT_FSIZE, old)
    left = (whole.folder/'limited').exists()
    again, _ = run(whole.folder, whole.words(method, 'limited'))
    fine = one_line(code, said, 'File too large', 'groupdro_state.pth') and not left and again == 0
    same = fine and whole.same_run(method, 'limited')
    note('files limited in size (RLIMIT_FSIZE)', *method, whole.data, 1, '', '', 1, same, said)

def clock(whole):
    "Time jumps by a year, on and back, and the files have dates of the future and of the past"
    methods = ['lnl'] # in one process: Dask's own timeouts count on a clock
    out = 'clock'
    command = Running(whole.folder, whole.words(methods, out), CLOCK=str(YEAR))
    saved = whole.folder/out/'lnl_state.pth'
    assert command.until(lambda command: saved.exists()), command.end()
    s = command.kill()
    for i, path in enumerate(sorted((whole.folder/out).iterdir())):
        date = time.time() + (YEAR if i % 2 else -YEAR)
        os.utime(path, (date, date))
    code, said = run(whole.folder, whole.words(methods, out), CLOCK=str(-YEAR))
    same = code == 0 and whole.same_run(methods, out)
    what = 'the clock jumps by years, and the dates of files, too'
    note(what, *methods, whole.data, 1, s, '', 1, same, said)

def study_words(whole):
    "lnl_study on the faces"
    path = whole.folder/'study.yml'
    pictures = dict(table=str(whole.folder/'faces.csv'), path=str(whole.folder/'faces'), fn='fn')
    about = dict(label='gender', bias='age', edges=dict(age=[15, 45, 81]))
    how = dict(methods=['dfr'], arch='small', pretrained=False, size=48, bs=16, epochs=1, seeds=1, min_n=5)
    path.write_text(yaml.safe_dump({**pictures, **about, **how}))
    return ['lnl_study', path, '--out', 'a_study', '--resume']

def twice(whole):
    "The second process is refused at once; a lock that a -9 left behind is none"
    method = ['dfr']
    refused(whole, lambda: whole.words(method, 'twice'), 'dfr_state.pth:1:before', 'twice')
    refused(whole, lambda: whole.sweep_words(method, 'twice_table'), 'row.json:1:before', 'twice_table.csv')
    refused(whole, lambda: study_words(whole), 'row.json:1:before', 'a_study')

def refused(whole, words, slow, where):
    "Start a command while it is at work already, kill the first, start it again"
    first = Running(whole.folder, words(), SLOW=slow)
    assert first.until(Running.marked), first.end()
    start = time.monotonic()
    code, said = run(whole.folder, words())
    seconds = time.monotonic() - start
    fine = one_line(code, said, f'another process is at work in {whole.folder/where}')
    s = first.kill()
    again, last = run(whole.folder, words())
    if again: print(f'  exit code {again}: {last}')
    what = f'second {words()[0]} refused, and the next after a kill not'
    said = said.replace(f'{whole.folder}/', '')
    note(what, 'dfr', whole.data, 1, s, f'refused after {seconds:.1f} s', 1, fine and again == 0, said)

# ------------------------------------------------------------------ long runs
def state_of_process(epoch, learn, path, losses):
    "What could grow"
    gc.collect()
    tensors = [o for o in gc.get_objects() if isinstance(o, torch.Tensor)]
    kept = [v for cb in learn.cbs for o in getattr(cb, 'history', []) for v in o.values()]
    return dict(epoch=epoch,
        resident_mb=round(psutil.Process().memory_info().rss/2**20, 1),
        tensors=len(tensors),
        tensors_with_graph=sum(o.grad_fn is not None for o in tensors),
        tensors_in_history=sum(isinstance(v, torch.Tensor) for v in kept),
        open_figures=len(plt.get_fignums()),
        steps_in_history=len(experiments.game(learn)),
        losses=len(losses),
        state_kb=round(Path(path).stat().st_size/1024, 1))

def long(n_train, epochs):
    "Many epochs: memory flat, nothing kept that grows but numbers, one per step"
    found = []
    save = experiments.save_state
    def saved(learn, path, config, rows, losses, seconds):
        save(learn, path, config, rows=rows, losses=losses, seconds=seconds)
        found.append(state_of_process(len(rows), learn, path, losses))
    experiments.save_state = saved
    cfg = read_config('colored_mnist', methods=['lnl'], n_train=n_train, bs=32, epochs=epochs, device='cpu')
    os.environ['WATCHED'] = '500'
    trouble.change(experiments)
    with tempfile.TemporaryDirectory() as folder:
        run_experiment(cfg, Path(folder)/'long')
        sizes = {p.name: round(p.stat().st_size/1024, 1) for p in (Path(folder)/'long').glob('*.csv')}
    experiments.save_state = save
    table = pd.DataFrame(found)
    table.insert(0, 'n_train', n_train)
    table.loc[table.index[-1], ['csv_kb', 'steps_csv_kb']] = sizes['lnl.csv'], sizes['lnl_steps.csv']
    return table, is_flat(table)

def is_flat(table):
    "Does nothing grow but numbers, a few per step? The last optimiser begins at half of the epochs"
    last = table.iloc[-1]
    settled = table[table.epoch >= max(3, last.epoch//5)]
    growth = settled.resident_mb.iloc[-1] - settled.resident_mb.iloc[0]
    steps = int(last.losses//last.epoch)
    end = table[(table.epoch > .6*last.epoch) & (table.epoch < last.epoch)]
    more = end[['tensors', 'losses', 'state_kb']].iloc[-1] - end[['tensors', 'losses', 'state_kb']].iloc[0]
    fine = dict(
        memory=growth < 20,
        tensors=more.tensors <= 2*more.losses, # single numbers, such as those of fastai's Recorder
        graphs=not table.tensors_with_graph.any(),
        history=not table.tensors_in_history.any() and last.steps_in_history <= last.losses,
        figures=not table.open_figures.any() and not plt.get_fignums(),
        losses=(table.losses == table.epoch*steps).all(),
        state=more.state_kb <= .2*more.losses)
    fine = {k: bool(v) for k, v in fine.items()}
    print(table.iloc[::max(1, len(table)//10)].to_string())
    print(f'resident memory grew by {growth:.1f} MB after epoch {settled.epoch.iloc[0]};', fine)
    return all(fine.values())

# ------------------------------------------------------------------ all of it
PARTS = dict( # name -> what to do with the whole runs of digits and of faces
    kills=kills,
    pairs=pairs,
    disk=lambda digits, faces: disk(faces),
    clock=lambda digits, faces: clock(faces),
    twice=lambda digits, faces: twice(faces),
    long=None)
now = [''] # the part that is done

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('parts', nargs='*', help=f"some of {', '.join(PARTS)}; all, if none is named")
    parser.add_argument('--n-train', type=int, default=300, help='digits of the long run')
    parser.add_argument('--epochs', type=int, default=50, help='epochs of the long run')
    args = parser.parse_args()
    parts = args.parts or list(PARTS)
    odd = set(parts) - set(PARTS)
    if odd: parser.error(f'unknown parts {sorted(odd)}')
    start = time.monotonic()
    rows.extend(rows_of_others(parts))
    others = len(rows)
    if set(parts) - {'long'}:
        with tempfile.TemporaryDirectory() as tmp:
            wholes = []
            for data in DATA:
                (Path(tmp)/data).mkdir()
                wholes.append(Whole(data, Path(tmp)/data))
            for part in [part for part in parts if part != 'long']:
                now[0] = part
                PARTS[part](*wholes)
    wrong = sum(row['same'] != 'yes' for row in rows[others:])
    if 'long' in parts:
        table, flat = long(args.n_train, args.epochs)
        table.assign(**versions()).to_csv(TABLES/'long_run.csv', index=False)
        wrong += not flat
    minutes = (time.monotonic() - start)/60
    print(f'{len(rows) - others} cases, {wrong} of them not as they should be; {minutes:.0f} minutes')
    sys.exit(wrong > 0)

if __name__ == '__main__': main()
