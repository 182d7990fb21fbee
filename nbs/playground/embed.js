// Before anything is drawn: light or dark, and how tall the frame is. A script of the old kind, so that it also runs in a page opened from a file.
// In a page of the site: its dark switch decides (Quarto marks the body), and a frame with data-fit grows to the height of what it shows.
{
  const root = document.documentElement, system = matchMedia('(prefers-color-scheme: dark)')
  let frame = null, site = null
  try { // a page of another origin tells nothing
    frame = window.frameElement
    site = frame && parent.document.body
  } catch {}

  // What the site's switch has been set to, for a page that is opened by itself.
  function kept() {
    try { return {alternate: 'dark', default: 'light'}[localStorage.getItem('quarto-color-scheme')] } catch {}
  }

  function theme() {
    if (site?.classList.contains('quarto-dark')) return 'dark'
    if (site?.classList.contains('quarto-light')) return 'light'
    return (!frame && kept()) || (system.matches ? 'dark' : 'light')
  }

  function follow() {
    const now = theme()
    if (root.dataset.theme === now) return
    root.dataset.theme = root.style.colorScheme = now
    if (frame) frame.style.colorScheme = now // only then is the frame's ground see-through
    dispatchEvent(new Event('theme'))
  }

  if (site) new MutationObserver(follow).observe(site, {attributes: true, attributeFilter: ['class']})
  system.addEventListener('change', follow)
  follow()

  if (frame?.hasAttribute('data-fit')) {
    root.dataset.framed = ''
    new ResizeObserver(() => { frame.style.height = `${root.offsetHeight}px` }).observe(root)
  }
}
