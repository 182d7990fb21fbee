"""Everything that must hold: the library in sync, clean notebooks that run, properties, two processes in one training.

Run by `make test`. Works on a copy for the checks, so that nothing in the checkout is changed. It ends with the seconds
of the ten slowest notebooks; `python .ci/test.py --times` writes those of all into `.ci/tables/times.csv`, too. Nothing
fails by time. The last line counts what ran: `N passed, N failed`.
"""
import argparse, ast, csv, filecmp, os, re, shutil, subprocess, sys, tempfile, time
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument('--times', action='store_true')
args = parser.parse_args()
root, bin_dir = Path(__file__).resolve().parent.parent, Path(sys.executable).parent
os.chdir(root)
results = []

def record(ok, name, hint=''):
    results.append(ok)
    print(f"{'ok    ' if ok else 'FAILED'}  {name}" + ('' if ok or not hint else f'\n        {hint}'), flush=True)

def tool(name, *args, cwd): return subprocess.run([bin_dir/name, *args], cwd=cwd, capture_output=True, text=True)

def differences(a, b, pattern):
    "Files under `a` or `b` that match `pattern` and are not the same in both"
    names = {p.relative_to(top) for top in (a, b) for p in top.rglob(pattern) if '.ipynb_checkpoints' not in p.parts}
    same = lambda n: (a/n).is_file() and (b/n).is_file() and filecmp.cmp(a/n, b/n, shallow=False)
    return sorted(str(n) for n in names if not same(n))

def write_times(seconds):
    "The table of the times of all notebooks"
    from lnl.cli import provenance
    how = provenance()
    table = root/'.ci'/'tables'/'times.csv'
    table.parent.mkdir(exist_ok=True)
    with table.open('w', encoding='utf8', newline='') as f:
        writer = csv.writer(f, lineterminator='\n')
        writer.writerow(['notebook', 'seconds', *how])
        for name in sorted(seconds): writer.writerow([name, round(seconds[name]), *how.values()])

FLOORS = [ # a module imports from floors below its own, or from its own
    ['cli', 'compare', 'losses', 'networks', 'results', 'scores', 'site'],
    ['data', 'toy', 'unlearn'],
    ['photos'],
    ['evaluate', 'export', 'methods', 'photosets', 'suspects'],
    ['audit', 'experiments', 'runner'],
    ['sweep'],
    ['benchmark', 'checks', 'film', 'playground', 'study']]

def wrong_imports():
    "Imports within the package that run upward, in a circle, or take a private name"
    floor = {m: i for i, names in enumerate(FLOORS) for m in names}
    modules = sorted(p for p in (root/'lnl').glob('*.py') if p.stem not in ('__init__', '_modidx'))
    used = {}
    for p in modules:
        if p.stem not in floor: yield f'{p.stem} has no floor in .ci/test.py'
        found = [n for n in ast.walk(ast.parse(p.read_text())) if isinstance(n, ast.ImportFrom) and n.level]
        used[p.stem] = {n.module for n in found}
        for n in found:
            if floor.get(n.module, 99) > floor.get(p.stem, -1): yield f'{p.stem} imports {n.module}, which is on a higher floor'
            for a in n.names:
                if a.name.startswith('_'): yield f'{p.stem} imports the private name {n.module}.{a.name}'
    for m in used:
        for n in used[m]:
            if m in used.get(n, ()): yield f'{m} and {n} import each other'

wrong = list(wrong_imports())
record(not wrong, 'imports go down the floors, and no private name crosses a module', '; '.join(wrong))

with tempfile.TemporaryDirectory() as tmp:
    copy = Path(tmp)/'copy'
    shutil.copytree(root, copy, ignore=shutil.ignore_patterns('.venv*', '.git', '_docs', '_proc', 'build', '*.egg-info', '__pycache__', 'assets'))
    done = [tool('nbdev_export', cwd=copy), tool('nbdev_clean', cwd=copy)]
    for r in done:
        if r.returncode: print(r.stdout, r.stderr)
    changed = differences(root/'lnl', copy/'lnl', '*.py')
    record(not done[0].returncode and not changed, 'the library is in sync with the notebooks', f'run nbdev_export; it changes {changed}')
    changed = differences(root/'nbs', copy/'nbs', '*.ipynb')
    record(not done[1].returncode and not changed, 'the notebooks are clean', f'run nbdev_clean; it changes {changed}')
    subprocess.run([sys.executable, root/'.ci'/'readme.py', Path(tmp)/'README.md'], check=True)
    record(filecmp.cmp(root/'README.md', Path(tmp)/'README.md', shallow=False), 'README.md is current', 'run make readme')

env = {**os.environ, 'PYTHONUNBUFFERED': '1', 'OMP_NUM_THREADS': '1'}
# glibc keeps freed memory for the next batch, instead of handing it back and asking again; elsewhere these say nothing
env |= {'MALLOC_MMAP_THRESHOLD_': str(2**30), 'MALLOC_TRIM_THRESHOLD_': str(2**33)}
SCRIPTS = {'properties.py': 'properties that hold for any input', 'two_processes.py': 'two processes, one training'}
logs = tempfile.TemporaryDirectory()

def begin_script(script):
    "Start a script of `.ci`, which works beside the notebooks"
    with (Path(logs.name)/script).open('w') as f:
        return subprocess.Popen([sys.executable, root/'.ci'/script], env=env, stdout=f, stderr=subprocess.STDOUT)

beside = {script: begin_script(script) for script in SCRIPTS}

# three of them keep two cores busy: one of them often waits for a process that it has started
print('running the notebooks, three at a time; this takes some minutes', flush=True)
command = [bin_dir/'nbdev_test', '--n_workers', '3', '--do_print']
begin = time.monotonic()
proc = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)
log, started, seconds = [], {}, {}
for line in proc.stdout:
    log.append(line)
    print(line, end='', flush=True)
    for what, path in re.findall(r'(Starting|- Completed) (\S.*?)\.ipynb', line): # two processes may share a line
        name = path.rpartition('/nbs/')[2]
        if what == 'Starting': started[name] = time.monotonic()
        else: seconds[name] = time.monotonic() - started.get(name, begin)
proc.wait()
whole = time.monotonic()-begin
text = ''.join(log)
ran = len(started)
failed = len(re.findall(r'^\t\S+\.ipynb$', text.partition('Tests Failed On')[2], re.M))
if proc.returncode: failed = max(failed, 1)
results += [False]*failed + [True]*(ran-failed)
for script, run in beside.items():
    code = run.wait()
    output = (Path(logs.name)/script).read_text()
    print(f'{SCRIPTS[script]} (.ci/{script})\n{output}', end='', flush=True)
    said = re.findall(r'^(\d+) passed, (\d+) failed$', output, re.M)
    good, bad = map(int, said[-1]) if said else (0, 1)
    if code: bad = max(bad, 1)
    results += [False]*bad + [True]*good

print('\nthe slowest, in seconds')
for name in sorted(seconds, key=seconds.get, reverse=True)[:10]: print(f'{seconds[name]:6.0f}  {name}')
print(f'{sum(seconds.values()):6.0f}  all {len(seconds)} one after the other; three at a time they took {whole:.0f}\n')
if args.times: write_times(seconds)
print(f'{results.count(True)} passed, {results.count(False)} failed')
sys.exit(not all(results) or not ran)
