// Listens to a stream with one of npm's clients, and prints each event's data as a line.
// node event_stream_clients.mjs FOLDER CLIENT URL: FOLDER holds the packages. It ends
// with the event whose source is /x/end.
import { createRequire } from "node:module";
import { join } from "node:path";

const [folder, client, url] = process.argv.slice(2);
const load = createRequire(join(folder, "package.json"));
const makers = {
  eventsource: () => new (load("eventsource").EventSource)(url),
  undici: () => new (load("undici").EventSource)(url),
  "launchdarkly-eventsource": () =>
    new (load("launchdarkly-eventsource").EventSource)(url, {
      initialRetryDelayMillis: 50,
      maxBackoffMillis: 200,
      errorFilter: () => true,
    }),
};
const source = makers[client]();
source.onerror = () => {};
source.onmessage = (message) => {
  process.stdout.write(`${message.data}\n`, () => {
    if (JSON.parse(message.data).source === "/x/end") process.exit(0);
  });
};
// undici's timer for coming back does not keep node running.
setInterval(() => {}, 1000);
