"""Do the chapters run from the installed wheel alone, as they do in Colab? Writes `.ci/tables/chapters.csv`.

    python .ci/chapters.py PYTHON [CHAPTER ...] [--workers 2]

PYTHON belongs to an environment with the wheel, `nbclient` and `ipykernel`, and neither nbdev nor this checkout.
Each chapter is run there from top to bottom, alone in an empty folder, and without the cells that `make test` leaves
out. A CHAPTER is a path below `nbs` without `.ipynb`, such as `00_toy`; without any, all are run. The table keeps a
row per chapter and version of Python; the last line is `N passed, N failed`.
"""
import argparse, csv, json, os, re, shutil, subprocess, sys, tempfile, time
from concurrent.futures import ThreadPoolExecutor
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT/'.ci'/'tables'/'chapters.csv'
VERSIONS = ['lnl', 'python', 'torch', 'fastai', 'fastcore', 'system', 'commit']
COLUMNS = ['chapter', *VERSIONS, 'seconds', 'ok', 'error']
ABOUT_THE_REPOSITORY = { # none has a button for Colab
    '05_one_file': 'explains a file of the repository, nbs/one_file/lnl_in_one_file.py',
    'solutions/05_one_file': 'changes that file',
    '90_reference': 'lists the chapters, from the sidebar and the notebooks'}
KILLS = ['41_runner', '42_experiments', '43_sweep', '51_experiments_built'] # by signals that Windows doesn't have

ASK = '''
import json, platform, sys
from importlib.metadata import version
from importlib.util import find_spec
assert not find_spec('nbdev'), 'nbdev is installed'
names = ['lnl', 'torch', 'fastai', 'fastcore']
found = dict(python=platform.python_version(), system=platform.system(), **{n: version(n) for n in names})
print(json.dumps(dict(found, path=find_spec('lnl').origin)))
'''

def about(python, folder):
    "The versions in the environment of an interpreter; an error if it has nbdev, or takes lnl from this checkout"
    done = subprocess.run([python, '-c', ASK], cwd=folder, capture_output=True, text=True)
    if done.returncode: sys.exit(f'{python} can not be used: {last_line(done.stderr)}')
    found = json.loads(done.stdout)
    path = Path(found.pop('path'))
    if path.is_relative_to(ROOT/'lnl'): sys.exit(f'{python} takes lnl from this checkout, not from a wheel')
    git = subprocess.run(['git', 'rev-parse', '--short', 'HEAD'], cwd=ROOT, capture_output=True, text=True)
    return dict(found, commit=git.stdout.strip())

def last_line(text):
    "The last line that says something, without colours"
    lines = re.sub(r'\x1b\[[0-9;]*m', '', text).strip().splitlines()
    return lines[-1] if lines else ''

def left_out(source, flags):
    "Is this a cell that `make test` does not run?"
    said = [m.split() for m in re.findall(r'^#\|(.*)$', source, re.M)]
    return any(words and (words[0] in flags or words == ['eval:', 'false']) for words in said)

def to_run(path):
    "A notebook without its outputs, and without the cells that are not run"
    settings = ConfigParser()
    settings.read(ROOT/'settings.ini', encoding='utf8')
    flags = settings['DEFAULT']['tst_flags'].split()
    nb = json.loads(path.read_text(encoding='utf8'))
    for cell in nb['cells']:
        if cell['cell_type'] == 'code': cell['outputs'] = []
    nb['cells'] = [c for c in nb['cells'] if c['cell_type'] != 'code' or not left_out(''.join(c['source']), flags)]
    return nb

def not_here(name):
    "Why a chapter is not run, or nothing"
    if name in KILLS and os.name == 'nt': return 'ends processes by signals that Windows does not have'
    return ABOUT_THE_REPOSITORY.get(name)

def run(python, name):
    "Run a chapter; its row in the table, without the versions"
    if reason := not_here(name): return dict(chapter=name, seconds='', ok='not run', error=reason)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        page = Path(folder)/'page.ipynb'
        page.write_text(json.dumps(to_run(ROOT/'nbs'/f'{name}.ipynb')), encoding='utf8')
        env = {k: v for k, v in os.environ.items() if k not in ('PYTHONPATH', 'IN_TEST')}
        env.update(OMP_NUM_THREADS='1', JUPYTER_PREFER_ENV_PATH='1', JUPYTER_DATA_DIR=str(Path(folder)/'.jupyter'))
        patience = ['--timeout=1200', '--startup_timeout=300'] # seconds; the first start in a new environment is slow
        command = [python, '-m', 'jupyter', 'execute', '--kernel_name=python3', *patience, page.name]
        how = dict(capture_output=True, text=True, encoding='utf8', errors='replace')
        start = time.monotonic()
        done = subprocess.run(command, cwd=folder, env=env, **how)
    seconds = round(time.monotonic()-start)
    if not done.returncode: return dict(chapter=name, seconds=seconds, ok='yes', error='')
    print(f'{name}\n{done.stderr}', file=sys.stderr, flush=True)
    return dict(chapter=name, seconds=seconds, ok='no', error=last_line(done.stderr)[:200])

def add_rows(rows):
    "Put rows into the table, in place of older ones for the same chapter and version of Python"
    key = lambda row: (row['chapter'], row['python'])
    old = []
    if TABLE.exists():
        with TABLE.open(encoding='utf8', newline='') as f: old = list(csv.DictReader(f))
    kept = {key(row): row for row in [*old, *rows]}
    TABLE.parent.mkdir(exist_ok=True)
    with TABLE.open('w', encoding='utf8', newline='') as f:
        writer = csv.DictWriter(f, COLUMNS, lineterminator='\n')
        writer.writeheader()
        writer.writerows(kept[k] for k in sorted(kept))

def chapters():
    "All of them, by their paths below `nbs`"
    top = ROOT/'nbs'
    paths = sorted(p for p in top.rglob('*.ipynb') if '.ipynb_checkpoints' not in p.parts)
    return [p.relative_to(top).with_suffix('').as_posix() for p in paths]

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('python')
    parser.add_argument('chapter', nargs='*')
    parser.add_argument('--workers', type=int, default=2)
    args = parser.parse_args()
    unknown = set(args.chapter) - set(chapters())
    if unknown: parser.error(f'nbs has no {sorted(unknown)}')
    python = shutil.which(args.python) or parser.error(f'there is no {args.python}')
    python = os.path.abspath(python) # links stay: they lead into an environment
    with tempfile.TemporaryDirectory() as folder: versions = about(python, folder)
    print(*(f'{k} {v}' for k, v in versions.items()), sep=', ', flush=True)
    rows = []
    with ThreadPoolExecutor(args.workers) as pool:
        for row in pool.map(lambda name: run(python, name), args.chapter or chapters()):
            rows.append({**row, **versions})
            print(f"{row['ok']:<8}{row['chapter']:<28}{row['seconds']:>4}  {row['error']}", flush=True)
    add_rows(rows)
    failed = sum(row['ok'] == 'no' for row in rows)
    print(f"{sum(row['ok'] == 'yes' for row in rows)} passed, {failed} failed")
    sys.exit(failed > 0)

if __name__ == '__main__': main()
