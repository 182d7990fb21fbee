"""Does the installed wheel work wherever people are? Offline, in odd paths, without a home, without rights.

    python .ci/places.py PYTHON WHEEL

PYTHON belongs to an environment with what the wheel needs. The wheel is installed without an index into an
environment of its own, whose path has spaces and umlauts, and finds the rest in that of PYTHON. There a small demo
must train with no network, without HOME, and as another user than root, all at once. In a folder that can't be
written, every command must end with one line and exit code 2, and leave nothing. The last line is `N passed,
N failed`.

No network means: Python refuses to look up or to reach any host but this machine, and notes that it was asked. Where
it can be (root, `unshare`, `ip`), the commands run in a network namespace of their own, too. Another user than root
is user 65534, if root runs this, and else whoever does.
"""
import json, os, shutil, subprocess, sys, tempfile
from pathlib import Path

WINDOWS = os.name == 'nt'
ROOT_USER = not WINDOWS and os.geteuid() == 0
RIGHTS = '=-all,+dac_read_search' # to read the interpreter in root's home, not to write
USER = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', f'--inh-caps{RIGHTS}', f'--ambient-caps{RIGHTS}']
ALONE = ['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'] # with this machine's own address
DEMO = ['lnl_train', 'demo', '--n-train', '500', '--epochs', '1', '--out', 'Ergebnis für alle']
NO_NETWORK = '''
import os, sys
def refuse(event, args):
    if event not in ('socket.getaddrinfo', 'socket.gethostbyname', 'socket.connect', 'socket.sendto'): return
    where = args[1] if event in ('socket.connect', 'socket.sendto') else args[0]
    host = where[0] if isinstance(where, tuple) else where
    if event in ('socket.connect', 'socket.sendto') and not isinstance(where, tuple): return # a socket file
    if host in (None, '', b'', 'localhost', '127.0.0.1', '::1', '0.0.0.0'): return
    with open(os.environ['ASKED_FOR'], 'a') as f: f.write(f'{event} {where}\\n')
    raise OSError(f'there is no network here: {where}')
sys.addaudithook(refuse)
'''
PICTURES = '''
import csv
from pathlib import Path
from PIL import Image
Path('pictures').mkdir()
with open('table.csv', 'w', newline='') as f:
    write = csv.writer(f)
    write.writerow(['fn', 'label', 'site', 'answer'])
    for i in range(60):
        label, site = i % 2, i % 3
        Image.new('RGB', (32, 32), (100*label + i, 80*site, 255 - i)).save(f'pictures/{i}.png')
        write.writerow([f'{i}.png', 'ab'[label], 'xyz'[site], 'ab'[i % 5 > 2]])
settings = dict(table='table.csv', path='pictures', fn='fn', label='label', bias='[site]', methods='[erm]')
settings.update(arch='small', size=32, epochs=1, pretrained='false', workers=1)
Path('study.yml').write_text(''.join(f'{k}: {v}\\n' for k, v in settings.items()))
'''
WRITERS = [ # every command, with little to do
    'lnl_train colored_mnist --n-train 200 --epochs 1',
    'lnl_sweep colored_mnist --n-train 200 --epochs 1',
    'lnl_report',
    'lnl_film film.json --n-train 200 --epochs 1 --n-test 100',
    'lnl_playground',
    'lnl_benchmark --n 100 --repeats 1 --steps 1 --out speed.csv',
    'lnl_audit table.csv --label label --answer answer --groups site',
    'lnl_study study.yml']
results = []

def record(name, wrong):
    "Count a check; `wrong` is what is wrong, or nothing"
    results.append(not wrong)
    print(f"{'FAILED' if wrong else 'ok    '}  {name}", *(f'        {o}' for o in wrong), sep='\n', flush=True)

def site_packages(python):
    "Where an interpreter has its packages"
    ask = 'import sysconfig; print(sysconfig.get_paths()["purelib"])'
    return Path(subprocess.run([python, '-c', ask], capture_output=True, text=True, check=True).stdout.strip())

