"""Do the chapters notice a fault? `.venv/bin/python .ci/mutations.py [NAME ...]` puts deliberate faults into the library, one at a time.

Each fault of FAULTS changes one place in a copy of the checkout: in `lnl/MODULE.py`, and in the cell that this file was
made from, because a chapter runs its own cells. Then the chapters that should notice run there as `nbdev_test` runs
them (without slow cells), until a cell fails. A row per fault goes into `.ci/tables/mutations.csv`, and a row per chapter
without a fault, which must pass. What has a row is not done again unless the fault's text or its chapters changed; faults
that are named are done in any case. The exit code is 1 if a fault of the table was not caught. All of it takes about half
an hour on one core; `nice` and `OMP_NUM_THREADS=1` leave the others in peace.
"""
import csv, importlib, io, json, os, re, shutil, signal, subprocess, sys, tempfile, time, traceback
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT/'.ci'/'tables'/'mutations.csv'
LIMIT = 300 # seconds that a chapter may take
COLUMNS = ['name', 'module', 'changed', 'chapter', 'caught', 'by', 'seconds', 'lnl', 'torch', 'python', 'commit']

class Fault(NamedTuple):
    "A deliberate mistake"
    name:str # of the fault
    module:str # of lnl
    old:str # found in exactly one place
    new:str # what stands there instead
    chapters:str # numbers of the chapters that should notice, in the order in which they are asked

FAULTS = [
    Fault('smoke', 'losses', 'return -ctx.scale*grad, None', 'return ctx.scale*grad, None', '03')]

HEAVY = [ # imported once, so that a chapter starts at once
    'torch', 'torchvision.models', 'pandas', 'scipy.stats', 'matplotlib.pyplot', 'sklearn.linear_model', 'sklearn.pipeline',
    'fairlearn.metrics', 'fastai.vision.data', 'fastai.learner', 'fastai.callback.schedule', 'fastai.metrics',
    'nbdev.config', 'nbdev.test']

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
    sys.stdout.flush()
    with tempfile.TemporaryFile('w+') as log:
        pid = os.fork()
        if not pid: be_chapter(root, path, log)
        failed = wait_for(pid)
        log.seek(0)
        said = log.read()
    if failed is None: return f'too slow: more than {LIMIT} s'
    return first_error(said) if failed else ''

def be_chapter(root, path, log):
    "In a process of its own: run a notebook with the library of the copy, and end"
    os.setsid()
    for stream in (1, 2): os.dup2(log.fileno(), stream)
    os.chdir(root)
    scripts = Path(sys.executable).parent
    os.environ.update(PYTHONPATH=str(root), PATH=f"{scripts}{os.pathsep}{os.environ['PATH']}")
    for name in [name for name in sys.modules if name.split('.')[0] == 'lnl']: del sys.modules[name]
    sys.path[0] = str(root)
    passed = False
    try:
        from nbdev.config import get_config
        from nbdev.test import test_nb
        passed, _ = test_nb(path, skip_flags=get_config().tst_flags.split())
    except BaseException: traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr): stream.flush()
        os._exit(not passed)

def wait_for(pid):
    "The exit code of a chapter, None if it takes too long; nothing that it started stays"
    end = time.monotonic() + LIMIT
    ended, status = 0, 0
    while not ended and time.monotonic() < end:
        time.sleep(.1)
        ended, status = os.waitpid(pid, os.WNOHANG)
    try: os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError: pass
    if ended: return os.waitstatus_to_exitcode(status)
    os.waitpid(pid, 0)

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
    "Has the table a row for this fault as it is now?"
    row = rows.get(fault.name)
    return row is not None and row['changed'] == what(fault) and row['chapter'] in fault.chapters.split()

def try_fault(root, fault):
    "Put a fault in, ask its chapters, take it out again: the row of the table"
    start = time.monotonic()
    new = changed_files(root, fault)
    kept = {path: path.read_text(encoding='utf8') for path in new}
    for path, text in new.items(): path.write_text(text, encoding='utf8')
    try:
        for number in fault.chapters.split():
            by = run_chapter(root, chapter_path(root, number))
            if by: break
    finally:
        for path, text in kept.items(): path.write_text(text, encoding='utf8')
    caught = 'yes' if by else 'no'
    return dict(name=fault.name, module=fault.module, changed=what(fault), chapter=number, caught=caught, by=by,
        seconds=round(time.monotonic() - start, 1))

def try_chapter(root, number):
    "Run a chapter without a fault: the row of the table"
    start = time.monotonic()
    by = run_chapter(root, chapter_path(root, number))
    if by: print(f'chapter {number} fails without a fault: {by}', file=sys.stderr)
    return dict(name=f'none in {number}', module='', changed='nothing', chapter=number, caught='yes' if by else 'no',
        by=by, seconds=round(time.monotonic() - start, 1))

def main(names):
    "Do what has no row yet, or what is named"
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
    for name in HEAVY: importlib.import_module(name)
    with tempfile.TemporaryDirectory(prefix='mutations-') as folder:
        root = Path(folder).resolve()
        copy_checkout(root)
        todo = {name: number for name, number in plain.items() if name in names or not names and name not in rows}
        for name, number in todo.items(): keep(rows, {**try_chapter(root, number), **how})
        wanted = [f for f in FAULTS if f.name in names or not names and not is_done(f, rows)]
        for fault in wanted: keep(rows, {**try_fault(root, fault), **how})
    found = [rows[name] for name in known if name in rows]
    lost = [row['name'] for row in found if row['caught'] != 'yes']
    broken = [name for name in plain if rows.get(name, {}).get('caught') == 'yes']
    print(f"{len(found)} of {len(known)} faults tried, {len(lost)} not caught{': ' if lost else ''}{', '.join(lost)}")
    return bool(lost or broken)

def keep(rows, row):
    "Put a row into the table"
    rows[row['name']] = row
    write_rows(rows)
    print(f"{row['name']}: caught {row['caught']}, chapter {row['chapter']}, {row['seconds']} s  {row['by']}", flush=True)

if __name__ == '__main__': sys.exit(main(sys.argv[1:]))
