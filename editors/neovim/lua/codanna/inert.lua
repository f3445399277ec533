---Text of a workspace made harmless for what shows it. The server sends it so already; this holds for any server.
local M = {}

local SHORT = { ["\n"] = "\\n", ["\r"] = "\\r" }

local function byte(character)
  return SHORT[character] or ("\\x%02x"):format(character:byte())
end

---Spell out control characters and marks that reorder text.
---@param text string
---@return string on one line
function M.line(text)
  if not text:find("[%z\1-\8\10-\31\127\194\216\226]") then
    return text
  end
  text = text:gsub("[%z\1-\8\10-\31\127]", byte)
  text = text:gsub("\194([\128-\159])", byte)
  text = text:gsub("\216\156", "\\u061c")
  text = text:gsub("\226\128([\142\143\168-\174])", function(last)
    return ("\\u%04x"):format(0x2000 + last:byte() - 128)
  end)
  text = text:gsub("\226\129([\166-\175])", function(last)
    return ("\\u%04x"):format(0x2040 + last:byte() - 128)
  end)
  return text
end

return M
