-- What Quarto does to a page's Markdown on its way to HTML, as far as a reader sees it.

local numbers, total = {}, 0

local function is_figure_label(id) return id ~= nil and id:match('^fig%-') ~= nil end

-- first pass: number the figures that have a label
local count = {
  Div = function(div)
    if is_figure_label(div.identifier) and not numbers[div.identifier] then
      total = total + 1
      numbers[div.identifier] = total
    end
  end,
}

local function references(cite)
  local id = cite.citations[1].id
  if numbers[id] then return pandoc.Link({pandoc.Str('Figure\u{a0}' .. numbers[id])}, '#' .. id, '', {class = 'quarto-xref'}) end
end

local function callout(div)
  for _, class in ipairs(div.classes) do
    local kind = class:match('^callout%-(%w+)$')
    if kind then
      local content, title = div.content, {pandoc.Str(kind:sub(1, 1):upper() .. kind:sub(2))}
      if div.attributes.title then title = pandoc.utils.blocks_to_inlines(pandoc.read(div.attributes.title).blocks) end
      if content[1] and content[1].t == 'Header' then title = content:remove(1).content end
      local head = {pandoc.RawBlock('html', '<summary class="callout-header">'), pandoc.Plain(title), pandoc.RawBlock('html', '</summary>')}
      local open = div.attributes.collapse == 'true' and '' or ' open'
      local blocks = pandoc.Blocks({pandoc.RawBlock('html', '<details class="callout callout-style-default callout-' .. kind .. '"' .. open .. '>')})
      blocks:extend(head)
      blocks:insert(pandoc.Div(content, {class = 'callout-body-container callout-body'}))
      blocks:insert(pandoc.RawBlock('html', '</details>'))
      return blocks
    end
  end
end

local function figure_number(div)
  if not numbers[div.identifier] then return end
  return div:walk {
    Figure = function(figure)
      local said = figure.caption.long[1]
      local number = {pandoc.Str('Figure\u{a0}' .. numbers[div.identifier] .. ':'), pandoc.Space()}
      if said then said.content = pandoc.List(number) .. said.content end
      return figure
    end,
  }
end

local function code_class(block)
  local class = block.classes[1]
  if class and class ~= '' then block.classes:insert('code-overflow-wrap') end
  return block
end

local function table_class(tbl)
  tbl.attr.classes:insert('caption-top')
  tbl.attr.classes:insert('table')
  return tbl
end

local function image_class(image)
  image.classes:insert('img-fluid')
  if image.attributes['fig-alt'] then
    image.attributes.alt = image.attributes['fig-alt']
    image.attributes['fig-alt'] = nil
  end
  return image
end

return {
  count,
  {Cite = references, Div = function(div) return callout(div) or figure_number(div) end, CodeBlock = code_class, Table = table_class, Image = image_class},
}
