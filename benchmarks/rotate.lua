-- Sends the requests of a file in turn. The file: each request's length in bytes, a line break, and its bytes.
local requests, at = {}, 0

function init(args)
  local file = assert(io.open(args[1], "rb"))
  while true do
    local length = file:read("*n")
    if length == nil then break end
    file:read(1)
    requests[#requests + 1] = file:read(length)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
