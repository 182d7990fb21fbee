"""What `.ci/soak.py` does to the processes of a command, as asked for in the environment:

SLOW=NAME:N:MODE  at the N-th file whose name ends so, write `$MARK` and sleep: before or after the file gets its name,
                  or with half of it written
FULL=NAME:N       no space is left on the disk for the N-th file whose name ends so, and for those after it
CLOCK=SECONDS     the clock is wrong by this much, and each time that somebody looks by a minute more or less
CORES=N           as if there were N cores: with one, methods are trained one after the other in one process
WATCHED=N         the first N digits are watched, not all 10,000, so that minutes are enough
PAUSE=SECONDS     each training step takes this much longer
"""
import errno, importlib.util, os, random, sys, time

def asked(name):
    "The parts of what is asked for; [''] if nothing is"
    return os.environ.get(name, '').split(':')

def make_slow(suffix, count, mode):
    "Renaming sleeps, so that a test can kill the process just there"
    seen = [0]
    replace = os.replace
    def sleep():
        open(os.environ['MARK'], 'w').close()
        time.sleep(3600)
    def slowly(part, path):
        if str(path).endswith(suffix): seen[0] += 1
        here = str(path).endswith(suffix) and seen[0] == int(count)
        if here and mode == 'half': os.truncate(part, os.path.getsize(part)//2)
        if here and mode != 'after': sleep()
        replace(part, path)
        if here: sleep()
    os.replace = slowly

def make_full(suffix, count):
    "Bringing a file to the disk fails"
    seen = [0]
    sync = os.fsync
    def full(fd):
        name = os.readlink(f'/proc/self/fd/{fd}').rsplit('.', 2)[0] # without .PID.tmp
        if name.endswith(suffix):
            seen[0] += 1
            if seen[0] >= int(count): raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(fd)
    os.fsync = full

def make_wrong(seconds):
    "The time of day jumps back and forth"
    now = time.time
    time.time = lambda: now() + float(seconds) + random.SystemRandom().uniform(-60, 60)

def change(experiments):
    "Change the module lnl.experiments"
    n = int(os.environ['WATCHED'])
    pause = float(os.environ.get('PAUSE', 0))
    experiments.ColoredDigits.watched = lambda self, cfg: self.digits(cfg, 'test', n)
    after_batch = experiments.Bookkeeper.after_batch
    def slower(self):
        after_batch(self)
        time.sleep(pause)
    experiments.Bookkeeper.after_batch = slower

class Watcher:
    "Changes lnl.experiments when it is imported"
    def find_spec(self, name, path, target=None):
        if name != 'lnl.experiments': return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        execute = spec.loader.exec_module
        def changed(module):
            execute(module)
            change(module)
        spec.loader.exec_module = changed
        return spec

def begin():
    "Do what is asked for, in this process"
    if 'WATCHED' in os.environ and 'lnl.experiments' in sys.modules: change(sys.modules['lnl.experiments'])
    elif 'WATCHED' in os.environ: sys.meta_path.insert(0, Watcher())
    if asked('CORES') != ['']: os.cpu_count = lambda: int(*asked('CORES'))
    if asked('SLOW') != ['']: make_slow(*asked('SLOW'))
    if asked('FULL') != ['']: make_full(*asked('FULL'))
    if asked('CLOCK') != ['']: make_wrong(*asked('CLOCK'))
