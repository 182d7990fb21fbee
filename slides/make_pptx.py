"""slides/presentation.pptx from slides/index.qmd: `python slides/make_pptx.py OUT.pptx`. Run by `make pptx`.

The deck is written once, in index.qmd. Its Python cells and inline expressions run in a Jupyter kernel, as Quarto runs
them; Markdown becomes text, tables and pictures. `--check` runs the cells and reads the slides, and makes no file.
"""
import base64, io, os, re, sys
from pathlib import Path
import nbformat, yaml
from nbclient import NotebookClient

here = Path(__file__).resolve().parent
sys.path.append(str(here.parent/'.venv-pptx'))
CELL = re.compile(r'^```\{python\}\n(?P<code>.*?)^```|`\{python\} (?P<value>.+?)`', re.S|re.M)
INLINE = re.compile(r'`\{python\} (.+?)`')
DPI = "%config InlineBackend.print_figure_kwargs = {'dpi': 200, 'bbox_inches': 'tight'}"

def run(text):
    "The outputs of all cells and inline expressions, in order"
    os.environ.pop('MPLBACKEND', None) # the kernel draws inline
    sources = [DPI, *[m['code'] or f'print({m["value"]})' for m in CELL.finditer(text)]]
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    NotebookClient(nb, timeout=600, kernel_name='python3', resources={'metadata': {'path': str(here)}}).execute()
    return [c.outputs for c in nb.cells[1:]]

BLOCK = re.compile('|'.join([
    r'^```(?P<lang>\{python\}|\w*)\n(?P<code>.*?)^```',
    r'^::: *\{\.notes\}\n(?P<notes>.*?)^:::',
    r'^\$\$(?P<tex>.+?)\$\$',
    r'^!\[.*?\]\((?P<path>\S+?)\)(?P<attrs>\{.*?\})?',
    r'(?P<table>(?:^\|[^\n]*\n?)+)',
    r'(?P<prose>(?:^(?!```|:::|\$\$|!\[|\|)[^\n]*\S[^\n]*\n?)+)']), re.S|re.M)

def blocks(text, outputs):
    "[(kind, value)]: text, equation, picture, table, code, notes"
    out = []
    for m in BLOCK.finditer(text):
        if m['lang'] == '{python}': out += shown(m['code'], next(outputs))
        elif m['code']: out.append(('code', m['code'].rstrip()))
        elif m['notes']: out.append(('notes', ' '.join(m['notes'].split())))
        elif m['tex']: out.append(('equation', m['tex']))
        elif m['path']: out.append(('picture', ((here/m['path']).read_bytes(), alt_text(m['attrs']))))
        elif m['table']: out.append(('table', cells(m['table'])))
        elif m['prose']: out.append(('text', filled(m['prose'], outputs)))
    return out

def alt_text(attrs): return re.search(r'fig-alt="(.*?)"', attrs or '')[1]

def cells(table):
    "Rows of a Markdown table, without the line below its head"
    rows = [r for r in table.strip().split('\n') if not re.fullmatch(r'[|\s:-]+', r)]
    return [[c.strip() for c in r.strip().strip('|').split('|')] for r in rows]

def filled(prose, outputs):
    "Text with the values of its inline expressions"
    def value(_): return ''.join(o.text for o in next(outputs)).strip()
    return INLINE.sub(value, prose.strip())

def shown(code, outs):
    "Blocks from the outputs of one cell"
    if re.search(r'^#\| *include: *false', code, re.M): return []
    out, alt = [], re.search(r'^#\| *fig-alt: *(.+)', code, re.M)
    for data in [o.data for o in outs if 'data' in o]:
        if 'image/png' in data: out.append(('picture', (base64.b64decode(data['image/png']), alt[1])))
        elif 'text/markdown' in data: out += blocks(data['text/markdown'], iter(()))
    return out

def source():
    "Front matter and text of the deck"
    _, front, text = (here/'index.qmd').read_text(encoding='utf8').split('---\n', 2)
    return yaml.safe_load(front), text

