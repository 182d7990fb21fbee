// On the site the still picture becomes the live one: <div class="lnl-hero"> picture </div> <script src="playground/hero-embed.js"></script>
if (location.protocol !== 'file:') for (const box of document.querySelectorAll('.lnl-hero')) {
  const frame = document.createElement('iframe')
  frame.title = 'Ten digits in ten colours, and what two networks answer'
  frame.src = 'playground/hero.html'
  frame.dataset.fit = ''
  frame.style.cssText = 'display: block; width: 100%; height: 400px; border: 0'
  box.replaceChildren(frame)
}
