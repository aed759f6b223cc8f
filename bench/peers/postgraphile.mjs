// PostGraphile 5 with the amber preset, on node's own HTTP server, in one process.
import { createServer } from "node:http";
import { grafserv } from "postgraphile/grafserv/node";
import { postgraphile } from "postgraphile";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { makePgService } from "postgraphile/adaptors/pg";
import { PostGraphileConnectionFilterPreset } from "postgraphile-plugin-connection-filter";

const service = postgraphile({
  extends: [PostGraphileAmberPreset, PostGraphileConnectionFilterPreset],
  pgServices: [
    makePgService({ connectionString: process.env.DATABASE_URL, schemas: ["public"], poolConfig: { max: 10 } }),
  ],
  grafserv: { graphiql: false, watch: false, maxRequestLength: 1e6 },
  grafast: { explain: false },
}).createServ(grafserv);

const server = createServer();
await service.addTo(server);
server.listen(Number(process.env.PORT), "127.0.0.1");
