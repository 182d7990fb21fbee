"""nbdev's part, in the folder of a copy: `python make.py NAME ...` makes these notebooks for Quarto and copies what is no notebook.

A notebook that nbdev can't make is named, with the reason; the others are made.
"""
import shutil, subprocess, sys, traceback
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

def make(name):
    "Make one notebook; gives what went wrong"
    from nbdev.processors import FilterDefaults
    from nbdev.serve_drv import main
    to = Path('_proc')/name
    to.parent.mkdir(parents=True, exist_ok=True)
    try: main((Path('nbs')/name, to, FilterDefaults))
    except BaseException as e: # also SystemExit
        to.unlink(missing_ok=True)
        reason = ''.join(traceback.format_exception_only(e.__cause__ or e)).strip()
        return f'{name}: {reason[-300:]} ({str(e).strip()[:300]})'

def copy_rest():
    "As nbdev does: notebooks are made, .py files lose their name's end, all else is copied"
    for p in Path('nbs').rglob('*'):
        to = Path('_proc')/p.relative_to('nbs')
        if not p.is_file() or p.suffix == '.ipynb' or any(o.startswith(('.', '_')) for o in p.relative_to('nbs').parts[:-1]): continue
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(p, to.with_suffix('') if p.suffix == '.py' else to)

def make_all(names):
    "Make notebooks in two processes; what a process takes along when it dies is made alone, so that the culprit is known"
    from make import make as task # of this file: nbdev puts a notebook into the place of __main__
    with ProcessPoolExecutor(2, mp_context=get_context('spawn')) as pool: jobs = {n: pool.submit(task, n) for n in names}
    for name,job in jobs.items():
        try: yield job.result()
        except BrokenProcessPool:
            code = subprocess.run([sys.executable, __file__, name]).returncode
            if code: yield f'{name}: nbdev ended with code {code}'

if __name__ == '__main__':
    names = sys.argv[1:]
    wrong = list(make_all(names)) if len(names) > 3 else [make(n) for n in names]
    copy_rest()
    for w in wrong:
        if w: print('WRONG', w)