def new_environment(python, wheel, folder):
    "An environment with nothing but the wheel, that finds the rest in another one; the folder of its commands"
    subprocess.run([python, '-m', 'venv', folder], check=True)
    bin_dir = folder/('Scripts' if WINDOWS else 'bin')
    own = bin_dir/'python'
    (site_packages(own)/'others.pth').write_text(f'{site_packages(python)}\n', encoding='utf8')
    install = ['-m', 'pip', 'install', '--quiet', '--no-index', '--no-deps', '--ignore-installed', wheel]
    done = subprocess.run([own, *install], capture_output=True, text=True)
    show = ['-X', 'utf8', '-c', 'import lnl; print(lnl.__file__)']
    where = subprocess.run([own, *show], cwd=folder, capture_output=True, text=True, encoding='utf8')
    found = where.stdout.strip()
    wrong = done.stderr.splitlines()
    if not Path(found).is_relative_to(folder): wrong.append(f'lnl is in {found or where.stderr}')
    record('pip installs the wheel without an index, into a path with spaces and umlauts', wrong)
    return bin_dir

def said(text):
    "The lines on stderr, without those of Matplotlib about its cache, which has no place where there is no home"
    return [o for o in text.strip().splitlines() if not o.startswith(('mkdir -p failed for path', 'Matplotlib created'))]

class Place:
    "A folder, and how commands are run there: by somebody who owns it and may write nowhere else, without a network"
    def __init__(self, bin_dir, folder, without):
        self.bin_dir,self.folder,self.asked = bin_dir,folder,folder.parent/f'{folder.name} asked for.txt'
        alone = ROOT_USER and shutil.which('unshare') and shutil.which('ip')
        self.prefix = [*(ALONE if alone else []), *(USER if ROOT_USER else [])]
        folder.mkdir()
        self.asked.touch()
        if ROOT_USER:
            for path in (folder, self.asked): os.chown(path, 65534, 65534)
        kept = {k: v for k, v in os.environ.items() if k not in ('PYTHONPATH', *without)}
        offline = str(folder.parent/'offline')
        self.env = dict(kept, OMP_NUM_THREADS='1', PYTHONPATH=offline, ASKED_FOR=str(self.asked))

    def run(self, command, *words):
        "The finished process of a command"
        command = [*self.prefix, shutil.which(command, path=str(self.bin_dir)), *words]
        how = dict(capture_output=True, text=True, encoding='utf8', errors='replace')
        return subprocess.run(command, cwd=self.folder, env=self.env, **how)

    def demo(self):
        "Train the demo; what is wrong with it"
        done = self.run(*DEMO)
        metrics = self.folder/DEMO[-1]/'metrics.json'
        if done.returncode: yield f'exit code {done.returncode}'
        elif set(json.loads(metrics.read_text(encoding='utf8'))) != {'erm', 'lnl'}: yield f'wrong {metrics}'
        yield from said(done.stderr)[-12:]
        yield from self.asked.read_text().splitlines()

def refused(place, words):
    "What is wrong with how a command ends that can't write"
    before = sorted(place.folder.rglob('*'))
    done = place.run(*words.split())
    lines = said(done.stderr)
    if done.returncode != 2: yield f'exit code {done.returncode}'
    if len(lines) != 1: yield from ['not one line:', *lines[-6:]]
    elif not any(word in lines[0] for word in ('ermission denied', 'written', 'write')): yield f'it says: {lines[0]}'
    if sorted(place.folder.rglob('*')) != before: yield 'it left something behind'

def main():
    if len(sys.argv) != 3: sys.exit(__doc__)
    python, wheel = os.path.abspath(shutil.which(sys.argv[1]) or sys.argv[1]), os.path.abspath(sys.argv[2])
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as tmp:
        top = Path(tmp).resolve()/'Bücher über Köln'
        (top/'offline').mkdir(parents=True)
        (top/'offline'/'sitecustomize.py').write_text(NO_NETWORK)
        for folder in (top.parent, top): folder.chmod(0o755)
        bin_dir = new_environment(python, wheel, top/'eine Umgebung')
        homes = ('HOME', 'USERPROFILE', 'HOMEDRIVE', 'HOMEPATH', 'XDG_CACHE_HOME', 'XDG_CONFIG_HOME')
        place = Place(bin_dir, top/'ohne Netz, ohne Heim, ohne Rechte', without=homes)
        record('the demo trains there: no network, no HOME, not as root', [*place.demo()])
        if not WINDOWS: # there a folder's mode does not keep anybody from writing
            place = Place(bin_dir, top/'nur zum Lesen', without=homes)
            made = place.run('python', '-c', PICTURES)
            if made.returncode: sys.exit(made.stderr)
            if ROOT_USER: os.chown(place.folder, 0, 0)
            place.folder.chmod(0o555)
            for words in WRITERS: record(f'in a read-only folder: {words}', [*refused(place, words)])
            place.folder.chmod(0o755)
    print(f'{results.count(True)} passed, {results.count(False)} failed')
    sys.exit(not all(results))

if __name__ == '__main__': main()
