"""The card that other sites show beside a link, from the ten-by-ten picture: `python .ci/card.py nbs/images/card.png`."""
import sys
from pathlib import Path
import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch

root = Path(__file__).resolve().parent.parent
INK = '#332288'
COLUMNS = ('#dc143c', '#008080', '#ed9121')

def bar(ax, x, y, width, height, color):
    "One rounded bar of the mark; units: the 64×64 of images/logo.svg"
    ax.add_patch(FancyBboxPatch((x, y), width, height, boxstyle='round,pad=0,rounding_size=2', color=color, lw=0))

def mark(fig):
    "Stripes of colour become rows: the project's mark, as in images/logo.svg"
    ax = fig.add_axes((.05, .74, .1, .19), xlim=(0, 64), ylim=(64, 0))
    ax.axis('off')
    for i, color in enumerate(COLUMNS): bar(ax, 7 + 10*i, 9, 7, 46, color)
    for i in range(3): bar(ax, 38, 9 + 18*i, 19, 10, INK)

def card():
    "A figure of 1200×630 pixels"
    fig = plt.figure(figsize=(12, 6.3), dpi=100, facecolor='white')
    mark(fig)
    fig.text(.17, .85, 'Learning Not to Learn', size=42, weight='bold', color=INK, va='center')
    fig.text(.17, .755, 'When a data set is biased: the paper explained, built and tested', size=19, va='center')
    ax = fig.add_axes((.05, .03, .9, .66))
    ax.imshow(plt.imread(root/'nbs'/'playground'/'tenbyten.png'))
    ax.axis('off')
    return fig

card().savefig(sys.argv[1])