def read_deck(text, outputs):
    "[(title, blocks)] from the text and the outputs of its cells"
    outputs, fences = iter(outputs), []
    def hide(m): # a comment in a cell is no title
        fences.append(m[0])
        return f'\0{len(fences)-1}\0'
    def show(m): return fences[int(m[1])]
    hidden = re.sub(r'^```.*?^```', hide, text, flags=re.S|re.M)
    first, *rest = [re.sub('\0(\\d+)\0', show, s) for s in re.split(r'^## +', hidden, flags=re.M)]
    blocks(first, outputs)
    deck = []
    for slide in rest:
        title, _, content = slide.partition('\n')
        title = re.sub(r'\{[.#].*?\}', '', title).strip() # without its attributes
        deck.append((title, blocks(content, outputs)))
    return deck

def incomplete(deck):
    "What is wrong with slides that have no notes or no content"
    for name,content in deck:
        if not any(k == 'notes' for k,_ in content): yield f'no speaker notes: {name}'
        if len(content) < 2: yield f'nothing to show: {name}'

# --- python-pptx from here on

WIDE, HIGH, MARGIN, GREEK = 13.333, 7.5, .7, dict(sigma='σ', mu='μ', lambda_='λ', theta='θ')
INK, LINE, PAPER = '332288', 'D9D7E6', 'F5F4FA' # as in talk.scss
DIGITS = 'DC143C 008080 FDE910 0095B6 ED9121 911EBC 46F0F0 FAC5BB D2F53C 800000'.split() # lnl.data.PALETTE

def runs(text):
    "[(text, style)] of one line of Markdown; styles are b, i, code and sub"
    out = []
    for m in re.finditer(r'`(.+?)`|\*\*(.+?)\*\*|\*(.+?)\*|\$(.+?)\$|([^`*$]+|.)', text):
        code, bold, italic, math, plain = m.groups()
        if math:
            math = re.sub(r'\\(?:mathcal|mathbb|mathrm)\{?(\w)\}?', r'\1', math)
            for k,v in GREEK.items(): math = math.replace('\\' + k.rstrip('_'), v)
            math = re.sub(r' *\\mid *', ' | ', math).replace('\\log', 'log').replace('^2', '²').replace('-', '−')
            out += [(s, 'sub' if k % 2 else 'i') for k,s in enumerate(re.split(r'_\{?(\w+)\}?', math)) if s]
        else: out.append((code or bold or italic or plain, 'code' if code else 'b' if bold else 'i' if italic else ''))
    return out

def paragraphs(text):
    "[(bullet, line)]: bullet is '', '-' or '1'"
    lines = []
    for l in text.split('\n'):
        m = re.match(r'(-|\d+\.) +(.*)', l)
        if m: lines.append(['-' if m[1] == '-' else '1', m[2]])
        elif lines and l.strip(): lines[-1][1] += ' ' + l.strip()
        elif l.strip(): lines.append(['', l.strip()])
    return lines

def formula(tex):
    "A PNG of an equation, drawn by matplotlib"
    import matplotlib
    matplotlib.use('agg')
    import matplotlib.pyplot as plt
    fig = plt.figure()
    line = re.sub(r' *\\tag\{(.+?)\}', r'\\qquad (\1)', tex.strip())
    fig.text(0, 0, f'${line}$', fontsize=28, math_fontfamily='cm')
    fig.savefig(out := io.BytesIO(), dpi=300, bbox_inches='tight', transparent=True)
    plt.close(fig)
    return out.getvalue()

