-- Sends the bodies of a file in turn, and prints one line of numbers at the end.
-- Environment: BODIES (a file, one JSON body a line), TOKEN.
local unique = "@@UUID@@"
local headers = { ["Content-Type"] = "application/json", ["Authorization"] = os.getenv("TOKEN") }
local bodies, formatted, at = {}, {}, 0
for line in io.lines(os.getenv("BODIES")) do bodies[#bodies + 1] = line end
local is_unique = bodies[1]:find(unique, 1, true)

function init()
  math.randomseed(os.time() * 1000 + (os.clock() * 1e6) % 1000)
  for _ = 1, 10 do math.random() end
end

local function new_id()
  local function digits(n) return string.format("%0" .. n .. "x", math.random(0, 16 ^ n - 1)) end
  return digits(4) .. digits(4) .. "-" .. digits(4) .. "-4" .. digits(3) .. "-8" .. digits(3) .. "-" .. digits(6) .. digits(6)
end

function request()
  at = at % #bodies + 1
  if is_unique then return wrk.format("POST", "/graphql", headers, (bodies[at]:gsub(unique, new_id()))) end
  if not formatted[at] then formatted[at] = wrk.format("POST", "/graphql", headers, bodies[at]) end
  return formatted[at]
end

-- Requests, microseconds, p50, p99, failures.
function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  local numbers = { summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), failed }
  io.write(string.format("RESULT %d %d %d %d %d\n", unpack(numbers)))
end
