// graphql-http's audit of the server at the given URL: how much it looked at, and what it did not find in order.
import { auditServer } from "graphql-http";

const results = await auditServer({ url: process.argv[2] });
const found = results.filter(({ status }) => status !== "ok").map(({ name, status, reason }) => ({ name, status, reason }));
console.log(JSON.stringify({ audits: results.length, found }));