def build(front, deck, path):
    "Make the file; returns what does not fit"
    from lxml import etree
    from pptx import Presentation
    from pptx.dml.color import RGBColor
    from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
    from pptx.oxml.ns import qn
    from pptx.util import Inches, Pt
    from PIL import Image
    prs, ink, wrong = Presentation(), RGBColor.from_string(INK), []
    prs.slide_width, prs.slide_height = Inches(WIDE), Inches(HIGH)
    prs.core_properties.title, prs.core_properties.author = front['title'], front['author']

    def write(p, text, size, font=None):
        for s,style in runs(text) if font is None else [(text, 'code')]:
            r = p.add_run()
            r.text, r.font.size = s, Pt(size)
            if style == 'b': r.font.bold = True
            if style == 'i': r.font.italic = True
            if style == 'code': r.font.name = 'DejaVu Sans Mono'
            if style == 'sub': r._r.get_or_add_rPr().set('baseline', '-25000')

    def bullet(p, kind):
        pr = p._p.get_or_add_pPr()
        if kind: pr.set('marL', '457200'), pr.set('indent', '-457200')
        b = etree.SubElement(pr, qn('a:buNone' if not kind else 'a:buChar' if kind == '-' else 'a:buAutoNum'))
        if kind: b.set(*('char', '•') if kind == '-' else ('type', 'arabicPeriod'))

    def strip(slide, top, height): # the digits' ten colours
        for k,c in enumerate(DIGITS):
            o = slide.shapes.add_shape(1, Inches(k*WIDE/10), Inches(top), Inches(WIDE/10), Inches(height))
            o.fill.solid()
            o.fill.fore_color.rgb = RGBColor.from_string(c)
            o.line.fill.background()
            o.shadow.inherit = False

    def box(slide, top, height):
        frame = slide.shapes.add_textbox(Inches(MARGIN), Inches(top), Inches(WIDE-2*MARGIN), Inches(height)).text_frame
        frame.word_wrap = True
        return frame

    def lines(text, size): return sum(-(-len(l)*size*.5//((WIDE-2*MARGIN)*72)) for _,l in paragraphs(text))
    def high(kind, v, size): # inches; None: what is left
        if kind == 'text': return lines(v, size)*size*.0178 + .09*len(paragraphs(v)) + .1
        if kind == 'code': return (size-4)*.018*len(v.split('\n')) + .2
        if kind == 'table': return cell_size(v)*.028*len(v) + .25
        if kind == 'equation': return Image.open(io.BytesIO(v[0])).height/300 + .4
        return None

    def picture(slide, data, alt, top, height, largest=9.):
        w, h = Image.open(io.BytesIO(data)).size
        scale = min((WIDE-2*MARGIN)/w, height/h, largest)
        w, h = w*scale, h*scale
        place = [Inches(o) for o in ((WIDE-w)/2, top + (height-h)/2, w, h)]
        pic = slide.shapes.add_picture(io.BytesIO(data), *place)
        pic._element.nvPicPr.cNvPr.set('descr', alt)

    def cell_size(cells): return 20 if len(cells) < 6 else 18
    def grid(slide, cells, top, height):
        size = cell_size(cells)
        widths = [max(len(re.sub(r'[$*`\\]', '', r[k])) for r in cells) + 2 for k in range(len(cells[0]))]
        unit = min(size*.62/72, (WIDE-2*MARGIN)/sum(widths))
        if unit < size*.5/72: wrong.append(f'a table is too wide: {cells[0]}')
        wide = unit*sum(widths)
        place = [Inches(o) for o in ((WIDE-wide)/2, top, wide, height-.2)]
        shape = slide.shapes.add_table(len(cells), len(widths), *place)
        shape._element.graphic.graphicData.tbl[0][-1].text = '{2D5ABB26-0587-4C30-8999-92F81FD0307C}' # no style, no grid
        numbers = [all(re.fullmatch(r'[\d.,±–%\s]+', r[k]) for r in cells[1:]) for k in range(len(widths))]
        for k,w in enumerate(widths): shape.table.columns[k].width = Inches(unit*w)
        for i,r in enumerate(cells):
            for k,c in enumerate(r):
                cell = shape.table.cell(i, k)
                cell.margin_top = cell.margin_bottom = Inches(.03)
                cell.vertical_anchor = MSO_ANCHOR.MIDDLE
                p = cell.text_frame.paragraphs[0]
                if numbers[k] and k: p.alignment = PP_ALIGN.RIGHT
                write(p, c, size)
                for r in p.runs if i == 0 else (): r.font.bold, r.font.color.rgb = True, ink
                below = etree.SubElement(cell._tc.get_or_add_tcPr(), qn('a:lnB'), w='25400' if i == 0 else '9525')
                etree.SubElement(etree.SubElement(below, qn('a:solidFill')), qn('a:srgbClr'), val=INK if i == 0 else LINE)

    def place(slide, kind, v, top, height, size):
        if kind == 'picture': picture(slide, *v, top, height)
        elif kind == 'equation': picture(slide, *v, top, height, 1/300)
        elif kind == 'table': grid(slide, v, top, height)
        else:
            frame = box(slide, top, height - .1*(kind == 'code'))
            for k,(b,line) in enumerate(paragraphs(v) if kind == 'text' else [('', l) for l in v.split('\n')]):
                p = frame.paragraphs[0] if k == 0 else frame.add_paragraph()
                bullet(p, b)
                if kind == 'text': p.space_after = Pt(6)
                write(p, line, size if kind == 'text' else size-4, None if kind == 'text' else 'mono')
            if kind == 'code':
                frame._parent.fill.solid()
                frame._parent.fill.fore_color.rgb = RGBColor.from_string(PAPER)

    title = prs.slides.add_slide(prs.slide_layouts[0])
    texts = front['title'], front['subtitle'] + '\n' + front['author']
    for shape,text,top,size in zip(title.placeholders, texts, (2.2, 3.9), (48, 24)):
        shape.left, shape.width = Inches(MARGIN), Inches(WIDE-2*MARGIN)
        shape.top, shape.height = Inches(top), Inches(1.5)
        shape.text = text
        for p in shape.text_frame.paragraphs: p.font.size = Pt(size)
    head = title.shapes.title.text_frame.paragraphs[0]
    head.font.bold, head.font.color.rgb = True, ink
    strip(title, 5.6, .9)

    for name,content in deck:
        slide = prs.slides.add_slide(prs.slide_layouts[5])
        t = slide.shapes.title
        t.left, t.top, t.width, t.height, t.text = Inches(MARGIN), Inches(.35), Inches(WIDE-2*MARGIN), Inches(.8), name
        head = t.text_frame.paragraphs[0]
        head.alignment, head.font.size, head.font.bold, head.font.color.rgb = PP_ALIGN.LEFT, Pt(32), True, ink
        if len(name)*32*.5 > (WIDE-2*MARGIN)*72: wrong.append(f'the title is too long: {name}')
        strip(slide, 0, .1)
        notes = ' '.join(v for k,v in content if k == 'notes')
        content = [(k, (formula(v), v.strip()) if k == 'equation' else v) for k,v in content if k != 'notes']
        if notes: slide.notes_slide.notes_text_frame.text = notes
        free, room = sum(k == 'picture' for k,_ in content), HIGH - 1.3 - .35
        def fits(s): return sum(high(*o, s) or 0 for o in content) < room - .5
        size = 20 if free else next((s for s in (26, 24, 22, 20) if fits(s)), 20)
        top, left = 1.3, room - sum(high(*o, size) or 0 for o in content)
        if left < 0: wrong.append(f'too full by {-left:.1f} inches: {name}')
        gap = .25 if not free and left > .25*len(content) else 0
        for k,v in content:
            h = high(k, v, size) or left/free
            place(slide, k, v, top, h, size)
            top += h + gap
        number = slide.shapes.add_textbox(Inches(WIDE-1), Inches(HIGH-.45), Inches(.6), Inches(.3)).text_frame
        number.text = str(len(prs.slides))
        number.paragraphs[0].font.size = Pt(11)
    prs.save(path)
    for k,slide in enumerate(prs.slides, 1):
        for o in slide.shapes:
            if min(o.left, o.top) < 0 or o.left + o.width > prs.slide_width + 999 or o.top + o.height > prs.slide_height: wrong.append(f'slide {k}: {o.name} reaches beyond the edge')
    return wrong

if __name__ == '__main__':
    front, text = source()
    deck = read_deck(text, run(text))
    if wrong := list(incomplete(deck)): sys.exit('\n'.join(wrong))
    if '--check' not in sys.argv:
        if wrong := build(front, deck, sys.argv[1]): sys.exit('\n'.join(wrong))
        print(f'{sys.argv[1]}: {len(deck) + 1} slides')
