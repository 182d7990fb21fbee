// Light or dark: `?dark` in the address, or the switch in the sidebar, which the next page remembers.
(() => {
  const key = 'quarto-color-scheme'
  const wanted = new URLSearchParams(location.search).has('dark') || localStorage.getItem(key) === 'alternate'
  const show = dark => {
    document.getElementById('dark-sheet').media = dark ? 'all' : 'not all'
    document.getElementById('light-sheet').media = dark ? 'not all' : 'all'
    document.body?.classList.toggle('quarto-dark', dark)
    document.body?.classList.toggle('quarto-light', !dark)
  }
  window.quartoToggleColorScheme = () => {
    const dark = !document.body.classList.contains('quarto-dark')
    localStorage.setItem(key, dark ? 'alternate' : 'default')
    show(dark)
  }
  show(wanted)
  document.addEventListener('DOMContentLoaded', () => {
    show(wanted)
    document.querySelector('.quarto-color-scheme-toggle')?.addEventListener('click', e => { e.preventDefault(); window.quartoToggleColorScheme() })
  })
  window.MathJax = {tex: {inlineMath: [['\\(', '\\)']], displayMath: [['\\[', '\\]']]}, options: {enableMenu: false}}
})()
