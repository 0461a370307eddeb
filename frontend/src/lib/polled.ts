/** The options of a query that is asked again and again while the tab is visible. */
export const polled = (everyMs: number) => ({
  pollInterval: everyMs,
  fetchPolicy: "cache-and-network" as const,
  skipPollAttempt: () => document.hidden,
});
