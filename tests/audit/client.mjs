// What the graphql-ws client sees of the server at the given URL, a line of JSON for each thing.
import { createClient } from "graphql-ws";

process.stdin.resume().on("end", () => process.exit());

const say = (...seen) => console.log(JSON.stringify(seen));
const client = createClient({ url: process.argv[2], retryAttempts: 5, retryWait: () => Promise.resolve() });
client.on("closed", ({ code }) => code !== 1013 && say("socket", "closed", code)); // 1013: it tries again

const codes = (errors) => errors.map(({ extensions }) => extensions.code);
const follow = (name, query) =>
  new Promise((answered) => {
    const next = ({ data }) => answered(say(name, "next", data));
    const error = (errors) => answered(say(name, "error", codes(errors)));
    const complete = () => answered(say(name, "complete"));
    client.subscribe({ query }, { next, error, complete });
  });

await follow("sibling", 'subscription { forever(name: "sibling") }');
await follow("broken", "subscription {");
await follow("lagging", 'subscription { failing(how: "lagged") }');
await follow("late", 'subscription { forever(name: "late") }');
