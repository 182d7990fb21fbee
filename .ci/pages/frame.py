"""What stands around the text of a page: sidebar, breadcrumb, links to the neighbours, footer."""
import html, re
from functools import lru_cache
from pages import tools
from pages.made import title_of

@lru_cache(None)
def inline(text):
    "A line of Markdown as HTML"
    if not re.search(r'[`*_$\[\\<&"\'.-]', text): return text
    done = tools.run([tools.pandoc(), '--from=markdown', '--to=html'], input=text).stdout.strip()
    return re.sub(r'\A<p>(.*)</p>\Z', r'\1', done, flags=re.S)

def as_list(x): return x if isinstance(x, list) else [x] if x else []

class Frame:
    "Made from `website:` of _quarto.yml and the contents of sidebar.yml; `addresses` maps pages to their places on the site"
    def __init__(self, web, contents, addresses, nbs, title):
        self.web, self.contents, self.addresses, self.nbs = web, contents, addresses, nbs
        self.site_title = web.get('sidebar', {}).get('title') or title

    def title(self, name): return title_of(self.nbs/name)

    def entry(self, item):
        "Text and address of a sidebar's entry, without what lies below it"
        if isinstance(item, str): item = {'href': item}
        section = item.get('section')
        href = item.get('href') or item.get('file') or (section if section in self.addresses else None)
        title = self.title(href) if href in self.addresses else href
        text = item.get('text') or (section if section != href else None) or title
        return str(text), self.addresses.get(href, href)

    def flat(self, items):
        "All entries that lead somewhere, in order"
        for item in items:
            text,href = self.entry(item)
            if href: yield text, href
            if isinstance(item, dict): yield from self.flat(item.get('contents', []))

    # -- the sidebar

    def menu(self, items, here, root, depth=1): return '\n'.join(self.menu_item(o, here, root, depth) for o in items)

    def menu_item(self, item, here, root, depth):
        text,href = self.entry(item)
        inside = item.get('contents') if isinstance(item, dict) else None
        words = f'<span class="menu-text">{inline(text)}</span>'
        active = ' active' if href == here else ''
        if href: words = f'<a href="{root}{href}" class="sidebar-item-text sidebar-link{active}">{words}</a>'
        else: words = f'<span class="sidebar-item-text sidebar-link text-start">{words}</span>'
        words = f'<div class="sidebar-item-container">{words}</div>'
        if not inside: return f'<li class="sidebar-item">{words}</li>'
        below = self.menu(inside, here, root, depth+1)
        below = f'<ul class="collapse list-unstyled sidebar-section depth{depth} show">{below}</ul>'
        return f'<li class="sidebar-item sidebar-item-section">{words}{below}</li>'

    def tool(self, href, text, sign, extra=''):
        text = html.escape(text)
        return f'<a href="{href}" class="{extra}quarto-navigation-tool px-1" title="{text}" aria-label="{text}">{sign}</a>'

    def sidebar(self, here, root):
        bar, home = self.web.get('sidebar', {}), f'{root}index.html'
        logo = ''
        if bar.get('logo'):
            alt, src = html.escape(bar.get('logo-alt', '')), root + bar['logo'].lstrip('/')
            logo = f'<a href="{home}" class="sidebar-logo-link"><img src="{src}" alt="{alt}" class="sidebar-logo"></a>'
        signs = [self.tool(t['href'], t.get('text', ''), '⎇') for t in bar.get('tools', [])]
        signs.append(self.tool('#', 'Toggle dark mode', '<i class="bi"></i>', 'quarto-color-scheme-toggle '))
        title = f'<a href="{home}">{html.escape(self.site_title)}</a>'
        title = f'<div class="sidebar-title mb-0 py-0">{title}<div class="sidebar-tools-main">{"".join(signs)}</div></div>'
        head = f'<div class="pt-lg-2 mt-2 text-left sidebar-header">{logo}{title}</div>'
        search = '<div class="sidebar-search"><div id="quarto-search">Search</div></div>' if self.web.get('search', True) else ''
        menu = f'<ul class="list-unstyled mt-1">{self.menu(self.contents, here, root)}</ul>'
        classes = 'sidebar sidebar-navigation floating overflow-auto'
        return (f'<nav id="quarto-sidebar" class="{classes}" aria-label="All pages">{head}{search}'
            f'<div class="sidebar-menu-container">{menu}</div></nav>')

    # -- above and below the text

    def breadcrumb(self, name):
        "The part of the sidebar that a page is in, and its title"
        here, title = self.addresses[name], inline(self.title(name))
        for item in self.contents:
            if isinstance(item, dict) and any(href == here for _,href in self.flat([item])):
                return f'{html.escape(self.entry(item)[0])} › {title}'
        return title

    def neighbour(self, entry, way, root):
        if entry is None: return f'<div class="nav-page nav-page-{way}"></div>'
        words = f'<span class="nav-page-text">{inline(entry[0])}</span>'
        words = f'← {words}' if way == 'previous' else f'{words} →'
        return f'<div class="nav-page nav-page-{way}"><a href="{root}{entry[1]}" class="pagination-link">{words}</a></div>'

    def neighbours(self, here, root):
        "Links to the page before and the page behind"
        order = [None, *self.flat(self.contents), None]
        at = next((k for k,o in enumerate(order) if o and o[1] == here), None)
        if at is None or not self.web.get('page-navigation'): return ''
        return self.neighbour(order[at-1], 'previous', root) + self.neighbour(order[at+1], 'next', root)

    def footer(self):
        said = self.web.get('page-footer') or {}
        if isinstance(said, str): said = {'center': said}
        def words(item): return f'[{item.get("text", item.get("icon", ""))}]({item.get("href", "")})' if isinstance(item, dict) else item
        texts = {side: ' '.join(inline(words(o)) for o in as_list(said.get(side))) for side in ('left', 'center', 'right')}
        return ''.join(f'<div class="nav-footer-{side}">{text}</div>' for side,text in texts.items()) if said else ''
