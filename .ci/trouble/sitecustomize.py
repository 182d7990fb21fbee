"""Python runs this at the start of each process whose PYTHONPATH names this folder."""
import trouble
trouble.begin()
