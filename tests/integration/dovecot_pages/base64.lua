-- The one function that the script above asks of its library (RFC 4648, section 4).
local letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function encode(text)
    local out = {}
    for at = 1, #text, 3 do
        local a, b, c = text:byte(at, at + 2)
        local number = a * 65536 + (b or 0) * 256 + (c or 0)
        for place = 3, 0, -1 do
            local digit = math.floor(number / 64 ^ place) % 64
            local missing = (place == 1 and not b) or (place == 0 and not c)
            out[#out + 1] = missing and "=" or letters:sub(digit + 1, digit + 1)
        end
    end
    return table.concat(out)
end

return { encode = encode }
